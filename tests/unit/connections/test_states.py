from isthmus.connections import states
from isthmus.connections.models import OPEN, UNDER_WAY, RunState

ENDED = set(RunState) - set(OPEN)


def test_nothing_follows_an_end() -> None:
    assert all(not states.FOLLOWERS[state] for state in ENDED)


def test_every_state_can_be_reached_from_queued_and_leads_to_an_end() -> None:
    reached, fresh = set[RunState](), {RunState.QUEUED}
    while fresh:
        reached |= fresh
        fresh = {after for state in fresh for after in states.FOLLOWERS[state]} - reached
    assert reached == set(RunState)
    assert all(states.FOLLOWERS[state] for state in OPEN)


def test_every_open_state_can_be_stopped() -> None:
    for state in OPEN:
        followers = states.FOLLOWERS[state]
        assert followers & {RunState.STOPPED, RunState.STOPPING}, state


def test_what_is_under_way_has_begun_and_not_ended() -> None:
    assert set(UNDER_WAY) == set(OPEN) - {RunState.QUEUED}
    assert set(states.before(RunState.RUNNING)) == {
        RunState.QUEUED,
        RunState.CONFIRMING,
        RunState.WAITING,
    }
