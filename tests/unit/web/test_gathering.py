"""Where styles, scripts and icons are served from."""

import json
import threading
from pathlib import Path

from django.test import override_settings

from isthmus.web import gathering

SERVED = {"staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}}


def test_files_lie_compressed_under_names_of_their_content(tmp_path: Path) -> None:
    place = gathering.place(tmp_path)
    with override_settings(STORAGES=SERVED, STATIC_ROOT=str(place)):
        gathering.gather(place)

    names = json.loads((place / "staticfiles.json").read_text())["paths"]
    assert names["isthmus/kit.css"] != "isthmus/kit.css"
    assert (place / names["isthmus/kit.css"]).exists()
    assert (place / f"{names['isthmus/kit.css']}.gz").exists()
    assert [path.name for path in tmp_path.iterdir()] == [place.name]


def test_any_number_of_processes_may_gather_at_once_and_later_ones_leave_all_as_it_is(
    tmp_path: Path,
) -> None:
    place = gathering.place(tmp_path)
    with override_settings(STORAGES=SERVED, STATIC_ROOT=str(place)):
        threads = [threading.Thread(target=gathering.gather, args=(place,)) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        made = place.stat().st_ino, (place / "staticfiles.json").stat().st_mtime_ns
        gathering.gather(place)
    assert made == (place.stat().st_ino, (place / "staticfiles.json").stat().st_mtime_ns)
    assert [path.name for path in tmp_path.iterdir()] == [place.name]
