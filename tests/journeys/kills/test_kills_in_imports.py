"""kill -9 of anything during an import: the store is what one gives that was left alone.

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
from journeys.kills.takeovers import CUTS, PARTS, lose_the_run
from journeys.kills.windows import IMPORT_CALLS, NOT_DONE, Window, chosen, killed_during, name

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_process_changes_nothing_of_what_an_import_gives(
    import_scene: Scene, imported: Played, victim: str, number: int
) -> None:
    seed = f"import {victim} {number} {SEED}"
    disturb = at_moment(VICTIMS[victim], number=number, rounds=ROUNDS, seconds=imported.seconds)

    after = play(import_scene, disturb, seed=seed)

    assert differences(imported.dump, after.dump) == [], seed


@pytest.mark.parametrize("window", chosen(IMPORT_CALLS, (IMPORT_CALLS[0], NOT_DONE)), ids=name)
def test_an_import_killed_while_it_waits_for_an_answer_gives_the_same(
    import_scene: Scene, imported: Played, window: Window
) -> None:
    after = play_from_start(import_scene, killed_during(*window))

    assert differences(imported.dump, after.dump) == []


@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("part", PARTS)
def test_a_worker_that_lost_its_import_writes_nothing_more(
    import_scene: Scene, imported: Played, part: float, cut: str
) -> None:
    after = play(import_scene, lose_the_run(part, cut, imported))

    assert differences(imported.dump, after.dump) == []
