"""The apps that users let into the org, and what each of them may do."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, fields, replace
from functools import cache
from typing import Any, Literal

from localorg.oauth.kept_policies import KeptPolicies, Policies

SCOPES = (
    "id",
    "profile",
    "email",
    "address",
    "phone",
    "openid",
    "api",
    "web",
    "full",
    "chatter_api",
    "visualforce",
    "custom_permissions",
    "refresh_token",
    "offline_access",
)
# Every one of them gives a refresh token.
REFRESH_SCOPES = frozenset({"refresh_token", "offline_access"})
_LOCAL_CALLBACKS = (
    "http://localhost:*/*",
    "http://127.0.0.1:*/*",
    "https://localhost:*/*",
    "https://127.0.0.1:*/*",
)
SF_CLI = "PlatformCLI"


@dataclass(frozen=True, kw_only=True)
class App:
    """A connected app or an external client app with its policies."""

    client_id: str
    # What the user reads when asked for approval. Defaults to the client id.
    name: str = ""
    # None stands for an app without a secret.
    secret: str | None = None
    # Addresses that a user is sent back to. `:*` stands for any port, `/*` for any path.
    callbacks: tuple[str, ...] = ()
    # Whether the web server flow has to come with a code challenge. Defaults to no.
    require_pkce: bool = False
    # Whether the web server flow and the refresh flow have to bring the secret. Defaults to yes.
    require_secret: bool = True
    require_secret_for_refresh: bool = True
    # Whether every refresh gives a new refresh token and ends the old one. Defaults to no.
    rotate_refresh_tokens: bool = False
    # Whether it gets tokens for a username and a password. Defaults to no, as in new orgs.
    password_flow: bool = False
    # What the app may ask for. Defaults to everything.
    scopes: tuple[str, ...] = SCOPES
    # The user that client credentials stand for. Defaults to none: the flow is refused.
    run_as: str | None = None
    # PEM text of the certificate or public key of JWT bearer. Defaults to none: it is refused.
    certificate: bytes | None = None
    # Seconds without a request after which an access token ends. Defaults to the org's.
    session_timeout_seconds: int | None = None
    # How many approvals a user may have of it; the oldest goes when there is one more.
    approval_cap: int = 5
    # Seconds without use, and from its first day, after which a refresh token ends. Never if None.
    refresh_idle_seconds: int | None = None
    refresh_lifetime_seconds: int | None = None
    # `all_users` may approve it themselves, `admin_approved` needs an entry in `pre_authorised`.
    permitted_users: Literal["all_users", "admin_approved"] = "all_users"
    # User names and names of profiles and permission sets whose users need not be asked.
    pre_authorised: tuple[str, ...] = ()
    # A blocked app gets nothing; one that is not installed only users with a permission for it.
    blocked: bool = False
    installed: bool = True
    kind: Literal["connected_app", "external_client_app"] = "connected_app"
    # API requests in 24 hours for this app alone. Defaults to no limit of its own.
    daily_api_requests: int | None = None

    @property
    def label(self) -> str:
        """What users read."""
        return self.name or self.client_id

    def takes_callback(self, uri: str) -> bool:
        """Whether the app registered this address to send users back to."""
        return any(_pattern(callback).fullmatch(uri) for callback in self.callbacks)

    def as_json(self) -> dict[str, Any]:
        """The policies as JSON values, without the secret and the certificate."""
        values = {entry.name: getattr(self, entry.name) for entry in fields(self)}
        values["secret"] = None if self.secret is None else "(hidden)"
        values["certificate"] = None if self.certificate is None else "(present)"
        return values | {"name": self.label}


@cache
def _pattern(callback: str) -> re.Pattern[str]:
    text = re.escape(callback).replace(r":\*", r"(:[0-9]{1,5})?")
    return re.compile(re.sub(r"/\\\*$", r"(/[^\\s#]*)?", text))


class Apps:
    """The apps of an org by client id; what is changed while it runs has the last word."""

    def __init__(self, apps: Iterable[App], kept: KeptPolicies | None = None) -> None:
        """Start with these and with the changes that were `kept`."""
        self._given = {app.client_id: app for app in apps}
        self._kept = kept
        self._changes: dict[str, Policies] = dict(kept.all()) if kept else {}
        self._apps = self._changed()

    def find(self, client_id: str) -> App | None:
        """The app, or None."""
        return self._apps.get(client_id)

    def all(self) -> list[App]:
        """All apps in the order in which they came."""
        return list(self._apps.values())

    def put(self, app: App) -> None:
        """Add an app of the set-up, or replace one."""
        self._given = {**self._given, app.client_id: app}
        self._apps = self._changed()

    def change(self, client_id: str, **policies: Any) -> App:
        """Change some policies of an app, which is made where there is none."""
        changes = {**self._changes.get(client_id, {}), **policies}
        if self._kept:
            self._kept.save(client_id, changes)
        self._changes = {**self._changes, client_id: changes}
        self._apps = self._changed()
        return self._apps[client_id]

    def forget_changes(self) -> None:
        """Let every app be again what the set-up says, without those that were made since."""
        if self._kept:
            self._kept.clear()
        self._changes = {}
        self._apps = self._changed()

    def _changed(self) -> dict[str, App]:
        return self._given | {
            client_id: _with(self._given.get(client_id) or App(client_id=client_id), policies)
            for client_id, policies in self._changes.items()
        }


def _with(app: App, policies: Policies) -> App:
    """An app with some policies changed; kept ones are as JSON has them."""
    known = {entry.name for entry in fields(App)} - {"client_id"}
    return replace(app, **{name: _read(name, policies[name]) for name in policies if name in known})


def _read(name: str, value: Any) -> Any:
    if name == "certificate" and isinstance(value, str):
        return value.encode()
    return tuple(value) if isinstance(value, list) else value


def own_app(client_id: str, secret: str, certificate: bytes | None, username: str) -> App:
    """The app that every org has: its callbacks are on this machine, its user is `username`."""
    return App(
        client_id=client_id,
        secret=secret,
        callbacks=_LOCAL_CALLBACKS,
        run_as=username,
        certificate=certificate,
        pre_authorised=(username,),
    )


def sf_cli_app() -> App:
    """The app of Salesforce's own command line: it has no secret that anybody knows."""
    return App(
        client_id=SF_CLI,
        name="Salesforce CLI",
        callbacks=("http://localhost:*/OauthRedirect",),
        require_secret=False,
        require_secret_for_refresh=False,
        scopes=("refresh_token", "api", "web", "id", "openid", "full", "offline_access"),
    )
