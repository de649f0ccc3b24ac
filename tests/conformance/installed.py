"""Where the clients are that `make clients` installs, and what happens where they are not."""

import os
import platform
import shutil
import sys
from pathlib import Path

import pytest

HOME = Path(os.environ.get("ISTHMUS_HOME", ".isthmus")).resolve() / "clients"
MODULES = HOME / "node_modules"
# CI sets it: a client that is missing there is a failure, not a skip.
REQUIRED = os.environ.get("LOCALORG_CLIENTS") == "required"


def node() -> Path:
    """The program node of the installed package for this platform."""
    if sys.platform != "linux":
        # The package exists for Linux only; elsewhere the machine's own has to be new enough.
        return _installed(Path(shutil.which("node") or "node"))
    machine = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return _installed(MODULES / f"node-linux-{machine}" / "bin" / "node")


def node_module(name: str) -> Path:
    """The folder of an installed npm package."""
    return _installed(MODULES / name)


def tap() -> Path:
    """The program tap-salesforce."""
    return _installed(HOME / "tap" / "bin" / "tap-salesforce")


def _installed(path: Path) -> Path:
    if not path.exists():
        message = f"{path.name} is not installed. `make clients` does it; it needs npm."
        if REQUIRED:
            pytest.fail(message)
        pytest.skip(message)
    return path
