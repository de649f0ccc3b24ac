import pytest

from localorg.clock import Clock
from localorg.oauth.apps import App, Apps
from localorg.oauth.kept_policies import KeptPolicies
from localorg.oauth.state import SignIn
from localorg.rights import Rights
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.store import Store


@pytest.mark.parametrize(
    ("callback", "uri", "fits"),
    [
        ("https://a.example/done", "https://a.example/done", True),
        ("https://a.example/done", "https://a.example/done/", False),
        ("https://a.example/done", "https://a.example/done?x=1", False),
        ("https://a.example/done", "https://a-example/done", False),
        ("http://localhost:*/*", "http://localhost:1717/OauthRedirect", True),
        ("http://localhost:*/*", "http://localhost/", True),
        ("http://localhost:*/*", "http://localhost", True),
        ("http://localhost:*/*", "http://localhost:1717/a?b=c", True),
        ("http://localhost:*/*", "https://localhost:1717/a", False),
        ("http://localhost:*/*", "http://localhost:1717@attacker.example/", False),
        ("http://localhost:*/*", "http://localhost.attacker.example/", False),
        ("http://localhost:*/*", "http://localhost:1717/a#b", False),
        ("http://localhost:*/*", "http://localhost:\u0661\u0662/a", False),
        ("http://localhost:*/*", "http://localhost:1717/a\r\nSet-Cookie: x", False),
        ("http://localhost:*/OauthRedirect", "http://localhost:9/OauthRedirect", True),
        ("http://localhost:*/OauthRedirect", "http://localhost:9/Other", False),
        ("myapp:/done", "myapp:/done", True),
    ],
)
def test_a_callback_is_matched_letter_by_letter_but_for_its_stars(
    callback: str, uri: str, *, fits: bool
) -> None:
    assert App(client_id="a", callbacks=(callback,)).takes_callback(uri) is fits


def test_an_app_shows_neither_secret_nor_certificate() -> None:
    shown = App(client_id="a", secret="s3cret", certificate=b"PEM").as_json()
    assert "s3cret" not in str(shown)
    assert "PEM" not in str(shown)


def test_an_app_of_a_known_client_id_replaces_that_one() -> None:
    mine = App(client_id="PlatformCLI", secret="x")
    apps = Apps(Settings(apps=(mine, App(client_id="b"))).all_apps())
    assert [app.client_id for app in apps.all()] == ["localorg", "PlatformCLI", "b"]
    assert apps.find("PlatformCLI") is mine


def test_a_change_has_the_last_word_until_it_is_forgotten() -> None:
    apps = Apps((App(client_id="a"),))
    assert apps.change("a", rotate_refresh_tokens=True).rotate_refresh_tokens
    apps.put(App(client_id="a", name="Of the set-up"))
    assert apps.find("a") == App(client_id="a", name="Of the set-up", rotate_refresh_tokens=True)
    apps.forget_changes()
    assert apps.find("a") == App(client_id="a", name="Of the set-up")


def test_the_first_change_of_an_unknown_app_makes_it() -> None:
    apps = Apps(())
    apps.change("b", secret="s")
    assert apps.find("b") == App(client_id="b", secret="s")
    apps.forget_changes()
    assert apps.find("b") is None


def test_kept_changes_come_back_as_they_were() -> None:
    store = Store(":memory:", standard_schema())
    org = SignIn(store, Clock(), Settings(), Rights(store))
    changes = {"certificate": b"PEM", "callbacks": ("app:/done",), "secret": None}
    changed = org.apps.change("a", **changes)
    assert Apps((), KeptPolicies(store)).find("a") == changed
    org.close()
    store.close()
