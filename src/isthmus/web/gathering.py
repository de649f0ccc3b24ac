"""Styles, scripts and icons, put where they are served from."""

import hashlib
import shutil
import tempfile
from importlib.resources import files
from pathlib import Path
from typing import Any

_DIGITS = 16


def place(folder: Path) -> Path:
    """Where the files of this version belong, within `folder`.

    It is named by their content: processes of two versions don't take each other's files away.
    """
    source = Path(str(files("isthmus.web").joinpath("static")))
    content = hashlib.sha256()
    for path in sorted(each for each in source.rglob("*") if each.is_file()):
        content.update(f"{path.relative_to(source)}\0{path.stat().st_size}\0".encode())
        content.update(path.read_bytes())
    return folder / content.hexdigest()[:_DIGITS]


def gather(into: Path) -> None:
    """Put the files there, compressed, under names of their content, where they are not yet.

    The folder gets its name when it is complete: any number of processes may start at once.
    """
    if into.exists():
        return
    into.parent.mkdir(parents=True, exist_ok=True)
    draft = Path(tempfile.mkdtemp(dir=into.parent, prefix="draft-"))
    try:
        _gather(draft)
        draft.rename(into)
    except OSError:
        if not into.exists():
            raise
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def _gather(folder: Path) -> None:
    from django.conf import settings
    from django.contrib.staticfiles.finders import get_finders
    from django.core.files.storage import storages

    chosen = {**settings.STORAGES["staticfiles"], "OPTIONS": {"location": folder}}
    storage: Any = storages.create_storage(chosen)
    found = {}
    for finder in get_finders():
        for path, source in finder.list([]):
            with source.open(path) as file:
                storage.save(path, file)
            found[path] = (storage, path)
    for _, _, result in storage.post_process(found):
        if isinstance(result, Exception):
            raise result
