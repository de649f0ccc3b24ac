"""Whatever happens on either side, and wherever a run is interrupted: equal stores, equal orgs.

`ISTHMUS_HISTORY_STEPS` says how many steps are played at least; 1,000 unless it is set, and as many
as there is time for by hand. A history that fails is printed as JSON: put it into a file in
`tests/cases/histories`, and it is played by every run from then on.
"""

import json
import math
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from psycopg import Connection

from histories.comparing import differences
from histories.organization import SOBJECTS, Organization
from histories.strategies import STEPS_IN_A_HISTORY, Plain, histories
from histories.world import TALLY, World

STEPS = int(os.environ.get("ISTHMUS_HISTORY_STEPS", "1000"))
SEED = int(os.environ.get("ISTHMUS_HISTORY_SEED") or 1)
"""The same histories in every run tell a change from chance; others are asked for by hand."""

SHRINKS = "ISTHMUS_TEST_SHRINK" in os.environ
PHASES = set(Phase) if SHRINKS else {Phase.explicit, Phase.reuse, Phase.generate}
CASES = sorted((Path(__file__).parents[1] / "cases" / "histories").glob("*.json"))
RESTS = 10
"""Runs in both directions that write nothing once a store and an org have come to rest."""

PLAIN_RUN: Plain = {"goals": [], "seconds": 60, "full": False, "sizes": [5000, 1000, 2000]}


def _play(world: World) -> None:
    TALLY.histories += 1
    TALLY.two_way += bool(world.two_way)
    number = 0
    try:
        for number, step in enumerate(world.history["steps"], 1):  # noqa: B007 - told below
            world.play(step)
        number += 1
        _rest(world)
    except BaseException as error:
        error.add_note(f"step {number} of {len(world.history['steps'])}; runs: {world.said()}")
        raise
    finally:
        TALLY.echoes += world.model.echoes


def _rest(world: World) -> None:
    """Ten more runs write nothing, neither here nor there."""
    for _ in range(6):
        world.do_run(**PLAIN_RUN)
        if not world.wrote:
            break
    else:
        # What Salesforce refuses is tried again for ever, and some goals contradict each other.
        TALLY.restless += 1
        return
    TALLY.rested += 1
    before = _everything(world)
    world.organization.control("DELETE", "requests")
    for _ in range(RESTS if TALLY.rested % 5 == 1 else 1):
        world.do_run(**PLAIN_RUN)
    assert not differences(_everything(world), before)
    assert world.organization.writes() == []


def _everything(world: World) -> dict[Any, Any]:
    """Profiles, with when they were changed last, and records."""
    profiles = world.connection.execute(
        "SELECT profile_id, updated_at, p.* FROM store.profile AS p"
    )
    found: dict[Any, Any] = {profile_id: str(values) for profile_id, *values in profiles}
    for sobject in SOBJECTS:
        found |= world.organization.records(sobject)
    found["changes"] = world.connection.execute("SELECT count(*) FROM store.change").fetchall()
    return found


def _report(history: Plain, error: BaseException) -> None:
    error.add_note(f"the history, for a file in tests/cases/histories:\n{json.dumps(history)}")


@pytest.fixture
def told(record_property: Callable[[str, object], None]) -> Iterator[None]:
    """Say at the end what was played."""
    yield
    record_property("played", f"{TALLY} (ISTHMUS_HISTORY_SEED={SEED})")


@pytest.mark.filterwarnings("ignore::hypothesis.errors.HypothesisWarning")
@pytest.mark.timeout(0)
@settings(
    max_examples=math.ceil(STEPS / STEPS_IN_A_HISTORY),
    phases=PHASES,
    deadline=None,
    print_blob=False,
    suppress_health_check=list(HealthCheck),
)
@seed(SEED)
@given(history=histories())
def test_stores_and_orgs_are_what_the_model_says(
    world: Connection[Any],
    organization: Organization,
    told: None,
    history: Plain,
) -> None:
    if TALLY.steps >= STEPS:
        return
    try:
        _play(World(connection=world, organization=organization, history=history))
    except BaseException as error:
        _report(history, error)
        raise


def test_what_failed_once_or_comes_seldom(
    world: Connection[Any], organization: Organization
) -> None:
    """Histories that failed once, or that chance would seldom play: files in tests/cases."""
    for path in CASES:
        history = json.loads(path.read_text())
        _play(World(connection=world, organization=organization, history=history))
