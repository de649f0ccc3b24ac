"""Several workers on one run: one of them works, and one that lost the run writes nothing more."""

import signal
import time
from typing import Any

import pytest

from journeys.kills.looking import differences
from journeys.kills.rounds import Disturb, Played, Round, play
from journeys.kills.scene import Scene
from journeys.kills.worker import standing_by, wait_for_end, working

_CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
CUTS = {
    # Its lock on the run is gone, the session in which it writes is not.
    "lock": _CUT + "application_name = 'isthmus run'",
    "all": _CUT + "pid <> pg_backend_pid() AND datname = current_database()",
}
_FENCE = "SELECT fence FROM connections_run ORDER BY id DESC LIMIT 1"
PATIENCE_SECONDS = 60


def wait_until_taken_over(now: Round, fence: int) -> None:
    limit = time.monotonic() + PATIENCE_SECONDS
    while (now.opened.watched.ask(_FENCE) or 0) <= fence:
        assert time.monotonic() < limit, "nobody took the run over"
        time.sleep(0.02)


def lose_the_run(part: float, cut: str, usual: Played) -> Disturb:
    """Stop the worker for so long that it loses its sessions and another takes the run over."""

    def disturb(now: Round) -> None:
        time.sleep(part * usual.seconds)
        first = now.worker.process
        assert first is not None
        first.send_signal(signal.SIGSTOP)
        fence = now.opened.watched.ask(_FENCE)
        now.opened.watched.ask(CUTS[cut])
        with working(now.opened.command) as second:
            # It may stand in the middle of a chunk, whose end the other one has to wait for.
            if cut == "all":
                wait_until_taken_over(now, fence)
            first.send_signal(signal.SIGCONT)
            wait_for_end(now.opened.watched, second)

    return disturb


@pytest.mark.slow
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("part", [0.4])
def test_a_worker_that_lost_its_import_writes_nothing_more(
    import_scene: Scene, imported: Played, part: float, cut: str
) -> None:
    after = play(import_scene, lose_the_run(part, cut, imported))

    assert differences(imported.dump, after.dump) == []


@pytest.mark.slow
@pytest.mark.parametrize("cut", CUTS)
@pytest.mark.parametrize("part", [0.5])
def test_a_worker_that_lost_its_export_writes_nothing_more(
    export_scene: Scene, exported: Played, part: float, cut: str
) -> None:
    after = play(export_scene, lose_the_run(part, cut, exported))

    assert differences(exported.dump, after.dump) == []


@pytest.mark.slow
def test_of_two_workers_one_works_and_the_other_goes_on_when_it_is_killed(
    export_scene: Scene, exported: Played
) -> None:
    def disturb(now: Round) -> None:
        with standing_by(now.opened.command) as second:
            second.start()
            time.sleep(exported.seconds / 2)
            now.worker.kill()
            wait_for_end(now.opened.watched)
            assert second.process is not None
            assert second.process.poll() is None
            ended: list[Any] = [now.opened.watched.ask(_FENCE)]
        assert ended == [2], "the first began it, the second took it over"

    after = play(export_scene, disturb)

    assert differences(exported.dump, after.dump) == []
