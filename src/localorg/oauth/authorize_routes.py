"""The web server flow up to its code: signing in, asking the user, sending the user back."""

import hmac
import secrets
from collections.abc import Callable
from urllib.parse import parse_qsl, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import BaseRoute, Route

from localorg.errors import OAuthError
from localorg.oauth.accounts import Account
from localorg.oauth.app_access import check_user, is_pre_authorised
from localorg.oauth.authorize_request import AUTHORIZE, AuthorizeRequest, read_request
from localorg.oauth.browsers import Browser
from localorg.oauth.clients import Form, form_of
from localorg.oauth.codes import Approval
from localorg.oauth.pages import (
    ConsentForm,
    LoginForm,
    account_page,
    consent_page,
    error_page,
    login_page,
    signed_out_page,
)
from localorg.org import Org
from localorg.web import org_of

_CSRF_BYTES = 32
_MOST_USERS_SHOWN = 8
_ACTIVE_USERS = "SELECT Id FROM User WHERE IsActive = 1 ORDER BY Id LIMIT ?"
_WRONG_LOGIN = (
    "Please check your username and password. If you still can't log in, contact your "
    "administrator."
)
_LOCKED_OUT = (
    "Your account is locked because of too many failed attempts. Try again in 15 minutes of the "
    "org's clock."
)
_INACTIVE = "This user is inactive or frozen. Contact your administrator."
_STALE = "This page was open for too long, or cookies are off. Please try again."


async def _authorize(request: Request) -> Response:
    return await run_in_threadpool(_first_answer, request, dict(request.query_params))


def _first_answer(request: Request, parameters: Form) -> Response:
    org = org_of(request)
    try:
        asked = read_request(org, parameters)
    except OAuthError as error:
        return error_page(error, parameters)
    try:
        asked.check()
        return _next_step(org, request, asked)
    except OAuthError as error:
        return RedirectResponse(asked.error_url(error), 302)


def _next_step(org: Org, request: Request, asked: AuthorizeRequest) -> Response:
    """The page that the user has to see next, or the way back to the app."""
    browser, account = _signed_in(org, request)
    if asked.immediate:
        if browser is None or account is None or not _is_approved(org, asked, account):
            raise OAuthError("immediate_unsuccessful", "user interaction is required")
        return _sent_back(org, asked, account)
    if browser is None or account is None or "login" in asked.prompts:
        hint = asked.parameters.get("login_hint", "")
        return _ask_to_log_in(org, request, asked, username=hint)
    if "select_account" in asked.prompts:
        urls = (asked.signed_in_url(), asked.sign_in_url())
        return account_page(asked.app.label, account, *urls, asked.redirect_uri)
    check_user(org, asked.app, account)
    if "consent" not in asked.prompts and _is_approved(org, asked, account):
        return _sent_back(org, asked, account)
    return _ask_for_consent(asked, account, browser)


def _is_approved(org: Org, asked: AuthorizeRequest, account: Account) -> bool:
    check_user(org, asked.app, account)
    if is_pre_authorised(org, asked.app, account) and asked.app.permitted_users != "all_users":
        return True
    given = org.sign_in.consents.given(account.user_id, asked.app.client_id)
    return given is not None and given.issuperset(asked.scopes())


def _sent_back(org: Org, asked: AuthorizeRequest, account: Account) -> Response:
    """The way back to the app, with a code."""
    scopes = asked.scopes()
    org.sign_in.consents.give(account.user_id, asked.app.client_id, scopes)
    code = org.sign_in.codes.issue(
        Approval(
            client_id=asked.app.client_id,
            user_id=account.user_id,
            redirect_uri=asked.redirect_uri,
            scope=" ".join(scopes),
            challenge=asked.challenge,
            nonce=asked.parameters.get("nonce"),
        )
    )
    return RedirectResponse(asked.answer_url(code=code), 302)


async def _decide(request: Request) -> Response:
    return await _answered(request, _decided)


async def _answered(request: Request, answer: Callable[[Request, Form], Response]) -> Response:
    """What `answer` makes of the form that a page has sent."""
    try:
        form = form_of(await request.body())
    except OAuthError as error:
        return error_page(error)
    return await run_in_threadpool(answer, request, form)


def _decided(request: Request, form: Form) -> Response:
    """The user's answer to the page that asks for approval."""
    org = org_of(request)
    browser, account = _signed_in(org, request)
    parameters = dict(parse_qsl(form.get("request", "")))
    if browser is None or account is None or not _same(form.get("csrf", ""), browser.csrf):
        return _first_answer(request, parameters)
    try:
        asked = read_request(org, parameters)
    except OAuthError as error:
        return error_page(error, parameters)
    try:
        asked.check()
        check_user(org, asked.app, account)
        answer = _sent_back(org, asked, account) if form.get("decision") == "allow" else None
    except OAuthError as error:
        return RedirectResponse(asked.error_url(error), 302)
    denied = OAuthError("access_denied", "end-user denied authorization")
    return answer or RedirectResponse(asked.error_url(denied), 302)


async def _log_in(request: Request) -> Response:
    return await _answered(request, _logged_in)


def _logged_in(request: Request, form: Form) -> Response:
    """The user's name and password: on to the app's request, or the page again."""
    org = org_of(request)
    try:
        asked = read_request(org, _parameters_of(form.get("startURL", "")))
    except OAuthError as error:
        return error_page(error)
    username = form.get("username", "").strip()
    if not _same(form.get("csrf", ""), request.cookies.get(_form_cookie(request), "")):
        return _ask_to_log_in(org, request, asked, username=username, problem=_STALE)
    account = org.sign_in.accounts.check_password(username, form.get("password", ""))
    if account is None:
        problem = _problem(org, username, form.get("password", ""))
        return _ask_to_log_in(org, request, asked, username=username, problem=problem)
    answer = RedirectResponse(asked.signed_in_url(), 303)
    org.sign_in.browsers.sign_out(request.cookies.get(_cookie(request)))
    _set_cookie(request, answer, _cookie(request), org.sign_in.browsers.sign_in(account.user_id))
    return answer


def _problem(org: Org, username: str, password: str) -> str:
    accounts = org.sign_in.accounts
    if accounts.is_locked_out(username):
        return _LOCKED_OUT
    account = accounts.by_username(username)
    usable = account is None or accounts.is_usable(account.user_id)
    if not usable and account is not None and accounts.knows_password(account, password):
        return _INACTIVE
    return _WRONG_LOGIN


async def _log_out(request: Request) -> Response:
    org_of(request).sign_in.browsers.sign_out(request.cookies.get(_cookie(request)))
    answer = signed_out_page()
    answer.delete_cookie(_cookie(request))
    return answer


def _ask_to_log_in(
    org: Org,
    request: Request,
    asked: AuthorizeRequest,
    *,
    username: str,
    problem: str | None = None,
) -> Response:
    csrf = secrets.token_urlsafe(_CSRF_BYTES)
    form = LoginForm(
        app_name=asked.app.label,
        start_url=f"{AUTHORIZE}?{asked.query}",
        csrf=csrf,
        username=username,
        problem=problem,
        users=_users(org),
        default_password=org.settings.user_password,
    )
    answer = login_page(form, asked.redirect_uri)
    _set_cookie(request, answer, _form_cookie(request), csrf)
    return answer


def _ask_for_consent(asked: AuthorizeRequest, account: Account, browser: Browser) -> Response:
    form = ConsentForm(
        app_name=asked.app.label,
        account=account,
        scopes=asked.scopes(),
        redirect_uri=asked.redirect_uri,
        request=asked.query,
        csrf=browser.csrf,
        other_account=asked.sign_in_url(),
    )
    return consent_page(form)


def _signed_in(org: Org, request: Request) -> tuple[Browser | None, Account | None]:
    browser = org.sign_in.browsers.find(request.cookies.get(_cookie(request)))
    if browser is None or not org.sign_in.accounts.is_usable(browser.user_id):
        return None, None
    return browser, org.sign_in.accounts.by_id(browser.user_id)


def _users(org: Org) -> tuple[Account, ...]:
    """The first users who can log in, as a help for people who try things."""
    with org.store.read() as connection:
        ids = [row[0] for row in connection.execute(_ACTIVE_USERS, (_MOST_USERS_SHOWN,))]
    found = (org.sign_in.accounts.by_id(user_id) for user_id in ids)
    return tuple(account for account in found if account is not None)


def _parameters_of(start_url: str) -> Form:
    """The parameters of an address that has to be the one of an app's request."""
    try:
        parts = urlsplit(start_url)
    except ValueError:
        return {}
    if parts.scheme or parts.netloc or parts.path != AUTHORIZE:
        return {}
    return dict(parse_qsl(parts.query))


def _same(one: str, other: str) -> bool:
    return bool(one) and hmac.compare_digest(one.encode(), other.encode())


def _cookie(request: Request) -> str:
    # Cookies ignore ports: orgs on several ports of one machine must not meet.
    return f"localorg_sid_{request.url.port or ''}"


def _form_cookie(request: Request) -> str:
    return f"localorg_form_{request.url.port or ''}"


def _set_cookie(request: Request, answer: Response, name: str, value: str) -> None:
    secure = request.url.scheme == "https"
    answer.set_cookie(name, value, httponly=True, samesite="lax", secure=secure)


routes: list[BaseRoute] = [
    Route(AUTHORIZE, _authorize, methods=["GET"]),
    Route(AUTHORIZE, _decide, methods=["POST"]),
    Route("/login", _log_in, methods=["POST"]),
    Route("/secur/logout.jsp", _log_out, methods=["GET", "POST"]),
]
