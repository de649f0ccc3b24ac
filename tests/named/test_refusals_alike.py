"""What goals are refused for: the same words in a document, on a page, by a check and in a run."""

import re
from io import StringIO
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.test import Client
from ruamel.yaml import YAML

from integration.web.forms_of_pages import sent
from isthmus import blueprint
from isthmus.blueprint import goal_saving
from isthmus.blueprint.errors import BlueprintInvalid
from isthmus.domain.goals import ExportGoal, ImportGoal
from named.surfaces import by_command, lines, shown
from named.world import World

CASES = Path(__file__).parents[1] / "cases" / "refusals"
Goal = ImportGoal | ExportGoal


def load(name: str) -> Any:
    return YAML(typ="safe", pure=True).load(CASES / name)


ALL = load("cases.yaml")


def direction(case: dict[str, Any]) -> str:
    return "import" if "import" in case else "export"


def document(case: dict[str, Any]) -> str:
    """The set-up with the case's goal, as somebody would write it."""
    goal = {**load("base.yaml")[direction(case)], **case[direction(case)]}
    stream = StringIO()
    YAML(typ="safe", pure=True).dump({"connections": [{"key": "acme", "goals": [goal]}]}, stream)
    return stream.getvalue()


def is_told(case: dict[str, Any], text: str) -> bool:
    return lines(case.get("starts") or case["says"]) in text


def goal_of(case: dict[str, Any]) -> Goal:
    """The goal as a page would have it."""
    given = {direction(case): {}} if case.get("reading") else case
    read = blueprint.read(document(given), name="base", environment={})
    (goal,) = read.connections[0].goals or ()
    if "plain" not in case:
        return goal
    return goal_saving.from_plain({**goal_saving.plain(goal), **case["plain"]})


def by_page(browser: Client, goal: Goal, by_hand: dict[str, str]) -> tuple[int, str]:
    """What the page of a stored goal says to its form, with what nobody can choose there."""
    address = f"/connections/acme/goals/{goal.key}"
    page = browser.get(address)
    assert page.status_code == 200
    body = urlencode({**sent(page.content.decode(), "goal"), **by_hand})
    answer = browser.post(address, body, content_type="application/x-www-form-urlencoded")
    return answer.status_code, shown(answer)


@pytest.mark.usefixtures("command_line")
@pytest.mark.parametrize("case", ALL, ids=lambda case: str(case["case"]))
def test_a_refusal_has_the_same_words_everywhere(
    world: World, browser: Client, tmp_path: Path, case: dict[str, Any]
) -> None:
    (tmp_path / "store.yaml").write_text(document(case), encoding="utf-8")
    status, planned = by_command(["config", "plan", str(tmp_path / "store.yaml")])
    assert status == 2
    assert re.search(r"store\.yaml:[1-9]\d*:\d+: ", planned)
    assert is_told(case, planned), planned
    goal = goal_of(case)
    with pytest.raises(goal_saving.GoalRefused) as refused:
        goal_saving.save("acme", goal, is_new=True)
    assert is_told(case, " ".join(each.message for each in refused.value.troubles))
    assert not world.connection.goals.exists()
    world.goal(goal)
    if "no page" not in case:
        status, on_page = by_page(browser, goal, case.get("page", {}))
        assert status == 422
        assert is_told(case, on_page), on_page
    status, checked = by_command(["connection", "check", "acme"])
    assert (status, is_told(case, checked)) == (3, True), checked
    if "starts" not in case:
        status, said = by_command(["connection", "run", "acme", "--goal", goal.key])
        assert (status, is_told(case, said)) == (1, True), said


def test_a_refusal_of_a_document_names_the_line_of_the_row(world: World) -> None:
    text = """connections:
  - key: acme
    goals:
      - key: leads_in
        import: Lead
        filter: {all: [{field: Email, is_empty: false}, {field: Contry, is: NL}]}
        match: [{field: Email, identifier: email}]
        fields:
          - {field: Title, property: title}
          - {field: Titel, property: story}
"""
    world.connection.org_id = world.salesforce.org_id
    world.connection.save()
    with pytest.raises(BlueprintInvalid) as caught:
        blueprint.plan(blueprint.read(text, name="store.yaml", environment={}))
    assert [(each.line, each.column) for each in caught.value.problems] == [(6, 65), (10, 21)]
    assert not blueprint.plan(
        blueprint.read(text, name="store.yaml", environment={}), offline=True
    ).notes
