from datetime import UTC, datetime, timedelta

import pytest

from localorg.clock import Clock, ClockState

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Machine:
    """A machine whose clock goes when it is told to."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)


def test_it_goes_with_the_machine_from_where_it_was_set() -> None:
    machine = Machine()
    clock = Clock(machine)
    clock.set(datetime.fromisoformat("2030-01-01T01:00:00+01:00"))
    machine.wait(5)
    assert clock.now() == datetime(2030, 1, 1, 0, 0, 5, tzinfo=UTC)
    assert clock.advance(-10) == datetime(2029, 12, 31, 23, 59, 55, tzinfo=UTC)
    assert clock.reset() == machine.now


def test_a_frozen_clock_can_be_moved_and_goes_on_from_there() -> None:
    machine = Machine()
    clock = Clock(machine)
    clock.freeze()
    machine.wait(60)
    assert clock.now() == NOON
    assert clock.advance(10) == NOON + timedelta(seconds=10)
    assert clock.unfreeze() == NOON + timedelta(seconds=10)
    machine.wait(1)
    assert clock.now() == NOON + timedelta(seconds=11)


def test_its_state_can_be_taken_to_another_clock() -> None:
    machine = Machine()
    clock, other = Clock(machine), Clock(machine)
    clock.advance(100)
    other.restore(clock.state())
    assert other.now() == clock.now()
    assert clock.another().now() == NOON


def test_listeners_hear_of_each_change() -> None:
    clock, heard = Clock(Machine()), list[ClockState]()
    clock.on_change(lambda: heard.append(clock.state()))
    clock.advance(1)
    clock.freeze()
    assert [state.frozen_at is None for state in heard] == [True, False]


def test_a_time_that_is_no_date_leaves_it_as_it_is() -> None:
    clock = Clock(Machine())
    with pytest.raises(OverflowError):
        clock.advance(1e12)
    assert clock.now() == NOON
