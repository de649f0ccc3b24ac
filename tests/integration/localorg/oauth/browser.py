"""A browser without JavaScript: follows no redirect by itself, keeps cookies, fills forms."""

import base64
import hashlib
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from integration.localorg.org_client import FORM, Answer, OrgClient

AUTHORIZE = "/services/oauth2/authorize"
CALLBACK = "http://localhost:1717/OauthRedirect"
PASSWORD = "localorg"
USER = "integration@localorg.example"
VERIFIER = "v" * 60
CHALLENGE = (
    base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()
)


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.labels: set[str] = set()
        self.inputs: set[str] = set()
        self.buttons: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: text or "" for name, text in attrs}
        if tag == "form":
            self.action = values["action"]
        elif tag == "input":
            self.fields[values["name"]] = values.get("value", "")
            if values.get("type") != "hidden":
                self.inputs.add(values["id"])
        elif tag == "label":
            self.labels.add(values["for"])
        elif tag == "button":
            self.buttons.append(values.get("value", ""))


def form_of(answer: Answer) -> _FormReader:
    reader = _FormReader()
    reader.feed(answer.text)
    return reader


class Browser:
    def __init__(self, client: OrgClient, host: str | None = None) -> None:
        self._client = client
        self._cookies: dict[str, str] = {}
        self._host = {} if host is None else {"host": host}

    def get(self, path: str) -> Answer:
        return self._send("GET", path)

    def open(self, **parameters: str) -> Answer:
        """Open the address that an app sends its user to."""
        given = {
            "response_type": "code",
            "client_id": "localorg",
            "redirect_uri": CALLBACK,
            "state": "xyz",
        } | parameters
        return self.get(f"{AUTHORIZE}?{urlencode(given)}")

    def submit(self, page: Answer, **filled: str) -> Answer:
        """Fill the form of a page and send it."""
        form = form_of(page)
        body = urlencode(form.fields | filled).encode()
        return self._send("POST", form.action, body)

    def log_in(self, page: Answer, username: str = USER, password: str = PASSWORD) -> Answer:
        """Log in and go on where the org says."""
        answer = self.submit(page, username=username, password=password)
        assert answer.status == 303, answer.text
        return self.get(answer.headers["location"])

    def approved_code(self, **parameters: str) -> str:
        """The code that an app gets once its user has logged in and allowed it."""
        page = self.open(**parameters)
        if 'name="password"' in page.text:
            page = self.log_in(page)
        if 'value="allow"' in page.text:
            page = self.submit(page, decision="allow")
        return returned(page)["code"]

    def _send(self, method: str, path: str, body: bytes | None = None) -> Answer:
        cookie = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        headers = {"cookie": cookie, **(FORM if body else {}), **self._host}
        answer = self._client.send(method, path, body=body, headers=headers)
        for name, morsel in SimpleCookie(answer.headers.get("set-cookie", "")).items():
            self._cookies[name] = morsel.value
        return answer


def returned(answer: Answer) -> dict[str, str]:
    """What an app is told at its callback."""
    assert answer.status == 302, answer.text
    location = answer.headers["location"]
    assert location.startswith(CALLBACK + "?"), location
    return dict(parse_qsl(urlsplit(location).query))


def exchanged(client: OrgClient, code: str, **changes: str) -> Answer:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "client_id": "localorg",
        "client_secret": "localorg-secret",
        "redirect_uri": CALLBACK,
    } | changes
    return client.token_answer(None, **form)


def refreshed(client: OrgClient, token: str, **changes: str) -> Answer:
    form = {
        "grant_type": "refresh_token",
        "refresh_token": token,
        "client_id": "localorg",
        "client_secret": "localorg-secret",
    } | changes
    return client.token_answer(None, **form)


def tokens(client: OrgClient, browser: Browser | None = None, **parameters: str) -> dict[str, Any]:
    """Access and refresh token of a new approval."""
    own = browser or Browser(client)
    answer = exchanged(client, own.approved_code(**{"scope": "api refresh_token"} | parameters))
    assert answer.status == 200, answer.text
    found: dict[str, Any] = answer.json
    return found


def error(answer: Answer) -> tuple[int, str, str]:
    return answer.status, answer.json["error"], answer.json["error_description"]
