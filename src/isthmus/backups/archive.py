"""A backup's file, looked through before anything is done with it."""

import hashlib
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from zipfile import BadZipFile, ZipFile

import isthmus
from isthmus.backups.errors import BackupMissing, BackupTooNew, BackupUnreadable
from isthmus.backups.manifest import DUMP, KEY, Manifest

BLOCK_BYTES = 1 << 20


@contextmanager
def opened(file: Path) -> Iterator[ZipFile]:
    """The archive. Raises `BackupUnreadable` where it is none, or breaks off."""
    try:
        with ZipFile(file) as archive:
            yield archive
    except (BadZipFile, EOFError, zlib.error) as error:
        raise BackupUnreadable(
            f"{file} is not whole, or no backup at all ({error}). Nothing was restored. Take "
            f"another copy of it, or an earlier backup."
        ) from error
    except OSError as error:
        raise BackupMissing(
            f"{file} can't be read ({error.strerror or error}). Give the path of a file that "
            f"`isthmus backup` has written, and let this account read it."
        ) from error


def check(file: Path, archive: ZipFile) -> Manifest:
    """Read all of it once, and say what is in it. Raises where it can't be restored here."""
    manifest = Manifest.read(archive)
    if _numbers(manifest.version) > _numbers(isthmus.__version__):
        raise too_new(manifest)
    size, digest = 0, hashlib.sha256()
    try:
        with archive.open(DUMP) as dump:
            while block := dump.read(BLOCK_BYTES):
                digest.update(block)
                size += len(block)
    except KeyError as error:
        raise BackupUnreadable(f"{file} has no dump in it: it is no backup of Isthmus.") from error
    if (size, digest.hexdigest()) != (manifest.dump_bytes, manifest.dump_sha256):
        raise BackupUnreadable(
            f"{file} is not what was written: its content does not fit its own description. "
            f"Nothing was restored. Take another copy of it, or an earlier backup."
        )
    return manifest


def too_new(manifest: Manifest) -> BackupTooNew:
    """What is said of a backup that a later version made."""
    return BackupTooNew(
        f"The backup was made by Isthmus {manifest.version}, and this is {isthmus.__version__}, "
        f"which does not know all of its tables. Install the version that made it, or a later one, "
        f"and restore it with that."
    )


def key_text(archive: ZipFile) -> str:
    """The keys that are in the file; empty where there are none."""
    return archive.read(KEY).decode("ascii") if KEY in archive.namelist() else ""


def key_words(manifest: Manifest) -> str:
    """What is said where the key of the secrets is not here."""
    mark = manifest.keys[0] if manifest.keys else "unknown"
    return (
        f"The secrets in the backup (sign-ins to Salesforce and others) were sealed with a key "
        f"that is not here; its mark is {mark}. Put that key into ISTHMUS_SECRET_KEY, or the file "
        f"secret.key of the old data folder into this one, and try again. Without it add "
        f"--without-key: then every connection has to be signed in to again."
    )


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(each) for each in version.split(".") if each.isdigit())
