"""Where things are below the data folder, and files made safely in it."""

import os
import secrets
import stat
from dataclasses import dataclass
from pathlib import Path

from isthmus.embedded import errors
from isthmus.embedded.account import Account

PASSWORD_BYTES = 24


@dataclass(frozen=True)
class Folder:
    """The bundled server's part of a data folder: `postgresql` and what is in it."""

    # Absolute path of `postgresql`; belongs to whoever runs Isthmus, mode 0700.
    path: Path

    @property
    def data(self) -> Path:
        """The cluster (PGDATA); belongs to the account that the server runs as."""
        return self.path / "data"

    @property
    def unfinished(self) -> Path:
        """The cluster while it is being created; renamed to `data` when it is complete."""
        return self.path / "data.new"

    @property
    def change_lock(self) -> Path:
        """Held by the one process that creates, starts or stops the server."""
        return self.path / "change.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by everyone who uses the server."""
        return self.path / "users.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server's processes themselves, inherited from one to the next."""
        return self.path / "server.lock"

    @property
    def start_log(self) -> Path:
        """What the server wrote before its own log was open."""
        return self.path / "start.log"

    @property
    def logs(self) -> Path:
        """The server's own log files, one per weekday."""
        return self.data / "log"

    @property
    def password(self) -> Path:
        """The database password; inside the cluster so that both appear at once."""
        return self.data / "isthmus.password"


def locate(home: Path) -> Folder:
    """Return the places for the data folder `home`, touching nothing."""
    return Folder(home.expanduser().resolve() / "postgresql")


def prepare(home: Path) -> Folder:
    """Return the places for `home` after making the folders that are missing."""
    folder = locate(home)
    folder.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not folder.path.exists():
        folder.path.mkdir(mode=0o700, exist_ok=True)
        give_to_owner_of(folder.path.parent, folder.path)
    for file in (folder.change_lock, folder.users_lock, folder.server_lock, folder.start_log):
        make_empty_file(file)
    return folder


def make_empty_file(path: Path) -> None:
    """Make the empty file `path` where it is missing, owned like the folder that it is in."""
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    except FileExistsError:
        return
    os.close(descriptor)
    give_to_owner_of(path.parent, path)


def give_to_owner_of(model: Path, path: Path) -> None:
    """When root works in a user's folder, leave that user in possession of what is made there."""
    if os.geteuid() == 0:
        owner = model.stat()
        os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def make_private_folder(path: Path, account: Account) -> None:
    """Make `path`, if it is missing, as a folder that only `account` may enter."""
    if not path.is_dir() or path.is_symlink():
        path.mkdir(mode=0o700)
    account.give(path)


def write_private(path: Path, text: str, account: Account) -> None:
    """Write `path` whole or not at all, readable by `account` only.

    The folder may belong to an account with fewer rights than ours, so links in it are not
    followed: the text goes to a new file, which then takes the name.
    """
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        with open(os.open(fresh, flags, 0o600), "wb") as file:  # noqa: PTH123 - a descriptor
            file.write(os.fsencode(text))
            file.flush()
            os.fsync(file.fileno())
        account.give(fresh)
        fresh.replace(path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def read_password(folder: Folder) -> str:
    """Return the database password kept in the cluster."""
    try:
        descriptor = os.open(folder.password, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError as error:
        raise errors.PasswordUnusable(
            f"The password file {folder.password} is missing. Put it back from a backup of the "
            f"data folder, {errors.USE_OWN_SERVER}."
        ) from error
    with open(descriptor, encoding="ascii") as file:  # noqa: PTH123 - a descriptor
        return file.read().strip()


def is_private(path: Path, account: Account) -> bool:
    """Tell whether `path` is a real folder that `account` owns and nobody else may enter."""
    try:
        found = path.lstat()
    except OSError:
        return False
    mode = stat.S_IMODE(found.st_mode)
    return stat.S_ISDIR(found.st_mode) and found.st_uid == account.user_id and not mode & 0o077
