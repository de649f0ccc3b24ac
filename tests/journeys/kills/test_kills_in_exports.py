"""kill -9 of anything during an export: org and store are what one gives that was left alone.

ISTHMUS_KILL_ROUNDS says how many moments each process is killed at (defaults to 1), and
ISTHMUS_KILL_SEED chooses others.
"""

import pytest

from journeys.kills.looking import differences
from journeys.kills.rounds import ROUNDS, SEED, VICTIMS, Played, at_moment, play
from journeys.kills.scene import Scene


@pytest.mark.slow
@pytest.mark.parametrize("number", range(ROUNDS))
@pytest.mark.parametrize("victim", VICTIMS)
def test_a_killed_process_changes_nothing_of_what_an_import_gives(
    export_scene: Scene, exported: Played, victim: str, number: int
) -> None:
    seed = f"export {victim} {number} {SEED}"
    disturb = at_moment(VICTIMS[victim], number=number, rounds=ROUNDS, seconds=exported.seconds)

    after = play(export_scene, disturb, seed=seed)

    assert differences(exported.dump, after.dump) == [], seed
