from pathlib import Path

import pytest

from journeys.kills.rounds import Played, play
from journeys.kills.scene import EXPORTS, IMPORTS, Scene, make_scene


@pytest.fixture(scope="session")
def import_scene(folder: Path, home_template: Path) -> Scene:
    """A store that is about to read what changed in the org."""
    return make_scene(folder / "import", home_template, IMPORTS)


@pytest.fixture(scope="session")
def export_scene(folder: Path, home_template: Path) -> Scene:
    """A store that is about to write into the org."""
    return make_scene(folder / "export", home_template, EXPORTS)


@pytest.fixture(scope="session")
def imported(import_scene: Scene) -> Played:
    """What the import gives where nothing happens to it."""
    return play(import_scene)


@pytest.fixture(scope="session")
def exported(export_scene: Scene) -> Played:
    """What the export gives where nothing happens to it."""
    return play(export_scene)
