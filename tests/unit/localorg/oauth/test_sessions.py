import re
from datetime import UTC, datetime

from localorg.clock import Clock
from localorg.oauth.sessions import Sessions

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


def sessions() -> tuple[Sessions, Clock]:
    clock = Clock(lambda: NOON)
    return Sessions(clock, 7200), clock


def test_a_token_has_the_shape_that_clients_check() -> None:
    alive, _ = sessions()
    assert re.fullmatch(r"00D\w{12}![.\w]{90,}", alive.open("005"))


def test_a_session_ends_two_hours_after_its_last_use() -> None:
    alive, clock = sessions()
    token = alive.open("005")
    clock.advance(7000)
    assert alive.user_of(token) == "005"
    clock.advance(7000)
    assert alive.user_of(token) == "005"
    clock.advance(7201)
    assert alive.user_of(token) is None


def test_a_revoked_token_is_dead_and_others_live() -> None:
    alive, _ = sessions()
    first, second = alive.open("a"), alive.open("b")
    assert alive.revoke(first)
    assert not alive.revoke(first)
    assert alive.user_of(first) is None
    assert alive.user_of(second) == "b"
