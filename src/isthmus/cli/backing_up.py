"""`isthmus backup`, `restore` and `resume`."""

import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.errors import Misuse
from isthmus.cli.formatting import moment, plural, size
from isthmus.cli.options import AsJson
from isthmus.cli.output import note, print_json, show

if TYPE_CHECKING:
    from isthmus.backups.finishing import Restored
    from isthmus.backups.manifest import Manifest

TELL_SECONDS = 5.0

File = Annotated[
    Path | None,
    typer.Argument(metavar="FILE", help="The file to write; - writes to standard output."),
]
To = Annotated[
    Path | None,
    typer.Option("--to", metavar="FOLDER", help="Write into this folder, under a name by time."),
]
Keep = Annotated[
    int | None,
    typer.Option(
        "--keep", metavar="N", min=1, help="With --to: keep the last N there, remove older ones."
    ),
]
WithKey = Annotated[
    bool,
    typer.Option(
        "--with-key",
        help="Put the key that opens the stored secrets into the file too. Whoever has the file "
        "can then use them: keep it as you keep passwords.",
    ),
]
Backup = Annotated[Path, typer.Argument(metavar="FILE", help="A file that `backup` has written.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Also where there is a store, which is lost then.")
]
Yes = Annotated[bool, typer.Option("--yes", help="Don't ask before replacing.")]
WithoutKey = Annotated[
    bool,
    typer.Option(
        "--without-key",
        help="Also where the key of the stored secrets is not here: they have to be entered again.",
    ),
]
Go = Annotated[
    bool,
    typer.Option(
        "--resume", help="Let it run at once: the installation of the backup runs no more."
    ),
]


def backup(
    file: File = None,
    *,
    to: To = None,
    keep: Keep = None,
    with_key: WithKey = False,
    as_json: AsJson = False,
) -> None:
    """Write the whole store into one file, while everything goes on.

    The file shows one moment, is readable by this account only, and is there whole or not at all.
    Stored secrets are in it as they are in the database, sealed; the key that opens them is not,
    unless --with-key is given. Browser sessions and what runs have staged are left out.
    """
    from isthmus.cli import session

    if (file is None) == (to is None):
        raise Misuse("Name a file to write, or a folder with --to; one of the two.")
    if keep is not None and to is None:
        raise Misuse("--keep goes with --to only.")
    if str(file) == "-" and (as_json or sys.stdout.isatty()):
        raise Misuse("Standard output has to go into a file or a pipe, and takes no --json.")
    target = _target(file, to)
    with session.database(migrated=False):
        manifest = _write(target, with_key=with_key)
        gone = _rotate(to, keep)
    if with_key:
        note("The key that opens the stored secrets is in the file: keep it as you keep passwords.")
    _tell_written(target, manifest, gone, as_json=as_json)


def _target(file: Path | None, to: Path | None) -> Path | None:
    """The file to write; None for standard output."""
    from isthmus.backups import rotating

    if to is not None:
        if not to.is_dir():
            raise Misuse(f"{to} is no folder. Make it first; only you should be able to read it.")
        return to / rotating.name_of(datetime.now(UTC))
    return None if str(file) == "-" else file


def _write(target: Path | None, *, with_key: bool) -> "Manifest":
    import os

    from isthmus.backups import writing
    from isthmus.profiles import database, upkeep
    from isthmus.profiles.migrate import pending

    conninfo = os.environ["ISTHMUS_CONNINFO"]
    told = _teller()
    if target is None:
        manifest = writing.to_stream(conninfo, sys.stdout.buffer, with_key=with_key, progress=told)
    else:
        manifest = writing.to_file(conninfo, target, with_key=with_key, progress=told)
    # A store of an earlier version may be backed up before it is migrated, and has no such table.
    if not pending():
        with database.connected(application="isthmus backup") as session:
            upkeep.note(session, upkeep.BACKUP, bytes=manifest.dump_bytes)
    return manifest


def _teller() -> Callable[[int], None]:
    """Say every few seconds how much is written."""
    last = time.monotonic()

    def tell(written: int) -> None:
        nonlocal last
        if time.monotonic() - last > TELL_SECONDS:
            last = time.monotonic()
            note(f"{size(written)} written")

    return tell


def _rotate(folder: Path | None, keep: int | None) -> list[Path]:
    from isthmus.backups import rotating

    if folder is None or keep is None:
        return []
    return rotating.drop_old(folder, keep)


def _tell_written(
    target: Path | None, manifest: "Manifest", gone: list[Path], *, as_json: bool
) -> None:
    mark = manifest.keys[0]
    if as_json:
        print_json(
            {
                "file": str(target),
                "bytes": target.stat().st_size if target else None,
                "made_at": manifest.made_at,
                "tables": len(manifest.tables),
                "rows": manifest.rows,
                "key": mark,
                "removed": [str(each) for each in gone],
            }
        )
        return
    rows = f"{plural(manifest.rows, 'row')} in {plural(len(manifest.tables), 'table')}"
    words = f"{rows}. The mark of the key that opens its secrets is {mark}."
    if target is None:
        note(words)
        return
    show(f"{target}: {size(target.stat().st_size)}, {words}")
    for each in gone:
        note(f"Removed: {each}")


def restore(
    file: Backup,
    *,
    replace: Replace = False,
    yes: Yes = False,
    without_key: WithoutKey = False,
    resume: Go = False,
    as_json: AsJson = False,
) -> None:
    """Restore a store from a file that `isthmus backup` has written.

    Into the data folder (ISTHMUS_HOME) or the server of DATABASE_URL, where there is no store yet;
    with --replace the one that is there is lost. The file is checked first, and what goes wrong
    leaves everything as it was. A backup of an earlier version is brought up to this one.

    Nothing runs in a restored store until `isthmus resume`: the installation that the backup was
    made of has to be ended first, as both would write to the same orgs.
    """
    from isthmus.backups import archive
    from isthmus.cli import session

    with archive.opened(file) as opened:
        manifest = archive.check(file, opened)
        note(
            f"A backup of {moment(manifest.made_at, UTC)} UTC by Isthmus {manifest.version}: "
            f"{plural(manifest.rows, 'row')}."
        )
        keys = _new_keys(manifest, archive.key_text(opened), without_key=without_key)
        with session.server() as conninfo:
            _check_target(conninfo, manifest, replace=replace, yes=yes)
            _adopt(keys)
            restored = _restore(conninfo, opened, manifest, hold=not resume, without=without_key)
    _tell_restored(manifest, restored, held=not resume, as_json=as_json)


def _new_keys(manifest: "Manifest", text: str, *, without_key: bool) -> list[str]:
    """The keys of the file, where none of those here opens the secrets; refuse where none does.

    A data folder has a key of its own as soon as anything was started with it.
    """
    from isthmus.backups.archive import key_words
    from isthmus.backups.errors import KeyMissing
    from isthmus.connections import secrets

    if set(secrets.marks()) & set(manifest.keys):
        return []
    inside = secrets.split(text)
    if not secrets.is_given() and set(map(secrets.mark, inside)) & set(manifest.keys):
        return inside
    if not without_key:
        raise KeyMissing(key_words(manifest))
    return []


def _adopt(keys: list[str]) -> None:
    from isthmus.connections import secrets

    if keys:
        secrets.adopt(keys)
        note("The key that opens the stored secrets was in the file; it is in the data folder now.")


def _check_target(conninfo: str, manifest: "Manifest", *, replace: bool, yes: bool) -> None:
    from isthmus.backups import restoring

    _check_room(manifest)
    restoring.check_target(conninfo, replace=replace)
    if replace and not yes:
        if not sys.stdin.isatty():
            raise Misuse("--replace asks before it replaces. Add --yes where nobody can answer.")
        typer.confirm("What is in the database now is lost. Replace it?", abort=True, err=True)


def _check_room(manifest: "Manifest") -> None:
    import os
    import shutil

    from isthmus.cli import session
    from isthmus.errors import Final
    from isthmus.home import home

    if os.environ.get(session.URL):
        return
    free = shutil.disk_usage(home()).free
    if free < manifest.database_bytes:
        raise Final(
            f"The disk of {home()} has {size(free)} free, and the store takes "
            f"{size(manifest.database_bytes)}. Make room, or set ISTHMUS_HOME to another disk."
        )


def _restore(
    conninfo: str, opened: Any, manifest: "Manifest", *, hold: bool, without: bool
) -> "Restored":
    from isthmus.backups import restoring
    from isthmus.cli import session

    with restoring.beside(conninfo, opened, manifest) as restored, session.prepared(restored):
        from isthmus.backups import finishing

        finishing.check_version(manifest)
        return finishing.finish(manifest, hold=hold, without_key=without)


def _tell_restored(
    manifest: "Manifest", restored: "Restored", *, held: bool, as_json: bool
) -> None:
    if as_json:
        made = {"made_at": manifest.made_at, "version": manifest.version, "held": held}
        print_json({**made, **vars(restored)})
        return
    things = (
        plural(restored.profiles, "profile"),
        plural(restored.connections, "connection"),
        plural(restored.runs, "run"),
        plural(restored.accounts, "account"),
    )
    show(f"Restored: {', '.join(things)}.")
    if restored.migrated:
        note("The tables were brought up to this version.")
    if restored.unreadable_secrets:
        number = plural(restored.unreadable_secrets, "stored secret")
        note(f"{number} can't be opened: sign the connections in again.")
    if restored.under_way:
        note(f"Goes on once it may run: {', '.join(restored.under_way)}.")
    if held:
        note(
            "Nothing runs yet. Make sure that the installation that the backup was made of no "
            "longer runs, then: isthmus resume."
        )


def resume() -> None:
    """Let a store run that was restored from a backup.

    Do this once the installation that the backup was made of has ended for good: two that have the
    same connections write to the same orgs, and neither knows what the other wrote.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import holding

        released = holding.release()
    note("Runs go on now." if released else "Nothing was held: runs go on as they did.")
