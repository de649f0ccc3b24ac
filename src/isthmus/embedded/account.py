"""The account that the server runs as: PostgreSQL refuses to run as root."""

import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from isthmus.embedded import errors

if sys.platform != "win32":
    import pwd

# Accounts without rights of their own, best first; none is ever created.
UNPRIVILEGED_ACCOUNTS = ("isthmus", "postgres", "nobody")
# The longest path that PostgreSQL takes for its data folder is 1023 bytes; it adds names to it.
LONGEST_DATA_PATH = 900
PROC_WORKING_FOLDER = "/proc/self/cwd"


@dataclass(frozen=True)
class Account:
    """A user id and group id to run a process as."""

    user_id: int
    group_id: int

    @property
    def is_another(self) -> bool:
        """Whether rights have to be dropped to become this account."""
        return self.user_id != os.geteuid()

    def check_name(self) -> None:
        """Refuse an account without a name, for which PostgreSQL creates no cluster."""
        try:
            pwd.getpwuid(self.user_id)
        except KeyError as error:
            raise errors.AccountMissing(
                f"The user id {self.user_id} has no name on this machine, and PostgreSQL creates a "
                f"database only for an account that has one. Add it to /etc/passwd (in a "
                f"container: run as a user that the image knows), {errors.USE_OWN_SERVER}."
            ) from error

    def give(self, path: Path) -> None:
        """Make this account the owner of `path` itself, never of what a link points to."""
        if self.is_another:
            os.chown(path, self.user_id, self.group_id, follow_symlinks=False)

    def give_all(self, folder: Path) -> None:
        """Make this account the owner of `folder` and everything in it."""
        for place, folders, files in os.walk(folder):
            for name in (".", *folders, *files):
                self.give(Path(place, name))

    def process_options(self, folder: Path, keep: Iterable[int] = ()) -> dict[str, Any]:
        """Return the options of `subprocess.Popen` for a process of the server in `folder`.

        It leads a session of its own, so a terminal's Ctrl-C does not reach it; it inherits
        none of our environment, where PGPORT and the like would change it; it enters `folder`
        before it drops rights, so the folders above need not let the account pass.
        """
        options: dict[str, Any] = {
            "cwd": folder,
            "env": {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
            "pass_fds": tuple(keep),
            "start_new_session": True,
            "umask": 0o077,
        }
        if self.is_another:
            options |= {"user": self.user_id, "group": self.group_id, "extra_groups": []}
        return options

    def name_for(self, folder: Path) -> str:
        """Return the name by which a process of this account that stands in `folder` reaches it.

        /proc/self/cwd leads straight to the folder, past parents that the account may not pass
        (such as /root) and past PostgreSQL's limit on the length of paths. Each process of the
        server keeps standing in the data folder, so the name stays true for all of them.
        """
        too_long = len(os.fsencode(folder)) > LONGEST_DATA_PATH
        if (self.is_another or too_long) and Path(PROC_WORKING_FOLDER).exists():
            return PROC_WORKING_FOLDER
        return str(folder)


def account_for(folder: Path, data: Path) -> Account:
    """Return the account for the server below `folder`, whose cluster is (or will be) `data`."""
    if os.geteuid() != 0:
        return Account(os.geteuid(), os.getegid())
    for place in (data, folder):
        owner = place.stat() if place.exists() else None
        if owner is not None and owner.st_uid != 0:
            return Account(owner.st_uid, owner.st_gid)
    return _unprivileged()


def _unprivileged() -> Account:
    for name in UNPRIVILEGED_ACCOUNTS:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_uid, found.pw_gid)
    raise errors.AccountMissing(
        "PostgreSQL does not run as root, and none of the accounts "
        f"{', '.join(UNPRIVILEGED_ACCOUNTS)} exists to run it as. Run Isthmus as an ordinary "
        f"user, add one of these accounts, {errors.USE_OWN_SERVER}."
    )
