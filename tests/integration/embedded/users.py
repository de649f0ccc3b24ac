"""Real processes that use a server."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import psutil

from isthmus.embedded import postmaster
from isthmus.embedded.folder import locate

PROGRAM = Path(__file__).with_name("user_program.py")
PATIENCE_SECONDS = 60


class User:
    """A process that uses the server of a data folder until it is told to leave."""

    def __init__(self, home: Path, *user_id: int) -> None:
        self.process = subprocess.Popen(
            [sys.executable, PROGRAM, home, *map(str, user_id)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )

    def said(self) -> dict[str, Any]:
        """Wait for the process's next line: the server that it got, or the error."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, f"the process ended with status {self.process.wait()}"
        answer: dict[str, Any] = json.loads(line)
        return answer

    def leave(self) -> int:
        self.process.communicate("leave\n", timeout=PATIENCE_SECONDS)
        return self.process.returncode

    def receive(self, number: signal.Signals) -> int:
        """Send a signal to the whole process group, as a terminal does."""
        os.killpg(self.process.pid, number)
        self.process.communicate(timeout=PATIENCE_SECONDS)
        return self.process.returncode

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate(timeout=PATIENCE_SECONDS)


def server_processes(home: Path) -> list[psutil.Process]:
    """The server's processes that have not ended."""
    return [process for process in postmaster.processes(locate(home)) if lives(process)]


def lives(process: psutil.Process) -> bool:
    """Whether a process has not ended; its parent may not have asked for its status yet."""
    try:
        return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
