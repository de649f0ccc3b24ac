"""A transport that answers from a script, and the client's other parts for it."""

import base64
import hashlib
import hmac
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import urllib3
from ruamel.yaml import YAML

from isthmus.salesforce import ClientCredentials, ClientSettings, Clock, HostPolicy, Salesforce
from isthmus.salesforce.transport import Answer
from isthmus.salesforce.wire import Request, Response

CASES = Path(__file__).parents[2] / "cases" / "salesforce"
ACME = "https://acme.my.salesforce.com"
ORG_ID = "00Dxx0000001gPLEAY"
USER_ID = "005xx000001SwiUAAS"
SECRET = "very-secret"
TOKEN_PATH = "/services/oauth2/token"
DATA = "/services/data/v62.0"
CREDENTIALS = ClientCredentials(login_url=ACME, client_id="app", client_secret=SECRET)


def cases(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = YAML(typ="safe").load(CASES / name)
    return found


FIRST = "00Dxx0000001gPL!first"


def token_body(token: str = FIRST, **changes: Any) -> dict[str, Any]:
    found: dict[str, Any] = {
        "access_token": token,
        "instance_url": ACME,
        "id": f"https://login.salesforce.com/id/{ORG_ID}/{USER_ID}",
        "token_type": "Bearer",
        "issued_at": "1767225600000",
        **changes,
    }
    signed = f"{found['id']}{found['issued_at']}".encode()
    mac = hmac.digest(SECRET.encode(), signed, hashlib.sha256)
    return {"signature": base64.b64encode(mac).decode(), **found}


def says(
    content: object = None, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """An answer: JSON, or bytes as they are."""
    body = content if isinstance(content, bytes) else orjson.dumps(content)
    return Response(status=status, headers=dict(headers or {}), body=body)


def refuses(code: str, words: str = "", status: int = 400) -> Response:
    return says([{"errorCode": code, "message": words}], status)


SIGNED_IN = says(token_body())
EXPIRED = refuses("INVALID_SESSION_ID", "Session expired or invalid", 401)


class ScriptedTransport:
    """Gives its answers in turn; an exception among them is raised."""

    def __init__(self, *script: Response | Exception) -> None:
        self.script = list(script)
        self.requests: list[Request] = []
        self.bodies: list[bytes] = []

    def break_off(self) -> None:
        self.script.clear()

    @property
    def calls(self) -> int:
        return len(self.requests)

    @property
    def targets(self) -> list[str]:
        return [request.target for request in self.requests]

    def open(self, request: Request) -> Answer:
        self.requests.append(request)
        body = request.body or b""
        self.bodies.append(body if isinstance(body, bytes) else b"".join(body))
        step = self.script.pop(0)
        if isinstance(step, Exception):
            raise step
        raw = urllib3.HTTPResponse(
            body=io.BytesIO(step.body),
            headers=step.headers,
            status=step.status,
            preload_content=False,
        )
        return Answer(raw, request)

    def close(self) -> None:
        pass


class Naps:
    """A clock that remembers how long it was asked to sleep, and does not."""

    def __init__(self, random: float = 1.0) -> None:
        self.slept: list[float] = []
        self.clock = Clock(
            now=lambda: 1_767_225_600.0, sleep=self.slept.append, random=lambda: random
        )


def client(
    transport: ScriptedTransport, naps: Naps | None = None, settings: ClientSettings | None = None
) -> Salesforce:
    return Salesforce(
        CREDENTIALS,
        hosts=HostPolicy(),
        settings=settings,
        clock=(naps or Naps()).clock,
        transport=transport,
    )


def signed_in(*script: Response | Exception) -> tuple[Salesforce, ScriptedTransport]:
    """A client whose first request is its sign-in, with the answers to what follows."""
    transport = ScriptedTransport(SIGNED_IN, *script)
    return client(transport), transport
