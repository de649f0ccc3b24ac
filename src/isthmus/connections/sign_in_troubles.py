"""Why a connection can't sign in as asked: one sentence for pages, documents and commands."""

from collections.abc import Collection

from isthmus.connections.authorizations import Flow
from isthmus.connections.errors import NoSignIn, NoSuchThing
from isthmus.salesforce.login_hosts import PRODUCTION, SANDBOX, is_shared


def of_host(flow: Flow, login_url: str, *, is_sandbox: bool) -> str:
    """Why nobody signs in so at this host; empty where nothing speaks against it."""
    address = login_url.lower().rstrip("/")
    if flow is Flow.CLIENT_CREDENTIALS and is_shared(address):
        return (
            f"{address} doesn't take client credentials. Give the org's own My Domain host, such "
            f"as https://example.my.salesforce.com (Setup, My Domain), or sign in by JWT."
        )
    if address != (PRODUCTION if is_sandbox else SANDBOX):
        return ""
    kind, other = ("sandbox", SANDBOX) if is_sandbox else ("production org", PRODUCTION)
    return (
        f"{address} doesn't sign in to a {kind}, and this connection is set up for one (in a "
        f"document, `sandbox: {str(is_sandbox).lower()}`). Give {other} or the org's My Domain "
        f"host, or set up a connection for the other kind of org."
    )


def of_app(name: str, known: Collection[str]) -> str:
    """Why nobody signs in through an app of that name; without one, through the first of them."""
    if name in known or (known and not name):
        return ""
    there = f"There are: {', '.join(map(repr, known))}." if known else "There is none yet."
    asked = f"There is no app {name!r}. " if name else ""
    return (
        f"{asked}{there} Add it on the settings page of apps, by `isthmus app save`, or under "
        f"`apps` in a document."
    )


def of_sharing(key: str, other: str, *, known: Collection[str], signed_in: Collection[str]) -> str:
    """Why a connection can't sign in as another does, by their keys; empty where it can.

    `signed_in` are those that have a sign-in.
    """
    if other not in known:
        return str(NoSuchThing("connection", [other], known))
    if other == key:
        return (
            f"Connection {key!r} can't share its own sign-in. Name another connection, whose "
            f"sign-in it is to use."
        )
    return "" if other in signed_in else str(NoSignIn(other))
