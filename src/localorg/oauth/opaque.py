"""Tokens and codes: random texts of which only a digest is kept."""

import hashlib
import secrets

from localorg.ids import SHORT_LENGTH
from localorg.store import ORGANIZATION_ID

_ACCESS_BYTES = 72
_REFRESH_BYTES = 64
_CODE_BYTES = 48


def new_access_token() -> str:
    """The org's id of 15 characters, `!` and an opaque rest of `[A-Za-z0-9._]`."""
    rest = secrets.token_urlsafe(_ACCESS_BYTES).replace("-", ".")
    return f"{ORGANIZATION_ID[:SHORT_LENGTH]}!{rest}"


def new_refresh_token() -> str:
    """A refresh token as Salesforce's look."""
    return "5Aep861" + secrets.token_urlsafe(_REFRESH_BYTES).replace("-", ".")


def new_code() -> str:
    """An authorization code; it ends in `==`, which has to be percent-encoded in an address."""
    return "aPrx" + secrets.token_urlsafe(_CODE_BYTES).replace("-", ".") + "=="


def digest(text: str) -> str:
    """What is kept of a token: it proves the token and does not give it away."""
    return hashlib.sha256(text.encode()).hexdigest()
