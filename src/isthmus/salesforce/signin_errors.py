"""Why a sign-in was refused, and what to do about it.

Source: help article "OAuth Authorization Flow Errors".
"""

from collections.abc import Mapping

from isthmus.errors import Retryable
from isthmus.salesforce.error_codes import Complaint, kind_of_answer, read_complaint
from isthmus.salesforce.errors import (
    RateLimited,
    SalesforceError,
    ServerFault,
    SessionExpired,
    SignInRefused,
)
from isthmus.salesforce.wire import Response

_RETRYABLE: Mapping[str, type[SalesforceError]] = {
    "rate_limit_exceeded": RateLimited,
    "unknown_error": ServerFault,
    "server_error": ServerFault,
}

_AGAIN = "Connect to Salesforce again."
_APP = "Check the client id and secret, and that the app allows this kind of sign-in."
_ADMIN = "Ask the Salesforce administrator to install and approve the app for this user."
_TABLE: tuple[tuple[str, str, str], ...] = (
    ("invalid_grant", "expired access/refresh token", _AGAIN),
    ("invalid_grant", "token validity expired", _AGAIN),
    ("invalid_grant", "authorization code", "Start signing in from the beginning."),
    ("invalid_grant", "authentication failure", "Check user name and password."),
    (
        "invalid_grant",
        "ip restricted",
        "Ask the administrator to relax the IP restrictions or login hours of the app and user.",
    ),
    ("invalid_grant", "code verifier", "Start signing in from the beginning."),
    ("invalid_grant", "code challenge", "Start signing in from the beginning."),
    ("invalid_grant", "approved", _ADMIN),
    ("invalid_grant", "installed", _ADMIN),
    ("invalid_grant", "not supported on this domain", "Use the org's My Domain host to sign in."),
    ("invalid_grant", "no client credentials user", "Name a Run As user in the app's policies."),
    (
        "invalid_grant",
        "audience",
        "Set the audience to login.salesforce.com, or test.salesforce.com for a sandbox.",
    ),
    (
        "invalid_grant",
        "invalid assertion",
        "Check that the app has the certificate of the private key, and this machine's clock.",
    ),
    ("inactive_user", "", "Ask the administrator to activate the user."),
    ("inactive_org", "", "The org is locked or closed: ask its owner."),
    ("invalid_client", "", _APP),
    ("unsupported_grant_type", "", _APP),
    ("unsupported_response_type", "", _APP),
    ("invalid_scope", "", "Add the scopes api and refresh_token to the app."),
    ("redirect_uri", "", "Enter exactly the shown callback URL in the app."),
    ("access_denied", "", "Allow access on Salesforce's page."),
    ("immediate_unsuccessful", "", "Sign in on Salesforce's page, and allow access."),
    ("OAUTH_", "", _ADMIN),
    ("invalid_request", "", "Check that the login URL starts with https:// and is a login host."),
)
_OTHERWISE = "Check the login URL, the app and the user; then try again."


def sign_in_error(response: Response) -> SalesforceError:
    """The error of an answer that is not a token."""
    complaint = read_complaint(response.body)
    kind = _kind(response.status, complaint)
    advice = kind.advice or advice_for(complaint)
    return kind(
        f"Salesforce refused to sign in ({response.status}): {_said(complaint)}. {advice}",
        status=response.status,
        code=complaint.code,
        path=response.target,
        words=complaint.words,
    )


def advice_for(complaint: Complaint) -> str:
    """What to do about a refusal, in a sentence."""
    words = complaint.words.lower()
    for code, part, advice in _TABLE:
        if complaint.code.startswith(code) and part in words:
            return advice
    return _OTHERWISE


def _kind(status: int, complaint: Complaint) -> type[SalesforceError]:
    """Refused for good, unless the code or the status says that it passes."""
    if complaint.code in _RETRYABLE:
        return _RETRYABLE[complaint.code]
    general = kind_of_answer(status, complaint)
    # A token endpoint has no session that could have expired: a 401 there is about the app.
    if general is SessionExpired or not issubclass(general, Retryable):
        return SignInRefused
    return general


def _said(complaint: Complaint) -> str:
    return ": ".join(filter(None, (complaint.code, complaint.words.rstrip(".")))) or "(no words)"
