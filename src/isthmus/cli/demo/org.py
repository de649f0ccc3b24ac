"""The demo's org: localorg as a child process that ends with us, however we end."""

import json
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.errors import Final

SECRET = "localorg-secret"  # noqa: S105 - the documented secret of an org that is made up
STOP_SECONDS = 20


class OrgNotStarted(Final):
    """The demo's org did not start."""


@dataclass(frozen=True, kw_only=True)
class DemoOrg:
    """A running localorg."""

    url: str

    @property
    def host(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")

    def let_users_change(self, object_name: str, count: int, seed: int) -> int:
        """Let the org's users edit `count` records; how many they edited."""
        request = urllib.request.Request(  # noqa: S310 - our own child process, by http
            f"{self.url}/_localorg/activity",
            data=json.dumps({"object": object_name, "count": count, "seed": seed}).encode(),
            headers={"Content-Type": "application/json"},
            method="POST",
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310 - as above
            changed: list[Any] = json.load(answer)["changed"]
        return len(changed)


@contextmanager
def running_org(data: Path, size: int) -> Iterator[DemoOrg]:
    """The org kept in the file `data`, made with `size` leads on first use.

    It listens on a free port of this machine. It ends when its standard input does: a parent
    that is killed leaves no process behind.
    """
    data.parent.mkdir(parents=True, exist_ok=True)
    with subprocess.Popen(  # noqa: S603 - our own program
        _command(data, size),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield DemoOrg(url=_address(process))
        finally:
            assert process.stdin is not None  # noqa: S101 - asked for above
            process.stdin.close()
            _end(process)


def _command(data: Path, size: int) -> list[str]:
    amounts = {
        "--leads": size,
        "--contacts": size,
        "--persons": size // 4,
        "--cases": size // 4,
        "--seed": 1,
        "--port": 0,
    }
    options = [word for name, value in amounts.items() for word in (name, str(value))]
    return [
        sys.executable,
        "-m",
        "localorg",
        "serve",
        "--data",
        str(data),
        "--control",
        "--exit-with-stdin",
        *options,
    ]


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None  # noqa: S101 - asked for above
    line = process.stdout.readline()
    if not line.startswith("localorg ready "):
        raise OrgNotStarted(
            f"The demo's org did not start ({line.strip() or 'it said nothing'}). Its messages are "
            f"above. If its file is damaged, delete the demo's data folder and start again."
        )
    return line.split()[-1]


def _end(process: subprocess.Popen[str]) -> None:
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
