import base64
import hashlib
import hmac
import re
from dataclasses import dataclass

from localorg.clock import Clock
from localorg.errors import OAuthError
from localorg.oauth.opaque import digest, new_code
from localorg.store import Store

_LIFETIME_SECONDS = 15 * 60
_ADD = """
INSERT INTO localorg_grant_codes
    (client_id, user_id, redirect_uri, scope, challenge, nonce, code_digest, issued_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?)
"""
_FIND = """
SELECT client_id, user_id, redirect_uri, scope, challenge, nonce, issued_at, used
FROM localorg_grant_codes WHERE code_digest = ?
"""
_USE = "UPDATE localorg_grant_codes SET used = 1 WHERE code_digest = ? AND used = 0"
# So long after their time codes are kept to tell a used one from one that never was.
_FORGET = "DELETE FROM localorg_grant_codes WHERE issued_at < ?"
_KEPT_SECONDS = 24 * 60 * 60
# RFC 7636 ends at 128 characters. Salesforce asks for 128 random bytes as base64url, and its own
# clients send them: 171 characters.
_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,171}")


@dataclass(frozen=True, kw_only=True)
class Approval:
    """What a user allowed an app, which a code stands for."""

    client_id: str
    user_id: str
    redirect_uri: str
    scope: str
    # The S256 challenge of PKCE, or None.
    challenge: str | None = None
    nonce: str | None = None


class Codes:
    """Authorization codes: each works once, for 15 minutes of the org's clock."""

    def __init__(self, store: Store, clock: Clock) -> None:
        """Keep the codes in the org's file."""
        self._store = store
        self._clock = clock

    def issue(self, approval: Approval) -> str:
        """A new code for what a user allowed."""
        code, now = new_code(), self._clock.now().timestamp()
        row = (
            approval.client_id,
            approval.user_id,
            approval.redirect_uri,
            approval.scope,
            approval.challenge,
            approval.nonce,
        )
        with self._store.write() as connection:
            connection.execute(_FORGET, (now - _KEPT_SECONDS,))
            connection.execute(_ADD, (*row, digest(code), now))
        return code

    def find(self, code: str) -> Approval:
        """What an unused code in its time stands for; raises OAuthError invalid_grant."""
        with self._store.read() as connection:
            row = connection.execute(_FIND, (digest(code),)).fetchone()
        if row is None:
            raise OAuthError("invalid_grant", "invalid authorization code")
        *values, issued_at, used = row
        if used or self._clock.now().timestamp() - issued_at > _LIFETIME_SECONDS:
            raise OAuthError("invalid_grant", "expired authorization code")
        names = ("client_id", "user_id", "redirect_uri", "scope", "challenge", "nonce")
        return Approval(**dict(zip(names, values, strict=True)))

    def use(self, code: str) -> None:
        """Use a code up; raises OAuthError where somebody else was faster."""
        with self._store.write() as connection:
            if connection.execute(_USE, (digest(code),)).rowcount != 1:
                raise OAuthError("invalid_grant", "expired authorization code")


def verifier_fits(challenge: str, verifier: str) -> bool:
    """Whether a PKCE verifier of 43 to 171 characters is the one of an S256 challenge."""
    if not _VERIFIER.fullmatch(verifier):
        return False
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=")
    return hmac.compare_digest(made, challenge.rstrip("=").encode())
