"""kill -9 of anything during an export: org and store are what one gives that was left alone.

ISTHMUS_KILL_ROUNDS says how many moments each process is killed at (defaults to 1; above that all
windows between a call and its answer are tried, too), and ISTHMUS_KILL_SEED chooses others.
"""

import pytest

from journeys.kills.looking import differences
from journeys.kills.rounds import (
    ROUNDS,
    SEED,
    VICTIMS,
    Played,
    at_moment,
    play,
    play_from_start,
)
from journeys.kills.scene import Scene
from journeys.kills.takeovers import CUTS, PARTS, kill_one_of_two, lose_the_run
from journeys.kills.windows import DONE, EXPORT_CALLS, Window, chosen, killed_during, name

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_process_changes_nothing_of_what_an_export_gives(
    export_scene: Scene, exported: Played, victim: str, number: int
) -> None:
    seed = f"export {victim} {number} {SEED}"
    disturb = at_moment(VICTIMS[victim], number=number, rounds=ROUNDS, seconds=exported.seconds)

    after = play(export_scene, disturb, seed=seed)

    assert differences(exported.dump, after.dump) == [], seed


FEW_WINDOWS = [(EXPORT_CALLS[0], DONE), (EXPORT_CALLS[1], DONE)]


@pytest.mark.parametrize("window", chosen(EXPORT_CALLS, *FEW_WINDOWS), ids=name)
def test_an_export_killed_while_it_waits_for_an_answer_gives_the_same(
    export_scene: Scene, exported: Played, window: Window
) -> None:
    after = play_from_start(export_scene, killed_during(*window))

    assert differences(exported.dump, after.dump) == []


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("part", PARTS)
def test_a_worker_that_lost_its_export_writes_nothing_more(
    export_scene: Scene, exported: Played, part: float, cut: str
) -> None:
    after = play(export_scene, lose_the_run(part, cut, exported))

    assert differences(exported.dump, after.dump) == []


def test_of_two_workers_one_works_and_the_other_goes_on_when_it_is_killed(
    export_scene: Scene, exported: Played
) -> None:
    after = play(export_scene, kill_one_of_two(exported))

    assert differences(exported.dump, after.dump) == []
