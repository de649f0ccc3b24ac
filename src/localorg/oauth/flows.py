"""The grant types of the token endpoint: each makes of a form what a token is issued for."""

from collections.abc import Callable

from starlette.requests import Request

from localorg.errors import OAuthError
from localorg.hosts import base_url, host_kind, my_domain_host
from localorg.oauth.accounts import Account
from localorg.oauth.answers import Issue
from localorg.oauth.app_access import (
    asked_scopes,
    check_installed,
    check_not_blocked,
    check_user,
    find_app,
    is_pre_authorised,
    without_refresh,
)
from localorg.oauth.apps import REFRESH_SCOPES, App
from localorg.oauth.assertions import (
    AUDIENCES,
    claimed_issuer,
    load_public_key,
    verified_claims,
)
from localorg.oauth.clients import Form, client_of, proven_app, wrong_secret
from localorg.oauth.codes import Approval, verifier_fits
from localorg.org import Org

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_NO_RUN_AS = "no client credentials user enabled"
_NOT_APPROVED = "user hasn't approved this consumer"


def authorization_code(org: Org, request: Request, form: Form) -> Issue:
    """The last step of the web server flow: a code, and the verifier of its challenge."""
    client_id, _ = client_of(request, form)
    app = find_app(org, client_id)
    proven_app(org, request, form, needs_secret=app.require_secret and app.secret is not None)
    check_not_blocked(app)
    code = _required(form, "code")
    approval = org.sign_in.codes.find(code)
    _check_redemption(app, approval, form)
    org.sign_in.codes.use(code)
    org.sign_in.accounts.check_usable(approval.user_id)
    return opened_grant(org, app, approval.user_id, approval.scope, nonce=approval.nonce)


def opened_grant(
    org: Org, app: App, user_id: str, scope: str, *, nonce: str | None = None
) -> Issue:
    """A token for an approval: with a refresh token only where its scopes have one."""
    scopes = tuple(scope.split())
    number, refresh_token = None, None
    if not REFRESH_SCOPES.isdisjoint(scopes):
        number, refresh_token = org.sign_in.grants.open(app, user_id, scopes)
    return Issue(
        app=app,
        user_id=user_id,
        scopes=scopes,
        grant_number=number,
        refresh_token=refresh_token,
        identifies=True,
        nonce=nonce,
    )


def refresh_token(org: Org, request: Request, form: Form) -> Issue:
    """A new access token for a refresh token, which a rotating app gets anew each time."""
    client_id, _ = client_of(request, form)
    app = find_app(org, client_id)
    needed = app.require_secret_for_refresh and app.secret is not None
    proven_app(org, request, form, needs_secret=needed)
    if "scope" in form:
        raise OAuthError("invalid_request", "scope parameter not supported")
    check_not_blocked(app)
    token = _required(form, "refresh_token")
    _check_user_of(org, app, token)
    grant, rotated = org.sign_in.grants.refresh(app, token)
    return Issue(
        app=app,
        user_id=grant.user_id,
        scopes=grant.scopes,
        grant_number=grant.number,
        refresh_token=rotated,
        identifies=True,
    )


def client_credentials(org: Org, request: Request, form: Form) -> Issue:
    """A token for the user that the app runs as; only at the org's own host."""
    app = proven_app(org, request, form)
    if host_kind(request) in {"login", "test"}:
        raise OAuthError("invalid_grant", "request not supported on this domain")
    if app.run_as is None:
        raise OAuthError("invalid_grant", _NO_RUN_AS)
    check_not_blocked(app)
    account = org.sign_in.accounts.usable(app.run_as, _NO_RUN_AS)
    check_installed(org, app, account)
    scopes = without_refresh(asked_scopes(app, form.get("scope", "")))
    return Issue(app=app, user_id=account.user_id, scopes=scopes)


def jwt_bearer(org: Org, request: Request, form: Form) -> Issue:
    """A token for the user that an assertion names, signed with the app's key."""
    assertion = _required(form, "assertion")
    app = find_app(org, claimed_issuer(assertion))
    if app.certificate is None:
        raise wrong_secret()
    my_domain = my_domain_host(org.settings.my_domain)
    claims = verified_claims(
        assertion,
        load_public_key(app.certificate),
        audiences=AUDIENCES | {base_url(request), f"https://{my_domain}"},
        now=org.clock.now(),
    )
    account = org.sign_in.accounts.usable(str(claims.get("sub", "")), _NOT_APPROVED)
    _check_approved(org, app, account)
    return Issue(app=app, user_id=account.user_id, scopes=without_refresh(app.scopes))


def password(org: Org, request: Request, form: Form) -> Issue:
    """A token for a user name and a password, which the app has to be allowed."""
    app = proven_app(org, request, form)
    username, word = _required(form, "username"), _required(form, "password")
    check_not_blocked(app)
    if not app.password_flow:
        raise OAuthError("invalid_grant", "authentication failure")
    named = org.sign_in.accounts.by_username(username)
    account = org.sign_in.accounts.check_password(username, word)
    if named is not None and account is None:
        org.sign_in.accounts.check_usable(named.user_id)
    if account is None:
        raise OAuthError("invalid_grant", "authentication failure")
    check_user(org, app, account)
    scopes = without_refresh(asked_scopes(app, form.get("scope", "")))
    return Issue(app=app, user_id=account.user_id, scopes=scopes)


GRANTS: dict[str, Callable[[Org, Request, Form], Issue]] = {
    "authorization_code": authorization_code,
    "refresh_token": refresh_token,
    "client_credentials": client_credentials,
    JWT_BEARER: jwt_bearer,
    "password": password,
}


def _check_redemption(app: App, approval: Approval, form: Form) -> None:
    if approval.client_id != app.client_id:
        raise OAuthError("invalid_grant", "invalid authorization code")
    uri = form.get("redirect_uri")
    if not uri:
        raise OAuthError("redirect_uri_missing", "missing required parameter: redirect_uri")
    if uri != approval.redirect_uri:
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    _check_verifier(app, approval.challenge, form.get("code_verifier", ""))


def _check_verifier(app: App, challenge: str | None, verifier: str) -> None:
    """Raise OAuthError where PKCE fails, or was taken out of the flow on its way."""
    if challenge is None and app.require_pkce:
        raise OAuthError("invalid_grant", "missing required code challenge")
    fits = not verifier if challenge is None else verifier_fits(challenge, verifier)
    if not fits:
        raise OAuthError("invalid_grant", "invalid code verifier")


def _check_approved(org: Org, app: App, account: Account) -> None:
    check_not_blocked(app)
    check_installed(org, app, account)
    if is_pre_authorised(org, app, account):
        return
    if app.permitted_users == "admin_approved":
        text = "user is not admin approved to access this app"
        raise OAuthError("invalid_app_access", text)
    if org.sign_in.consents.given(account.user_id, app.client_id) is None:
        raise OAuthError("invalid_grant", _NOT_APPROVED)


def _check_user_of(org: Org, app: App, token: str) -> None:
    """Raise OAuthError for a user who is not let in, before a rotation uses the token up."""
    grant = org.sign_in.grants.of_refresh_token(token)
    if grant is not None and grant.client_id == app.client_id:
        org.sign_in.accounts.check_usable(grant.user_id)


def _required(form: Form, name: str) -> str:
    value = form.get(name)
    if not value:
        raise OAuthError("invalid_request", f"missing required parameter: {name}")
    return value
