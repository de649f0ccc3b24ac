from pathlib import Path

import pytest

from journeys.processes import Isthmus

CLOSED = "127.0.0.1:9"
STORE = Path(__file__).parents[2] / "cases" / "cli" / "store.yaml"


@pytest.fixture
def document(place: Path) -> Path:
    """A copy of the set-up that works, called `store.yaml`."""
    path = place / "store.yaml"
    path.write_text(STORE.read_text())
    return path


@pytest.fixture(scope="module")
def standing(shared_isthmus: Isthmus) -> Isthmus:
    """The command with the set-up applied in a store that is shared; its org does not answer."""
    command = shared_isthmus.set(
        LOCALORG_URL=f"http://{CLOSED}", LOCALORG_SECRET="x", ISTHMUS_SALESFORCE_HOSTS=CLOSED
    )
    command.expect("config", "apply", str(STORE))
    return command


@pytest.fixture
def ready(acme: Isthmus, document: Path) -> Isthmus:
    """The command with the set-up applied and the org within reach."""
    acme.expect("config", "apply", str(document))
    return acme
