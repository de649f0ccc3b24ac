"""The server's own words."""

import time
from pathlib import Path

from isthmus.embedded.folder import Folder

LINES_SHOWN = 15
BYTES_READ = 16_384
# Files are named by weekday and emptied when their day comes again while the server runs.
# A server that is started and stopped daily never gets there, so old files go at start.
KEPT_SECONDS = 6 * 86_400


def newest_log(folder: Folder) -> Path | None:
    """Return the log file that was written last."""
    try:
        files = [(path.stat().st_mtime, path) for path in folder.logs.glob("*.log")]
    except OSError:
        return None
    return max(files)[1] if files else None


def last_lines(path: Path | None, count: int = LINES_SHOWN) -> list[str]:
    """Return the last lines of a log file, none when it can't be read."""
    try:
        with (path or Path()).open("rb") as file:
            file.seek(0, 2)
            file.seek(max(0, file.tell() - BYTES_READ))
            return file.read().decode(errors="replace").splitlines()[-count:]
    except OSError:
        return []


def last_words(folder: Folder) -> str:
    """Return the last lines of this start's logs, with their paths, to be shown in an error."""
    parts = []
    for path in (folder.start_log, newest_log(folder)):
        lines = last_lines(path)
        if path and lines and not _is_older(path, folder.start_log):
            parts.append(f"{path}:\n" + "\n".join(f"  {line}" for line in lines))
    return "\n".join(parts) or f"(no log yet; it would be in {folder.logs})"


def _is_older(path: Path, other: Path) -> bool:
    """Tell whether `path` was written last before `other`, so by an earlier start."""
    return path.stat().st_mtime < other.stat().st_mtime


def last_progress(folder: Folder) -> str:
    """Return the newest line on which the server says how far its recovery is, without its head."""
    lines = last_lines(newest_log(folder))
    found = [line.partition("LOG:  ")[2] for line in lines if "elapsed time" in line]
    return found[-1] if found else ""


def growth(folder: Folder) -> tuple[str, int]:
    """Return something that changes whenever the server writes to its log."""
    newest = newest_log(folder)
    try:
        return (str(newest), newest.stat().st_size if newest else 0)
    except OSError:
        return ("", 0)


def drop_old_logs(logs: Path) -> None:
    """Remove log files of past weeks."""
    for path in logs.glob("*.log"):
        if time.time() - path.stat().st_mtime > KEPT_SECONDS:
            path.unlink(missing_ok=True)
