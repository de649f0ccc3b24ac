"""The pages of signing in: whole without JavaScript, every value in them escaped."""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from html import escape
from importlib.resources import files
from string import Template
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse

from localorg.errors import OAuthError
from localorg.oauth.accounts import Account

_TICK = (
    '<svg viewBox="0 0 20 20" aria-hidden="true" focusable="false">'
    '<path d="m4 10.5 4 4 8-9"/></svg>'
)
# One line for all scopes that mean the same to a user, in the order of the page.
_SCOPE_TEXTS = (
    (("full",), "Do everything that you can do"),
    (("api",), "Read and change data with the APIs"),
    (("web", "visualforce"), "Open the org's pages as you"),
    (
        ("id", "profile", "email", "address", "phone", "openid"),
        "See who you are and how to reach you",
    ),
    (("chatter_api",), "Use Chatter as you"),
    (("custom_permissions",), "See your custom permissions"),
    (("refresh_token", "offline_access"), "Keep this access until it is ended"),
)
_ADVICE = {
    "invalid_client_id": "Check the client id (consumer key) in the settings of the app.",
    "redirect_uri_mismatch": "The address to go back to has to be registered with the app, letter "
    "for letter.",
    "redirect_uri_missing": "The app has to say where to send you back to.",
}
# The parameters that an error is about.
_ABOUT = {
    "invalid_client_id": ("client_id",),
    "redirect_uri_mismatch": ("client_id", "redirect_uri"),
    "redirect_uri_missing": ("client_id",),
}
_DEFAULT_ADVICE = "Go back to the app and start again; if that doesn't help, ask whoever runs it."


@dataclass(frozen=True, kw_only=True)
class LoginForm:
    """What the login page shows."""

    app_name: str
    # The address, without scheme and host, to go on at after signing in.
    start_url: str
    csrf: str
    username: str = ""
    problem: str | None = None
    users: tuple[Account, ...] = ()
    # The password that works for users who were given none.
    default_password: str = ""


@dataclass(frozen=True, kw_only=True)
class ConsentForm:
    """What the page that asks for approval shows."""

    app_name: str
    account: Account
    scopes: tuple[str, ...]
    redirect_uri: str
    # The query of the app's request, which the answer brings along.
    request: str
    csrf: str
    other_account: str


def login_page(form: LoginForm, callback: str) -> HTMLResponse:
    """Where a user types name and password."""
    problem = f'<p class="problem" role="alert">{escape(form.problem)}</p>' if form.problem else ""
    content = _filled(
        "login.html",
        {
            "problem": problem,
            "options": "".join(f'<option value="{_safe(u.username)}">' for u in form.users),
            "users": "".join(f"<li>{_safe(u.username)} ({_safe(u.name)})</li>" for u in form.users),
            "password_hint": _password_hint(form.default_password),
            "username_focus": "" if form.username else " autofocus",
            "password_focus": " autofocus" if form.username else "",
            "invalid": ' aria-invalid="true"' if form.problem else "",
        },
        app_name=form.app_name,
        start_url=form.start_url,
        csrf=form.csrf,
        username=form.username,
    )
    return _page("Log in", content, callback)


def consent_page(form: ConsentForm) -> HTMLResponse:
    """Where a user allows or denies an app what it asks for."""
    listed = "".join(
        f"<li>{_TICK}<span>{_safe(text)}</span></li>"
        for scopes, text in _SCOPE_TEXTS
        if not set(scopes).isdisjoint(form.scopes)
    )
    content = _filled(
        "consent.html",
        {"scopes": listed},
        app_name=form.app_name,
        request=form.request,
        csrf=form.csrf,
        person=form.account.name,
        username=form.account.username,
        callback=_origin(form.redirect_uri),
        other_account=form.other_account,
    )
    return _page("Allow access?", content, form.redirect_uri)


def account_page(
    app_name: str, account: Account, same_account: str, other_account: str, callback: str
) -> HTMLResponse:
    """Where a user who is signed in says with which account to go on."""
    initials = "".join(part[0] for part in account.name.split()[:2]).upper() or "?"
    content = _filled(
        "account.html",
        {},
        app_name=app_name,
        person=account.name,
        username=account.username,
        initials=initials,
        same_account=same_account,
        other_account=other_account,
    )
    return _page("Choose an account", content, callback)


def error_page(error: OAuthError, sent: Mapping[str, str] | None = None) -> HTMLResponse:
    """What a user sees where the app can't be told: it may not be who it says.

    `sent` has the parameters of the app's request; those that the error is about are shown.
    """
    named = {name: (sent or {}).get(name, "") for name in _ABOUT.get(error.error, ())}
    content = _filled(
        "error.html",
        {
            "sent": "".join(
                f'<div><dt><code>{name}</code></dt><dd class="address">{_safe(text)}</dd></div>'
                for name, text in named.items()
                if text
            )
        },
        error=error.error,
        description=error.description,
        advice=_ADVICE.get(error.error, _DEFAULT_ADVICE),
    )
    return _page("This request can't go on", content, None, status=400)


def signed_out_page() -> HTMLResponse:
    """What a user sees after logging out."""
    return _page("Logged out", _filled("signed_out.html", {}), None)


def _page(title: str, content: str, callback: str | None, *, status: int = 200) -> HTMLResponse:
    style = _text("style.css")
    html = _filled("layout.html", {"style": style, "content": content}, title=title)
    return HTMLResponse(html, status, headers=_headers(style, callback))


def _headers(style: str, callback: str | None) -> dict[str, str]:
    style_digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    # Browsers hold form-action against the redirects that follow a form too.
    targets = "'self'" if callback is None else f"'self' {_origin(callback)}"
    policy = (
        f"default-src 'none'; style-src 'sha256-{style_digest}'; img-src data:; "
        f"form-action {targets}; base-uri 'none'; frame-ancestors 'none'"
    )
    return {
        "content-security-policy": policy,
        "cache-control": "no-store",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
    }


def _origin(address: str) -> str:
    """Scheme, host and port; only the scheme of an app's own such as `myapp:/done`."""
    parts = urlsplit(address)
    if parts.scheme in {"http", "https"}:
        return f"{parts.scheme}://{parts.netloc}"
    return f"{parts.scheme}:"


def _password_hint(password: str) -> str:
    if not password:
        return "Ask whoever set this org up for the password."
    return (
        f"The password is <code>{_safe(password)}</code> for everyone who wasn't given another one."
    )


def _filled(name: str, fragments: dict[str, str], **values: str) -> str:
    """A template with HTML fragments as they are and values escaped."""
    return _template(name).substitute(
        fragments | {key: _safe(value) for key, value in values.items()}
    )


def _safe(value: str) -> str:
    return escape(value, quote=True)


@cache
def _template(name: str) -> Template:
    return Template(_text(name))


@cache
def _text(name: str) -> str:
    return (files("localorg.oauth") / "pages" / name).read_text(encoding="utf-8").strip()
