"""Whether an app may be used at all, by whom, and for what."""

from localorg.errors import OAuthError
from localorg.oauth.accounts import Account
from localorg.oauth.apps import REFRESH_SCOPES, App
from localorg.org import Org

_UNINSTALLED = ("PermissionsCanApproveUninstalledApps", "PermissionsUseAnyApiClient")
_NOT_APPROVED = "user is not admin approved to access this app"


def find_app(org: Org, client_id: str) -> App:
    """The app of a client id; raises OAuthError invalid_request or invalid_client_id."""
    if not client_id:
        raise OAuthError("invalid_request", "missing required parameter: client_id")
    app = org.sign_in.apps.find(client_id)
    if app is None:
        raise OAuthError("invalid_client_id", "client identifier invalid")
    return app


def check_not_blocked(app: App) -> None:
    """Raise OAuthError OAUTH_APP_BLOCKED for an app that an administrator blocked."""
    if app.blocked:
        raise OAuthError("OAUTH_APP_BLOCKED", "this app is blocked by admin")


def check_user(org: Org, app: App, account: Account) -> None:
    """Raise OAuthError where the app is not for this user (reference 1.9)."""
    check_not_blocked(app)
    check_installed(org, app, account)
    if app.permitted_users == "admin_approved" and not is_pre_authorised(org, app, account):
        raise OAuthError("OAUTH_APP_ACCESS_DENIED", _NOT_APPROVED)


def check_installed(org: Org, app: App, account: Account) -> None:
    """Raise OAuthError for an app that is not installed, unless the user may use it so."""
    if not app.installed and not _may_use_uninstalled(org, app, account):
        if app.kind == "external_client_app":
            text = "External client app is not installed in this org"
            raise OAuthError("OAUTH_EC_APP_NOT_FOUND", text)
        raise OAuthError("OAUTH_APP_ACCESS_DENIED", _NOT_APPROVED)


def is_pre_authorised(org: Org, app: App, account: Account) -> bool:
    """Whether an administrator let the user use the app without being asked."""
    return org.sign_in.consents.is_pre_authorised(app, account)


def asked_scopes(app: App, text: str) -> tuple[str, ...]:
    """The scopes of a request, all of the app's where it names none; raises invalid_scope."""
    asked = tuple(dict.fromkeys(text.split())) or app.scopes
    if not all(_has_scope(app, scope) for scope in asked):
        raise OAuthError("invalid_scope", "the requested scope is not allowed")
    return asked


def without_refresh(scopes: tuple[str, ...]) -> tuple[str, ...]:
    """The scopes of a token that no refresh token comes with."""
    return tuple(scope for scope in scopes if scope not in REFRESH_SCOPES)


def _has_scope(app: App, scope: str) -> bool:
    if scope in REFRESH_SCOPES:
        return not REFRESH_SCOPES.isdisjoint(app.scopes)
    return scope in app.scopes or (scope == "id" and "full" in app.scopes)


def _may_use_uninstalled(org: Org, app: App, account: Account) -> bool:
    if org.sign_in.consents.given(account.user_id, app.client_id) is not None:
        return True
    return any(org.rights.allows(account.user_id, name) for name in _UNINSTALLED)
