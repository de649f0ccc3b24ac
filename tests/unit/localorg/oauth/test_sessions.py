import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from localorg.clock import Clock
from localorg.errors import OAuthError
from localorg.oauth.apps import App
from localorg.oauth.state import SignIn
from localorg.rights import Rights
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.store import INTEGRATION_USER_ID, OWNER_IDS, Store

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)


class Opened:
    """What an org's file says about sign-in, with a clock that stands still."""

    def __init__(self, path: str | Path) -> None:
        self.clock = Clock(lambda: NOON)
        self.store = Store(path, standard_schema(), NOON)
        settings = Settings(apps=(App(client_id="short", session_timeout_seconds=900),))
        self.sign_in = SignIn(self.store, self.clock, settings, Rights(self.store))
        self.sessions = self.sign_in.sessions

    def close(self) -> None:
        self.sign_in.close()
        self.store.close()


@pytest.fixture
def opened() -> Iterator[Opened]:
    found = Opened(":memory:")
    yield found
    found.close()


def test_a_token_has_the_shape_that_clients_check(opened: Opened) -> None:
    token = opened.sessions.open(INTEGRATION_USER_ID)
    assert re.fullmatch(r"00D\w{12}![.\w]{90,}", token)


def test_a_session_ends_two_hours_after_its_last_use(opened: Opened) -> None:
    token = opened.sessions.open(INTEGRATION_USER_ID)
    opened.clock.advance(7000)
    assert opened.sessions.user_of(token) == INTEGRATION_USER_ID
    opened.clock.advance(7000)
    assert opened.sessions.user_of(token) == INTEGRATION_USER_ID
    opened.clock.advance(7201)
    assert opened.sessions.user_of(token) is None


def test_a_session_that_has_ended_stays_so_when_the_clock_goes_back(opened: Opened) -> None:
    token = opened.sessions.open(INTEGRATION_USER_ID)
    opened.clock.advance(7201)
    assert opened.sessions.user_of(token) is None
    opened.clock.advance(-7201)
    assert opened.sessions.user_of(token) is None


def test_an_apps_own_timeout_goes_before_the_orgs(opened: Opened) -> None:
    token = opened.sessions.open(INTEGRATION_USER_ID, "short")
    opened.clock.advance(901)
    assert opened.sessions.user_of(token) is None


def test_a_revoked_token_is_dead_and_others_live(opened: Opened) -> None:
    first, second = (opened.sessions.open(user_id) for user_id in OWNER_IDS[:2])
    assert opened.sessions.revoke(first)
    assert not opened.sessions.revoke(first)
    assert opened.sessions.user_of(first) is None
    assert opened.sessions.user_of(second) == OWNER_IDS[1]


def test_a_frozen_user_has_no_session_until_let_in_again(opened: Opened) -> None:
    token = opened.sessions.open(INTEGRATION_USER_ID)
    opened.sign_in.accounts.freeze(INTEGRATION_USER_ID, frozen=True)
    assert opened.sessions.user_of(token) is None
    opened.sign_in.accounts.freeze(INTEGRATION_USER_ID, frozen=False)
    assert opened.sessions.user_of(token) == INTEGRATION_USER_ID


def test_a_token_opens_a_kept_org_that_was_not_closed(tmp_path: Path) -> None:
    killed = Opened(tmp_path / "org.db")
    token = killed.sessions.open(INTEGRATION_USER_ID)
    ended = killed.sessions.open(INTEGRATION_USER_ID)
    killed.sessions.revoke(ended)
    again = Opened(tmp_path / "org.db")
    assert again.sessions.user_of(token) == INTEGRATION_USER_ID
    assert again.sessions.user_of(ended) is None
    again.close()
    killed.close()


def test_the_last_use_is_kept_when_the_org_closes(tmp_path: Path) -> None:
    first = Opened(tmp_path / "org.db")
    token = first.sessions.open(INTEGRATION_USER_ID)
    first.clock.advance(7000)
    first.sessions.user_of(token)
    first.close()
    again = Opened(tmp_path / "org.db")
    again.clock.advance(14_000)
    assert again.sessions.user_of(token) == INTEGRATION_USER_ID
    again.close()


def test_no_token_is_readable_in_the_file(tmp_path: Path) -> None:
    opened = Opened(tmp_path / "org.db")
    token = opened.sessions.open(INTEGRATION_USER_ID)
    app = opened.sign_in.apps.find("localorg")
    assert app is not None
    _, refresh_token = opened.sign_in.grants.open(app, INTEGRATION_USER_ID, ("api",))
    opened.close()
    kept = b"".join(path.read_bytes() for path in tmp_path.iterdir() if path.is_file())
    assert token.partition("!")[2].encode() not in kept
    assert refresh_token.encode() not in kept


def test_a_revoked_approval_gives_no_more_tokens(opened: Opened) -> None:
    app = opened.sign_in.apps.find("localorg")
    assert app is not None
    number, _ = opened.sign_in.grants.open(app, INTEGRATION_USER_ID, ("api",))
    opened.sign_in.grants.revoke({number})
    with pytest.raises(OAuthError, match="expired access/refresh token"):
        opened.sessions.open(INTEGRATION_USER_ID, "localorg", ("api",), number)
