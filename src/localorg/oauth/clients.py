"""Who sends a request to the token endpoint, and with what."""

import base64
import binascii
import hmac
from urllib.parse import parse_qsl, unquote_plus

from starlette.requests import Request

from localorg.errors import OAuthError
from localorg.oauth.app_access import find_app
from localorg.oauth.apps import App
from localorg.org import Org

Form = dict[str, str]
# Far more than any flow has; reading millions of them would keep everybody else waiting.
_MOST_FIELDS = 1000


async def read_form(request: Request) -> Form:
    """The parameters of the body, and of the address where the body does not have them."""
    return dict(request.query_params) | form_of(await request.body())


def form_of(body: bytes) -> Form:
    """The fields of a form as it was sent; raises OAuthError invalid_request for too many."""
    try:
        return dict(parse_qsl(body.decode("utf-8", "replace"), max_num_fields=_MOST_FIELDS))
    except ValueError:
        raise OAuthError("invalid_request", "too many parameters") from None


def client_of(request: Request, form: Form) -> tuple[str, str]:
    """The app's id and secret, from the Authorization header or else from the form."""
    kind, _, text = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "basic":
        return form.get("client_id", ""), form.get("client_secret", "")
    try:
        client_id, _, secret = base64.b64decode(text, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        raise wrong_secret() from None
    return unquote_plus(client_id), unquote_plus(secret)


def proven_app(org: Org, request: Request, form: Form, *, needs_secret: bool = True) -> App:
    """The app that sends a request and has proven it; raises OAuthError.

    A secret that is sent has to be right even where none is needed.
    """
    client_id, secret = client_of(request, form)
    app = find_app(org, client_id)
    check_secret(app, secret, needed=needs_secret)
    return app


def check_secret(app: App, secret: str, *, needed: bool) -> None:
    """Raise OAuthError invalid_client where a secret is wrong, or missing though needed."""
    if not secret and not needed:
        return
    if app.secret is None:
        if needed:
            raise wrong_secret()
        return
    if not hmac.compare_digest(secret.encode(), app.secret.encode()):
        raise wrong_secret()


def wrong_secret() -> OAuthError:
    """The error of a client that can't prove itself."""
    return OAuthError("invalid_client", "invalid client credentials")
