"""The reference page says what reading does."""

import re
from pathlib import Path

import pytest

from isthmus.blueprint.documents import Document
from isthmus.blueprint.errors import BlueprintInvalid
from isthmus.blueprint.reading import read
from isthmus.blueprint.reviewing import review
from isthmus.blueprint.writing import secret_names, write

PAGE = (Path(__file__).parents[3] / "docs" / "blueprint.md").read_text(encoding="utf-8")
EXAMPLE = PAGE.split("```yaml\n")[1].split("```")[0]
ENVIRONMENT = {"ACME_ID": "id", "ACME_SECRET": "secret"}


def test_the_example_is_read_and_makes_sense() -> None:
    document = read(EXAMPLE, name="docs/blueprint.md", environment=ENVIRONMENT)
    review(document, Document())
    names = dict.fromkeys(secret_names(document).values(), "secret")
    assert read(write(document), name="written", environment=names) == document


def allowed_at(text: str, place: str) -> set[str]:
    """The keys that the message for an unknown key lists."""
    with pytest.raises(BlueprintInvalid) as caught:
        read(text, name="test", environment=ENVIRONMENT)
    (message,) = [each.message for each in caught.value.problems if "'what'" in each.message]
    listed = re.search(r"Allowed: (.*?)\.", message)
    assert listed, place
    return set(listed[1].split(", "))


def documented(heading: str, table: int = 0) -> set[str]:
    """The keys in the first column of a table below a heading."""
    below = re.split(rf"^#+ {heading}$", PAGE, flags=re.MULTILINE)[1]
    section = re.split(r"^#+ ", below, flags=re.MULTILINE)[0]
    tables = section.split("| Key | Meaning |\n")[1:]
    return set(re.findall(r"^\| `(\w+)` \|", tables[table], flags=re.MULTILINE))


SIGN_IN = "authorization: {flow: FLOW, what: x}"
GOALS = "connections: [{key: a, goals: [GOAL]}]"


@pytest.mark.parametrize(
    ("heading", "table", "text"),
    [
        ("apps", 0, "apps: [{what: x}]"),
        ("orgs", 0, "orgs: [{what: x}]"),
        ("properties", 0, "properties: [{what: x}]"),
        ("segments", 0, "segments: [{what: x}]"),
        ("connections", 0, "connections: [{what: x}]"),
        ("notify", 0, "connections: [{key: a, notify: {what: x}}]"),
        ("Import goals", 0, GOALS.replace("GOAL", "{import: Lead, what: x}")),
        ("Import goals", 1, GOALS.replace("GOAL", "{import: Lead, fields: [{what: x}]}")),
        ("Export goals", 0, GOALS.replace("GOAL", "{export: Lead, what: x}")),
        ("Export goals", 1, GOALS.replace("GOAL", "{export: Lead, fields: [{what: x}]}")),
    ],
)
def test_every_key_is_documented_and_no_other(heading: str, table: int, text: str) -> None:
    assert documented(heading, table) == allowed_at(text, heading)


def test_every_key_of_signing_in_is_documented() -> None:
    flows = ("client_credentials", "jwt", "browser")
    texts = [f"connections: [{{key: a, {SIGN_IN.replace('FLOW', flow)}}}]" for flow in flows]
    allowed = set[str]().union(*(allowed_at(text, "authorization") for text in texts))
    assert documented("authorization") == allowed | {"share"}


def test_every_top_level_key_has_a_chapter() -> None:
    assert all(f"\n## {key}\n" in PAGE for key in allowed_at("what: x", "top"))
