"""Several workers on one run: one that was stopped so long that it lost it, and one that waits."""

import signal
import time

from journeys.kills.rounds import ROUNDS, Disturb, Played, Round
from journeys.kills.worker import standing_by, wait_for_end, working

_CUT = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE "
CUTS = {
    # Its lock on the run is gone, the session in which it writes is not.
    "lock": _CUT + "application_name = 'isthmus run'",
    "all": _CUT + "pid <> pg_backend_pid() AND datname = current_database()",
}
"""Sessions of the stopped worker that end meanwhile."""

PARTS = [0.5] if ROUNDS == 1 else [number / 6 for number in range(6)]
"""How far the run is when the worker stops."""

_FENCE = "SELECT fence FROM connections_run ORDER BY id DESC LIMIT 1"
_PATIENCE_SECONDS = 60


def _wait_until_taken_over(now: Round, fence: int) -> None:
    limit = time.monotonic() + _PATIENCE_SECONDS
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
                _wait_until_taken_over(now, fence)
            first.send_signal(signal.SIGCONT)
            wait_for_end(now.opened.watched, second)

    return disturb


def kill_one_of_two(usual: Played) -> Disturb:
    """Kill the worker that works, while another stands by; nobody starts a third."""

    def disturb(now: Round) -> None:
        with standing_by(now.opened.command) as second:
            second.start()
            time.sleep(usual.seconds / 2)
            now.worker.kill()
            wait_for_end(now.opened.watched)
            assert second.process is not None
            assert second.process.poll() is None
            assert now.opened.watched.ask(_FENCE) == 2, "one began it, the other took it over"

    return disturb
