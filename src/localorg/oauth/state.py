from localorg.clock import Clock
from localorg.oauth.accounts import Accounts
from localorg.oauth.apps import Apps
from localorg.oauth.browsers import Browsers
from localorg.oauth.codes import Codes
from localorg.oauth.consents import Consents
from localorg.oauth.grants import Grants
from localorg.oauth.kept_policies import KeptPolicies
from localorg.oauth.keys import SigningKey
from localorg.oauth.sessions import Sessions
from localorg.oauth.tables import create_tables
from localorg.rights import Rights
from localorg.settings import Settings
from localorg.store import Store


class SignIn:
    """All that an org knows about apps, users who sign in, approvals and tokens."""

    def __init__(self, store: Store, clock: Clock, settings: Settings, rights: Rights) -> None:
        """Read what the org's file keeps."""
        create_tables(store)
        self.apps = Apps(settings.all_apps(), KeptPolicies(store))
        self.accounts = Accounts(store, rights, clock, settings.user_password)
        self.sessions = Sessions(
            store, clock, self.apps, self.accounts, settings.session_timeout_seconds
        )
        self.grants = Grants(store, clock, self.sessions)
        self.codes = Codes(store, clock)
        self.consents = Consents(store)
        self.browsers = Browsers(clock)
        self.signing_key = SigningKey(store)

    def refresh(self) -> None:
        """Read what the org's file keeps again, such as after a restore."""
        self.accounts.refresh()
        self.sessions.refresh()

    def close(self) -> None:
        """Write down what is only in memory."""
        self.sessions.close()
