"""Sign-ins by browser, apps and shares in a document: what is kept and what is revoked."""

from typing import Any

import pytest
from psycopg import Connection

from integration.connections import orgs
from isthmus import blueprint
from isthmus.blueprint import BlueprintInvalid
from isthmus.connections import client_apps, lacking, overview, secrets, sign_in
from isthmus.connections.errors import NoSignIn
from isthmus.connections.models import App, Authorization
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.overview import Health, Wanted
from localorg.testing import LocalOrg

ENVIRONMENT = {
    "SECRET": "localorg-secret",
    "APP_INTEGRATION_CLIENT_SECRET": "localorg-secret",
    "ACME_CLIENT_SECRET": "localorg-secret",
}
APPS = """
apps:
  - {name: Integration, client_id: localorg, client_secret: "${SECRET}"}
"""


def browser(url: str, more: str = "") -> str:
    return f"""
connections:
  - key: acme
    authorization: {{flow: browser, login_url: {url}{more}}}
"""


def shared(url: str) -> str:
    return browser(url) + "  - {key: other, authorization: {share: acme}}\n"


def read(text: str) -> blueprint.Document:
    return blueprint.read(text, name="test", environment=ENVIRONMENT)


def apply(text: str) -> list[str]:
    return [str(change.what) for change in blueprint.apply(read(text)).changes]


def problems(text: str) -> str:
    with pytest.raises(BlueprintInvalid) as caught:
        blueprint.plan(read(text))
    return str(caught.value)


@pytest.fixture
def url(store: Connection[Any], org: LocalOrg) -> str:
    return org.url


def row() -> Authorization:
    return Authorization.objects.get(connections__key="acme")


def connect(org: LocalOrg) -> None:
    assert orgs.connect(ConnectionRow.objects.get(key="acme"), org).is_connected


def test_what_salesforce_granted_stays_when_the_document_is_applied_again(
    url: str, org: LocalOrg
) -> None:
    text = APPS + browser(url)
    plan = blueprint.plan(read(text))
    assert plan.notes != ()
    assert "connect it to Salesforce" in plan.lines()[-1]
    apply(text)
    acme = ConnectionRow.objects.get(key="acme")
    assert any("Nobody has connected it" in each for each in lacking.of_connection(acme, []))
    assert overview.connections(Wanted())[0].health is Health.INCOMPLETE
    with pytest.raises(NoSignIn), sign_in.signed_in(acme):
        pass
    connect(org)
    before = Authorization.objects.values().get()
    again = blueprint.plan(read(text))
    assert (again.changes, again.notes) == ((), ())
    assert apply(text) == []
    assert Authorization.objects.values().get() == before
    exported = blueprint.export()
    assert "flow: browser" in exported
    assert "localorg-secret" not in exported
    assert apply(exported) == []


def test_another_login_host_ends_what_was_granted(url: str, org: LocalOrg) -> None:
    apply(APPS + browser(url))
    connect(org)
    other = browser("https://login.salesforce.com")
    assert len(blueprint.plan(read(other)).notes) == 1
    assert apply(other) == ["authorization"]
    assert orgs.grants(org) == 0
    assert (bytes(row().sealed_refresh_token), row().org_id) == (b"", "")


def test_client_credentials_in_place_of_a_browser_end_what_was_granted(
    url: str, org: LocalOrg
) -> None:
    apply(APPS + browser(url))
    connect(org)
    assert apply(f"""
connections:
  - key: acme
    authorization:
      flow: client_credentials
      login_url: {url}
      client_id: localorg
      client_secret: "${{SECRET}}"
""") == ["authorization"]
    assert orgs.grants(org) == 0
    with sign_in.signed_in(ConnectionRow.objects.get(key="acme")) as client:
        assert client.limits()


def test_a_share_goes_in_and_out_and_ends_with_its_last_user(url: str, org: LocalOrg) -> None:
    apply(APPS + browser(url))
    connect(org)
    text = shared(url)
    assert apply(text) == ["connection", "authorization"]
    assert apply(text) == []
    other = ConnectionRow.objects.get(key="other")
    assert other.authorization_id == row().id
    exported = blueprint.export()
    assert "share: acme" in exported
    assert apply(exported) == []
    with sign_in.signed_in(other) as client:
        assert client.limits()
    own = """
connections:
  - key: other
    authorization:
      {flow: client_credentials, login_url: URL, client_id: localorg, client_secret: "${SECRET}"}
""".replace("URL", url)
    assert apply(own) == ["authorization"]
    assert orgs.grants(org) == 1
    other.refresh_from_db()
    assert other.authorization_id != row().id
    assert apply(text) == ["authorization"]
    assert Authorization.objects.count() == 1


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (browser("https://login.salesforce.com"), "There is none yet"),
        (APPS + browser("https://login.salesforce.com", ", app: Nope"), "no app 'Nope'"),
        (APPS + browser("https://evil.example"), "not a host"),
        ("connections: [{key: a, authorization: {share: b}}]", "no connection 'b'"),
        ("connections: [{key: a, authorization: {share: a}}]", "can't share its own sign-in"),
        ('apps: [{name: "Set by the operator", client_id: x}]', "the environment gives"),
        ("apps: [{name: a, client_id: x}, {name: a, client_id: y}]", "two apps"),
    ],
)
def test_what_makes_no_sense_is_refused(url: str, text: str, words: str) -> None:
    assert words in problems(text)
    assert not App.objects.exists()


def test_an_app_in_use_keeps_its_key_and_hands_on_its_secret(url: str, org: LocalOrg) -> None:
    apply(APPS + browser(url))
    connect(org)
    assert "'acme'" in problems("apps: [{name: Integration, client_id: other}]")
    ENVIRONMENT["NEWER"] = "newer"
    assert apply('apps: [{name: Integration, client_id: localorg, client_secret: "${NEWER}"}]') == [
        "app"
    ]
    assert secrets.unseal(row().sealed_secret) == "newer"
    found = client_apps.default_app()
    assert found is not None
    assert found.name == "Integration"
