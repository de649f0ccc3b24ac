"""What the manual says is so: its examples run, its tables are complete."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import typer

import localorg
from integration.localorg.org_client import OrgClient
from localorg.cli import app
from localorg.control.fault_kinds import KINDS
from localorg.control.planning import read_fault
from localorg.opening import open_org
from localorg.settings import Settings
from localorg.setup_file import org_schema, parse
from localorg.setup_file.field_types import FIELD_TYPES

pytest_plugins = ["pytester"]

FOLDER = Path(localorg.__file__).parent
SETUP_PAGE = Path(__file__).parents[4] / "docs" / "localorg-setup-file.md"
MANUAL = (FOLDER / "README.md").read_text(encoding="utf-8")


def test_its_links_lead_somewhere() -> None:
    pages = [FOLDER / "README.md", *SETUP_PAGE.parent.glob("localorg*.md")]
    broken = [
        f"{page.name}: {link}"
        for page in pages
        for link in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if not (page.parent / link).exists()
    ]
    assert broken == []


def _blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", MANUAL, re.MULTILINE | re.DOTALL)


def test_it_names_every_option_of_serve() -> None:
    top: Any = typer.main.get_command(app)
    options = [
        name
        for parameter in top.commands["serve"].params
        for name in parameter.opts
        if name != "--help"
    ]
    assert [name for name in options if f"`{name}" not in MANUAL and f" {name}" not in MANUAL] == []


def test_its_commands_are_commands() -> None:
    top: Any = typer.main.get_command(app)
    words = set(re.findall(r"(?:^\$ |`|\()localorg ([a-z]+)", MANUAL, re.MULTILINE))
    assert words <= set(top.commands), words


def test_it_names_every_kind_of_fault() -> None:
    assert [kind for kind in KINDS if f"`{kind}`" not in MANUAL] == []


def test_its_example_of_a_fault_is_one() -> None:
    [example] = re.findall(r"-d '(\{\"kind\".*?\})'", MANUAL)
    assert read_fault(json.loads(example)).count == 2


def test_it_names_every_type_of_field() -> None:
    page = SETUP_PAGE.read_text(encoding="utf-8")
    assert [name for name in FIELD_TYPES if f"`{name}`" not in page] == []


def test_its_set_up_file_is_read_without_a_problem() -> None:
    [text] = _blocks("yaml")
    setup = parse(text, "manual.yaml")
    schema = org_schema(setup)
    setup.raise_problems()
    assert schema.object("Trip__c").field("Owner_Title__c").calculated


def test_the_example_of_rules_opens_an_org(tmp_path: Path) -> None:
    text = SETUP_PAGE.read_text(encoding="utf-8")
    [block] = re.findall(r"^```yaml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    path = tmp_path / "rules.yaml"
    path.write_text(block, encoding="utf-8")
    org = open_org(":memory:", path, Settings())
    with org.store.read() as connection:
        assert connection.execute("SELECT Name FROM AssignmentRule").fetchall() == [("Standard",)]
    org.close()


def test_the_example_that_it_points_to_is_read_without_a_problem() -> None:
    path = FOLDER / "setup_file" / "example.yaml"
    setup = parse(path.read_text(encoding="utf-8"), path.name)
    org_schema(setup)
    setup.raise_problems()


def test_its_example_of_the_fixture_passes(pytester: pytest.Pytester) -> None:
    [conftest] = [block for block in _blocks("python") if block.startswith("pytest_plugins")]
    [test] = [block for block in _blocks("python") if block.startswith("def test_")]
    pytester.makeconftest(conftest)
    pytester.makepyfile(test)
    pytester.runpytest_subprocess("-W", "error").assert_outcomes(passed=1)


def test_its_sign_in_and_query_with_curl_work(client: OrgClient) -> None:
    form = re.findall(r"-d ([a-z_]+)=([\w-]+)", MANUAL)[:3]
    token = client.token_answer(**dict(form)).json["access_token"]
    [query] = re.findall(r"http://127\.0\.0\.1:8765(/services/data/\S+/query\?q=[^']+)'", MANUAL)
    answer = client.send("GET", query, headers={"authorization": f"Bearer {token}"})
    assert answer.json["done"] is True
