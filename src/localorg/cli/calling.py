"""Calls to the control endpoints of a running org."""

import json
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import urlencode

import typer

_MOST_SECONDS = 600.0
# Statuses of answers whose message says what to do.
_TOLD = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN})

Url = Annotated[
    str,
    typer.Option(
        envvar="LOCALORG_URL", metavar="URL", help="Where the org runs, with `serve --control`."
    ),
]
DEFAULT_URL = "http://127.0.0.1:8765"


@dataclass(frozen=True)
class Endpoints:
    """The control endpoints of the org at one address."""

    url: str

    def get(self, path: str, /, **query: object) -> Any:
        """What a GET answers; parameters that are None or empty are left out."""
        given = {name: value for name, value in query.items() if value not in (None, "")}
        return self.call("GET", f"{path}?{urlencode(given)}" if given else path)

    def post(self, path: str, /, **body: object) -> Any:
        """What a POST of a JSON object answers; values that are None are left out."""
        given = {name: value for name, value in body.items() if value is not None}
        return self.call("POST", path, json.dumps(given).encode())

    def delete(self, path: str) -> Any:
        """What a DELETE answers."""
        return self.call("DELETE", path)

    def call(self, method: str, path: str, body: bytes | None = None) -> Any:
        """What any request answers; `path` is what follows /_localorg."""
        import urllib3

        url = self.url.rstrip("/") + "/_localorg" + path
        try:
            with urllib3.PoolManager(ssl_context=_trusting(url)) as http:
                answer = http.request(
                    method,
                    url,
                    body=body,
                    headers={"content-type": "application/json"},
                    retries=False,
                    timeout=_MOST_SECONDS,
                )
        except (urllib3.exceptions.HTTPError, OSError) as error:
            message = f"No org answers at {self.url}: {error}. Start it with --control."
            raise typer.BadParameter(message, param_hint="--url") from error
        return self._read(f"{method} /_localorg{path}", answer.status, answer.data)

    def _read(self, request: str, status: int, data: bytes) -> Any:
        try:
            answer = json.loads(data) if data else None
        except ValueError:
            answer = None
        if status < HTTPStatus.BAD_REQUEST:
            return answer
        if status in _TOLD and isinstance(answer, list):
            raise typer.BadParameter(answer[0]["message"])
        message = (
            f"What is at {self.url} answers {status} to {request}: there is no such control "
            "endpoint, or `localorg serve` was started without --control."
        )
        raise typer.BadParameter(message, param_hint="--url")


def show(answer: Any) -> None:
    """Print an answer for people and programs: JSON, indented."""
    typer.echo(json.dumps(answer, indent=2, ensure_ascii=False))


def _trusting(url: str) -> Any:
    """What the system trusts, and localorg's own authority if there is one."""
    import ssl

    from localorg.certificates import default_folder

    if not url.startswith("https:"):
        return None
    context = ssl.create_default_context()
    certificate = _ca_folder(default_folder()) / "ca.pem"
    if certificate.exists():
        context.load_verify_locations(certificate)
    return context


def _ca_folder(default: Path) -> Path:
    import os

    return Path(os.environ.get("LOCALORG_CA_FOLDER") or default)
