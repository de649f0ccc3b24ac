"""Pictures of every page, to look at: `python -m journeys.web.pictures FOLDER [NAME …]`.

With `PYTHONPATH=tests`. Each in light and dark, 1400 and 390 px wide.
"""

import shutil
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from isthmus import embedded
from journeys.conftest import CASES, CONTACTS, LEADS, PERSONS
from journeys.processes import Isthmus, running_org, seed_org
from journeys.web import browsing
from journeys.web.browsing import HEIGHT, NARROW, WIDE
from journeys.web.world import World, filled, names

if TYPE_CHECKING:
    from playwright.sync_api import Page

SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


def main(folder: Path, chosen: list[str]) -> None:
    """Write the pictures into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    place = Path(tempfile.mkdtemp(prefix="pictures"))
    place.chmod(0o755)
    isthmus = Isthmus(home=place / "home")
    try:
        isthmus.expect("migrate")
        seed_org(
            place / "org.db", seed=7, leads=LEADS, contacts=CONTACTS, persons=PERSONS, cases=CASES
        )
        with (
            embedded.running(isthmus.home),
            running_org(place / "org.db") as org,
            browsing.started() as browser,
            filled(isthmus, org, browser, place) as world,
        ):
            page = world.pages.signed_in()
            for name in chosen or names():
                _take(world, page, name, folder)
    finally:
        shutil.rmtree(place, ignore_errors=True)


def _take(world: World, page: "Page", name: str, folder: Path) -> None:
    if not world.show(page, name):
        return
    for width in (WIDE, NARROW):
        page.set_viewport_size({"width": width, "height": HEIGHT})
        for scheme in SCHEMES:
            page.emulate_media(color_scheme=scheme)
            page.screenshot(path=folder / f"{name}-{scheme}-{width}.png", full_page=True)


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2:])
