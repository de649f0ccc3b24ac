from pathlib import Path

import pytest

from journeys.processes import Isthmus

STORE = Path(__file__).parents[2] / "cases" / "cli" / "store.yaml"


@pytest.fixture
def document(place: Path) -> Path:
    """A copy of the set-up that works, called `store.yaml`."""
    path = place / "store.yaml"
    path.write_text(STORE.read_text())
    return path


@pytest.fixture
def ready(acme: Isthmus, document: Path) -> Isthmus:
    """The command with the set-up applied and the org within reach."""
    acme.expect("config", "apply", str(document))
    return acme
