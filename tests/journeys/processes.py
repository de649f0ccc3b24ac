"""Real processes for journeys: the command `isthmus` with a data folder, and an org."""

import contextlib
import dataclasses
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SECRET = "shared-with-nobody"
PATIENCE_SECONDS = 120
TERMINAL_COLUMNS = 80
_INHERITED = ("PATH", "HOME", "TMPDIR")
QUICK = {"fsync": "off", "synchronous_commit": "on", "full_page_writes": "off"}
"""The machine does not lose its power here; what a killed process wrote is kept by the kernel."""


@dataclass(frozen=True, kw_only=True)
class Ended:
    """What a command left."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """The one document on standard output."""
        return json.loads(self.out)


@dataclass(kw_only=True)
class Isthmus:
    """The command, with a data folder of its own and the environment that it is given."""

    home: Path
    environment: dict[str, str] = field(default_factory=dict)
    program: tuple[str, ...] = (sys.executable, "-m", "isthmus")
    patience_seconds: float = PATIENCE_SECONDS

    def set(self, **variables: str) -> "Isthmus":
        """The same, with more in the environment."""
        return dataclasses.replace(self, environment={**self.environment, **variables})

    def variables(self) -> dict[str, str]:
        inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        return {
            **inherited,
            "ISTHMUS_HOME": str(self.home),
            "COLUMNS": str(TERMINAL_COLUMNS),
            "LANG": "C.UTF-8",
            **self.environment,
        }

    def run(self, *arguments: str, stdin: str = "") -> Ended:
        """Run a command to its end."""
        done = subprocess.run(
            [*self.program, *arguments],
            input=stdin.encode(),
            capture_output=True,
            env=self.variables(),
            timeout=self.patience_seconds,
            check=False,
        )
        return Ended(status=done.returncode, out=done.stdout.decode(), err=done.stderr.decode())

    def json(self, *arguments: str, status: int = 0) -> Any:
        """The document of a command with --json, which has to end with `status`."""
        ended = self.run(*arguments, "--json")
        assert ended.status == status, ended
        return ended.json

    def expect(self, *arguments: str, status: int = 0) -> Ended:
        """What a command left that has to end with `status`."""
        ended = self.run(*arguments)
        assert ended.status == status, ended
        return ended

    @contextlib.contextmanager
    def start(self, *arguments: str) -> Iterator["Going"]:
        """A command that goes on; it is killed where the block leaves it behind."""
        with subprocess.Popen(
            [*self.program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env=self.variables(),
        ) as process:
            try:
                yield Going(process)
            finally:
                process.kill()

    def on_terminal(self, *arguments: str, typed: bytes = b"") -> Ended:
        """Run a command with a terminal of 80 columns as its standard streams, all in `out`.

        `typed` is what somebody types once they are asked for a yes or no.
        """
        import pty

        main, terminal = pty.openpty()
        with subprocess.Popen(
            [*self.program, *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            env={"TERM": "xterm-256color", **self.variables()},
        ) as process:
            os.close(terminal)
            shown = b""
            for chunk in _chunks(main):
                shown += chunk
                if typed and b"[y/N]" in shown:
                    os.write(main, typed)
                    typed = b""
            status = process.wait(PATIENCE_SECONDS)
        os.close(main)
        return Ended(status=status, out=shown.decode().replace("\r\n", "\n"), err="")


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "isthmus", *arguments]


def _chunks(descriptor: int) -> Iterator[bytes]:
    # A terminal that nobody holds any more ends with an error on Linux, not with no bytes.
    with contextlib.suppress(OSError):
        while chunk := os.read(descriptor, 65536):
            yield chunk


def free_port() -> int:
    """A port of this machine that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@dataclass
class Going:
    """A command that is under way."""

    process: "subprocess.Popen[bytes]"
    said: str = ""

    def wait_for(self, words: str) -> None:
        """Wait until the words stand on standard error."""
        stream = self.process.stderr
        assert stream is not None
        limit = time.monotonic() + PATIENCE_SECONDS
        while words not in self.said:
            ready, _, _ = select.select([stream], [], [], max(0, limit - time.monotonic()))
            chunk = os.read(stream.fileno(), 65536) if ready else b""
            assert chunk, f"{words!r} was not said, but: {self.said}"
            self.said += chunk.decode()

    def send(self, number: signal.Signals) -> None:
        self.process.send_signal(number)

    def end(self) -> Ended:
        """What it left, at its end."""
        out, err = self.process.communicate(timeout=PATIENCE_SECONDS)
        return Ended(
            status=self.process.returncode, out=(out or b"").decode(), err=self.said + err.decode()
        )


@dataclass(frozen=True, kw_only=True)
class LocalOrg:
    """A running stand-in org."""

    url: str
    process: "subprocess.Popen[str]"

    @property
    def host(self) -> str:
        return self.url.removeprefix("http://")

    @property
    def environment(self) -> dict[str, str]:
        """What documents and the command need to reach it."""
        return {
            "LOCALORG_URL": self.url,
            "LOCALORG_SECRET": SECRET,
            "ISTHMUS_SALESFORCE_HOSTS": self.host,
        }

    def control(self, path: str, content: Mapping[str, Any], *, method: str = "POST") -> Any:
        """Call a control endpoint."""
        request = urllib.request.Request(  # noqa: S310 - our own process, by http
            f"{self.url}/_localorg/{path}",
            data=json.dumps(content).encode(),
            headers={"Content-Type": "application/json"},
            method=method,
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            return json.loads(answer.read() or b"null")

    def read(self, path: str) -> Any:
        """Read what a control endpoint says."""
        address = f"{self.url}/_localorg/{path}"
        with urllib.request.urlopen(address, timeout=PATIENCE_SECONDS) as answer:  # noqa: S310
            return json.load(answer)

    def edit(self, sobject: str, count: int, *, seed: int = 1) -> int:
        """Let users edit records, and move the org's clock past the second of their stamps."""
        answer = self.control("activity", {"object": sobject, "count": count, "seed": seed})
        self.control("clock", {"advance_seconds": 2})
        return len(answer["changed"])


@contextlib.contextmanager
def running_org(data: Path, *, port: int = 0, number: int = 1) -> Iterator[LocalOrg]:
    """The org that is kept in the file `data`; it dies with this process at the latest.

    Another `number` is another org.
    """
    words = ["serve", "--port", str(port), "--data", str(data), "--client-secret", SECRET]
    with subprocess.Popen(
        [sys.executable, "-m", "localorg", *words, "--control", "--exit-with-stdin"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LOCALORG_ORGANIZATION": str(number)},
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line.startswith("localorg ready "), line
            yield LocalOrg(url=line.split()[-1], process=process)
        finally:
            process.send_signal(signal.SIGCONT)
            process.stdin.close()
            process.wait(PATIENCE_SECONDS)


def seed_org(data: Path, **amounts: int) -> None:
    """Make an org of made-up people in the file `data`."""
    options = [word for name, number in amounts.items() for word in (f"--{name}", str(number))]
    subprocess.run(
        [sys.executable, "-m", "localorg", "seed", "--data", str(data), *options], check=True
    )
