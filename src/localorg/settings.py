from dataclasses import dataclass

from localorg.oauth.apps import SF_CLI, App, own_app, sf_cli_app
from localorg.store import INTEGRATION_USERNAME


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How an org is reached and what it allows."""

    # The app that every org has. Defaults to localorg / localorg-secret.
    client_id: str = "localorg"
    client_secret: str = "localorg-secret"  # noqa: S105 - the documented secret of a test org
    # PEM text of the certificate or public key that JWT bearer assertions are signed for.
    # Defaults to none: the flow is refused.
    jwt_certificate: bytes | None = None
    # The user that the app runs as.
    username: str = INTEGRATION_USERNAME
    # More apps, such as a set-up file names; one with a known client id replaces that one.
    apps: tuple[App, ...] = ()
    # The password of every user that was given none. Defaults to localorg.
    user_password: str = "localorg"  # noqa: S105 - the documented password of a test org
    # What stands before `.my.salesforce.com` in the org's own host name. Defaults to localorg.
    my_domain: str = "localorg"
    # More host names and addresses that it is reached by. Defaults to none.
    host_names: tuple[str, ...] = ()
    # Whether the endpoints under /_localorg exist. Defaults to no.
    control: bool = False
    # API requests per 24 hours of the org's clock before it answers REQUEST_LIMIT_EXCEEDED.
    # Defaults to a million.
    daily_api_requests: int = 1_000_000
    # Seconds of the org's clock without a request after which an access token ends.
    # Defaults to two hours.
    session_timeout_seconds: int = 7200
    # Megabytes of records, 2 kB each as Salesforce counts, before inserts fail with
    # STORAGE_LIMIT_EXCEEDED. Defaults to none.
    data_storage_mb: int | None = None
    # Ids that a replication call (updated, deleted) answers before it says EXCEEDED_ID_LIMIT.
    # Defaults to 600,000, as Salesforce's.
    most_replicated_ids: int = 600_000
    # Records on a page of a Bulk query's result for which the client names no number.
    # Defaults to 50,000.
    bulk_page_records: int = 50_000
    # How many requests may run for long at the same time. Defaults to None: any number.
    concurrent_long_requests: int | None = None
    # After how many seconds a request counts as long. Defaults to 20, as Salesforce's do.
    long_request_seconds: float = 20.0

    def all_apps(self) -> tuple[App, ...]:
        """The app that every org has, the one of Salesforce's command line, and the others."""
        own = own_app(self.client_id, self.client_secret, self.jwt_certificate, self.username)
        named = {app.client_id: app for app in self.apps}
        presets = {own.client_id: own, SF_CLI: sf_cli_app()}
        return tuple((presets | named).values())
