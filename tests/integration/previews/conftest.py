"""Stores with the properties that the tests of imports and exports use."""

from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.importing.histories import PROPERTIES


@pytest.fixture
def world(store: Connection[Any]) -> Connection[Any]:
    """A store with the properties of the histories."""
    set_up.new_properties(PROPERTIES.values())
    return store
