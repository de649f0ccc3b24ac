"""Every refusal has the same words in a document, on a page, by a check and in a run."""

from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from integration import set_up
from isthmus import blueprint
from isthmus.blueprint import goal_saving
from isthmus.blueprint.errors import BlueprintInvalid
from isthmus.cli.checking import check_connection
from isthmus.connections.errors import GoalIncomplete
from isthmus.domain.goals import ExportGoal, ImportGoal
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import
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


def sentences_of_document(case: dict[str, Any]) -> list[str]:
    with pytest.raises(BlueprintInvalid) as caught:
        blueprint.plan(blueprint.read(document(case), name="store.yaml", environment={}))
    shown = str(caught.value).splitlines()
    assert all(line.startswith("store.yaml:") for line in shown)
    assert all(problem.line > 1 for problem in caught.value.problems)
    return [line.split(": ", 1)[1] for line in shown]


def goal_of(case: dict[str, Any]) -> Goal:
    """The goal as a page would have it."""
    given = {direction(case): {}} if case.get("reading") else case
    read = blueprint.read(document(given), name="base", environment={})
    (goal,) = read.connections[0].goals or ()
    if "plain" not in case:
        return goal
    return goal_saving.from_plain({**goal_saving.plain(goal), **case["plain"]})


def is_said(case: dict[str, Any], sentences: list[str]) -> bool:
    if "starts" in case:
        return any(each.startswith(case["starts"]) for each in sentences)
    return case["says"] in sentences


@pytest.mark.parametrize("case", ALL, ids=lambda case: str(case["case"]))
def test_a_refusal_has_the_same_words_everywhere(world: World, case: dict[str, Any]) -> None:
    connection = world.connection
    with world.salesforce as client:
        connection.org_id = client.org_id
    connection.save()
    by_document = sentences_of_document(case)
    assert is_said(case, by_document), by_document
    goal = goal_of(case)
    troubles = goal_saving.troubles_of("acme", goal)
    assert is_said(case, [each.message for each in troubles]), troubles
    with pytest.raises(goal_saving.GoalRefused) as refused:
        goal_saving.save("acme", goal, is_new=True)
    assert is_said(case, [each.message for each in refused.value.troubles])
    assert not connection.goals.exists()
    row = world.goal(goal)
    details = [each.detail for each in check_connection(connection) if not each.ok]
    assert is_said(case, details), details
    if "starts" not in case:
        engine = run_import if isinstance(goal, ImportGoal) else run_export
        with pytest.raises(GoalIncomplete) as incomplete:
            set_up.run(engine, row, world.salesforce)
        assert case["says"] in str(incomplete.value)


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
