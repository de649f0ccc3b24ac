from dataclasses import dataclass

from localorg.store import INTEGRATION_USERNAME


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How an org is reached and what it allows."""

    # The one connected app. Defaults to localorg / localorg-secret.
    client_id: str = "localorg"
    client_secret: str = "localorg-secret"  # noqa: S105 - the documented secret of a test org
    # PEM text of the certificate or public key that JWT bearer assertions are signed for.
    # Defaults to none: the flow is refused.
    jwt_certificate: bytes | None = None
    # The user that the app runs as.
    username: str = INTEGRATION_USERNAME
    # Whether the endpoints under /_localorg exist. Defaults to no.
    control: bool = False
    # API requests per 24 hours of the org's clock before it answers REQUEST_LIMIT_EXCEEDED.
    # Defaults to a million.
    daily_api_requests: int = 1_000_000
    # Seconds of the org's clock without a request after which an access token ends.
    # Defaults to two hours.
    session_timeout_seconds: int = 7200
