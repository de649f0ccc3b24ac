"""Programs that are kept running: a real one that ends, and a clock that is moved."""

import sys
import time

import pytest

from isthmus.cli import supervising
from isthmus.cli.supervising import Program, end_all

ENDS = (sys.executable, "-c", "raise SystemExit(3)")
STAYS = (sys.executable, "-c", "import sys; sys.stdin.read()")
STUBBORN = (
    sys.executable,
    "-c",
    "import signal, time; signal.signal(15, signal.SIG_IGN); print(1, flush=True); time.sleep(60)",
)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def until_told(program: Program) -> str:
    limit = time.monotonic() + 30
    while not (message := program.keep()):
        assert time.monotonic() < limit
        time.sleep(0.01)
    return message


def test_a_program_that_ends_is_started_again_after_growing_pauses() -> None:
    clock = Clock()
    program = Program("worker", [], clock, ENDS)
    program.start()

    pauses = []
    for _ in range(3):
        assert until_told(program) == "The worker ended (status 3). It is started again."
        began = clock.now
        while not program.keep():
            clock.now += 0.1
        pauses.append(round(clock.now - began, 1))
    program.end(1)

    first = supervising.FIRST_PAUSE_SECONDS
    assert pauses == pytest.approx([first, 2 * first, 4 * first], abs=0.15)


def test_a_program_that_ran_long_is_started_again_soon() -> None:
    clock = Clock()
    program = Program("worker", [], clock, ENDS)
    program.start()
    for _ in range(3):
        until_told(program)
        clock.now += 3600
        assert "runs again" in program.keep()
        clock.now += 3600
    until_told(program)

    clock.now += supervising.FIRST_PAUSE_SECONDS

    assert "runs again" in program.keep()
    program.end(1)


def test_a_program_that_runs_is_left_alone_and_ends_when_asked() -> None:
    program = Program("worker", [], command=STAYS)
    program.start()
    before = program.process_id

    assert program.keep() == ""
    assert program.process_id == before is not None

    program.end(30)
    assert program.process_id is None


def test_a_program_that_does_not_end_is_ended() -> None:
    program = Program("worker", [], command=STUBBORN)
    program.start()

    asked_at = time.monotonic()
    program.end(0.2)

    assert time.monotonic() - asked_at < 20
    assert program.process_id is None


def test_all_are_ended_together_in_the_time_of_one() -> None:
    programs = [Program("worker", [], command=STUBBORN) for _ in range(3)]
    for program in programs:
        program.start()

    asked_at = time.monotonic()
    end_all([*programs, Program("never started", [])], 1.0)

    assert time.monotonic() - asked_at < 2.5
    assert [program.process_id for program in programs] == [None] * 3


def test_a_program_is_asked_to_end_only_once() -> None:
    counts = "import signal, sys, time; n = []; signal.signal(15, lambda *_: n.append(1));"
    waits = "print(flush=True); time.sleep(0.5); time.sleep(1.5); sys.exit(len(n))"
    program = Program("worker", [], command=(sys.executable, "-c", counts + waits))
    program.start()
    time.sleep(0.3)
    program.ask_to_end()
    process = program._process  # noqa: SLF001 - how it ended is kept nowhere else
    assert process is not None
    program.end(30)
    assert process.returncode == 1
