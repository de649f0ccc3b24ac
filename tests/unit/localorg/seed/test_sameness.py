"""The same arguments give the same org, in every process."""

import hashlib
import json
import os
import subprocess
import sys

import pytest

from localorg.store import Store
from unit.localorg.seed.conftest import NewOrg, read_records

OBJECTS = ("Account", "Contact", "Lead", "Case")
SIZES = {"leads": 300, "contacts": 250, "persons": 120, "cases": 150}
IN_ANOTHER_PROCESS = """
from unit.localorg.seed.conftest import NOW
from unit.localorg.seed.test_sameness import SIZES, digest
from localorg.schema import standard_schema
from localorg.seed import seed
from localorg.store import IN_MEMORY, Store
store = Store(IN_MEMORY, standard_schema(), NOW)
seed(store, seed=5, now=NOW, **SIZES)
print(digest(store))
store.close()
"""


def digest(store: Store) -> str:
    rows = [read_records(store, name) for name in OBJECTS]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def test_the_same_seed_gives_the_same_rows_to_the_byte(new_org: NewOrg) -> None:
    assert digest(new_org(seed=5, **SIZES)) == digest(new_org(seed=5, **SIZES))


@pytest.mark.parametrize("object_name", OBJECTS)
def test_another_seed_gives_other_rows(new_org: NewOrg, object_name: str) -> None:
    one, other = new_org(seed=5, **SIZES), new_org(seed=6, **SIZES)
    assert read_records(one, object_name) != read_records(other, object_name)


def test_another_process_with_other_hashes_gives_the_same_rows(new_org: NewOrg) -> None:
    found = subprocess.run(
        [sys.executable, "-c", IN_ANOTHER_PROCESS],
        env=os.environ | {"PYTHONHASHSEED": "123", "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.strip() == digest(new_org(seed=5, **SIZES))


def test_how_many_cases_there_are_does_not_change_the_people(new_org: NewOrg) -> None:
    one, other = new_org(leads=100, contacts=50), new_org(leads=100, contacts=50, cases=80)
    for name in ("Account", "Contact", "Lead"):
        assert read_records(one, name) == read_records(other, name)
