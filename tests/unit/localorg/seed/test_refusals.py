"""What can't be seeded is refused before anything is written."""

from datetime import UTC, datetime

import pytest

from localorg.seed import seed
from unit.localorg.seed.conftest import NOW, NewOrg, read_records

NOTHING = {"leads": 0, "contacts": 0, "persons": 0, "cases": 0}


def test_an_org_with_records_is_not_seeded_again(new_org: NewOrg) -> None:
    store = new_org(leads=3)
    with pytest.raises(ValueError, match="only an empty one can be seeded"):
        seed(store, seed=1, now=NOW, **(NOTHING | {"leads": 5}))
    assert len(read_records(store, "Lead")) == 3


@pytest.mark.parametrize("name", sorted(NOTHING))
def test_a_negative_number_is_refused_by_name(new_org: NewOrg, name: str) -> None:
    with pytest.raises(ValueError, match=f"can't have -1 {name}"):
        new_org(**{name: -1})


def test_a_time_without_a_zone_is_refused(new_org: NewOrg) -> None:
    with pytest.raises(ValueError, match="has no time zone"):
        new_org(leads=1, now=datetime(2026, 1, 31))  # noqa: DTZ001 - the point of the test


def test_a_time_before_the_first_records_is_refused(new_org: NewOrg) -> None:
    with pytest.raises(ValueError, match="Pass a later time"):
        new_org(leads=1, now=datetime(2004, 3, 1, tzinfo=UTC))


def test_nothing_may_be_asked_for(new_org: NewOrg) -> None:
    assert new_org().is_empty()
