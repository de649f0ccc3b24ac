"""A stand-in org to sign in to, and a browser that somebody uses there."""

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

from integration.localorg.oauth.browser import USER, Browser
from integration.localorg.org_client import OrgClient
from isthmus.connections import client_apps, signing_in
from isthmus.connections.models import App, Connection
from isthmus.connections.signing_in import Outcome
from localorg.testing import LocalOrg, LocalOrgSettings, running

CALLBACK = "http://localhost:1717/OauthRedirect"
SESSION = "the session of a browser"


@contextmanager
def serving_org(*options: str) -> Iterator[LocalOrg]:
    """An org that is one's own."""
    with running(LocalOrgSettings(options=options)) as org:
        yield org


def renew(org: LocalOrg) -> None:
    """Let the org forget what tests before did to it: `reset` leaves tokens and apps alone."""
    org.reset()
    for what in ("grants", "sessions", "apps", "rights"):
        org.control("DELETE", what)
    org.control("DELETE", "requests")


def the_app() -> App:
    """The app that every such org has."""
    found = App.objects.filter(name="Integration").first()
    return found or client_apps.save("Integration", "localorg", "localorg-secret")


def begin(connection: Connection, org: LocalOrg, session_key: str = SESSION) -> str:
    """The address that the browser is sent to."""
    return signing_in.begin(
        connection,
        the_app(),
        org.url,
        redirect_uri=CALLBACK,
        by="Alice",
        session_key=session_key,
    )


def answered(url: str, *, allow: bool = True, username: str = USER) -> dict[str, str]:
    """What Salesforce sends back once somebody has logged in there and decided."""
    parts = urlsplit(url)
    client = OrgClient(f"{parts.scheme}://{parts.netloc}")
    try:
        browser = Browser(client)
        page = browser.log_in(browser.get(f"{parts.path}?{parts.query}"), username)
        if page.status == 200:
            page = browser.submit(page, decision="allow" if allow else "deny")
        assert page.status == 302, page.text
        return dict(parse_qsl(urlsplit(page.headers["location"]).query))
    finally:
        client.close()


def connect(connection: Connection, org: LocalOrg, *, username: str = USER) -> Outcome:
    """The whole way, as somebody goes it who allows access."""
    return finish(answered(begin(connection, org), username=username))


def finish(answer: dict[str, str], session_key: str = SESSION) -> Outcome:
    """Hand in what Salesforce sent back."""
    given = {name: answer.get(name, "") for name in ("code", "error", "error_description")}
    return signing_in.finish(answer.get("state", ""), session_key, **given)


def grants(org: LocalOrg) -> int:
    """How many approvals live in the org."""
    return len(org.control("GET", "grants")["grants"])
