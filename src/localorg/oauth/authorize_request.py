"""What an app asks of `/services/oauth2/authorize` (reference 1.2)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from localorg.errors import OAuthError
from localorg.oauth.app_access import asked_scopes, check_not_blocked, find_app
from localorg.oauth.apps import App
from localorg.org import Org

AUTHORIZE = "/services/oauth2/authorize"
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}={0,1}")
# What brings the login page or the choice of accounts up; it is done once.
_SIGN_IN_PROMPTS = frozenset({"login", "select_account"})


@dataclass(frozen=True, kw_only=True)
class AuthorizeRequest:
    """A request whose app and callback are right, so that its errors may be sent back."""

    app: App
    redirect_uri: str
    parameters: Mapping[str, str]

    @property
    def prompts(self) -> frozenset[str]:
        """What the app wants the user to see: login, consent, select_account."""
        return frozenset(self.parameters.get("prompt", "").split())

    @property
    def immediate(self) -> bool:
        """Whether the user must not see anything."""
        return self.parameters.get("immediate") == "true" or "none" in self.prompts

    @property
    def challenge(self) -> str | None:
        """The S256 challenge of PKCE, or None."""
        return self.parameters.get("code_challenge") or None

    @property
    def query(self) -> str:
        """The parameters as the query of an address."""
        return urlencode(self.parameters)

    def scopes(self) -> tuple[str, ...]:
        """What the app asks for; raises OAuthError invalid_scope."""
        return asked_scopes(self.app, self.parameters.get("scope", ""))

    def check(self) -> None:
        """Raise OAuthError for what is wrong with the request itself."""
        check_not_blocked(self.app)
        self._check_response_type()
        self._check_challenge()
        self.scopes()

    def signed_in_url(self) -> str:
        """Where to go on once the user has signed in or chosen an account."""
        prompts = " ".join(sorted(self.prompts - _SIGN_IN_PROMPTS))
        return self._with_prompt(prompts)

    def sign_in_url(self) -> str:
        """Where to sign in anew, such as with another account."""
        return self._with_prompt(" ".join(sorted((self.prompts - _SIGN_IN_PROMPTS) | {"login"})))

    def answer_url(self, **answer: str) -> str:
        """The callback with an answer, and the state that the app sent."""
        if self.parameters.get("state"):
            answer["state"] = self.parameters["state"]
        joint = "&" if urlsplit(self.redirect_uri).query else "?"
        return self.redirect_uri + joint + urlencode(answer)

    def error_url(self, error: OAuthError) -> str:
        """The callback with an error."""
        return self.answer_url(error=error.error, error_description=error.description)

    def _with_prompt(self, prompts: str) -> str:
        parameters = {name: text for name, text in self.parameters.items() if name != "prompt"}
        if prompts:
            parameters["prompt"] = prompts
        return f"{AUTHORIZE}?{urlencode(parameters)}"

    def _check_response_type(self) -> None:
        response_type = self.parameters.get("response_type")
        if not response_type:
            raise OAuthError("invalid_request", "missing required parameter: response_type")
        if response_type != "code":
            raise OAuthError("unsupported_response_type", "response type not supported")

    def _check_challenge(self) -> None:
        if self.challenge is None:
            if self.app.require_pkce:
                raise OAuthError("invalid_request", "missing required code challenge")
            return
        if self.parameters.get("code_challenge_method", "S256") != "S256":
            raise OAuthError("invalid_request", "code challenge method must be S256")
        if not _CHALLENGE.fullmatch(self.challenge):
            raise OAuthError("invalid_request", "invalid code challenge")


def read_request(org: Org, parameters: Mapping[str, str]) -> AuthorizeRequest:
    """The request of these parameters; raises OAuthError where nobody may be sent back."""
    app = find_app(org, parameters.get("client_id", ""))
    uri = parameters.get("redirect_uri", "")
    if not uri:
        raise OAuthError("redirect_uri_missing", "missing required parameter: redirect_uri")
    if not app.takes_callback(uri):
        raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
    return AuthorizeRequest(app=app, redirect_uri=uri, parameters=parameters)
