import pytest

from localorg.oauth.apps import App, Apps
from localorg.settings import Settings


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


def test_only_a_known_app_can_be_changed() -> None:
    apps = Apps((App(client_id="a"),))
    assert apps.change("a", rotate_refresh_tokens=True).rotate_refresh_tokens
    with pytest.raises(KeyError):
        apps.change("b", rotate_refresh_tokens=True)
