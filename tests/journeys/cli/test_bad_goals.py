"""Goals that Salesforce does not let run: they say why, and leave the store alone."""

from pathlib import Path
from typing import Any

import pytest

from journeys.cli.bad_inputs import CASES, spoiled
from journeys.processes import Isthmus, LocalOrg


@pytest.fixture(scope="module")
def shared(shared_isthmus: Isthmus, shared_org: LocalOrg) -> Isthmus:
    """The command with a store and an org in which no goal ever works."""
    return shared_isthmus.set(**shared_org.environment)


@pytest.mark.parametrize("case", CASES["goals"], ids=lambda case: case["name"])
def test_a_goal_that_cannot_work_says_why_and_leaves_the_store_alone(
    shared: Isthmus, document: Path, case: dict[str, Any]
) -> None:
    words = spoiled(document, case)
    shared.expect("config", "apply", "--offline", str(document))

    checked = shared.json("connection", "check", "acme", status=3)
    found = {each["what"]: each for each in checked["findings"]}[f"goal {case['goal']}"]
    assert not found["ok"]
    ran = shared.json("connection", "run", "acme", "--goal", case["goal"], status=1)
    assert [goal["state"] for goal in ran["goals"]] == ["failed"]
    for each in words:
        assert each in found["detail"]
        assert each in ran["goals"][0]["message"]
    assert shared.json("profiles", "count") == {"profiles": 0}


def test_a_goal_that_fails_does_not_stop_the_others(acme: Isthmus, document: Path) -> None:
    spoiled(document, CASES["goals"][-1])
    acme.expect("config", "apply", "--offline", str(document))

    ran = acme.json("connection", "run", "acme", status=3)

    states = {goal["key"]: goal["state"] for goal in ran["goals"]}
    assert states == {"leads_in": "finished", "contacts_out": "failed"}
    assert acme.json("profiles", "count")["profiles"] > 0


def test_a_document_with_such_a_goal_is_refused_once_somebody_has_signed_in(
    acme: Isthmus, document: Path
) -> None:
    first = acme.expect("config", "apply", str(document))
    assert "acme: not checked against Salesforce: nobody has signed in" in first.err
    acme.expect("connection", "check", "acme")
    before = acme.expect("config", "export").out
    words = spoiled(document, CASES["goals"][-1])

    for command in ("plan", "apply"):
        ended = acme.expect("config", command, str(document), status=2)
        assert "store.yaml:" in ended.err
        for each in words:
            assert each in ended.err

    assert acme.expect("config", "export").out == before
