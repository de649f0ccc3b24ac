"""Users edit records."""

from datetime import datetime, timedelta

import pytest

from localorg.clock import stored_datetime
from localorg.errors import SalesforceError
from localorg.ids import number_of
from localorg.schema import CASE_MIRRORS, PERSON_FIELDS
from localorg.seed import change_records
from localorg.store import OWNER_IDS, Store
from unit.localorg.seed.conftest import NewOrg, Record, read_records

SIZES = {"leads": 200, "contacts": 150, "persons": 90, "cases": 120}
STAMPS = {"LastModifiedDate", "LastModifiedById", "SystemModstamp"}


def by_id(store: Store, name: str) -> dict[str, Record]:
    return {row["Id"]: row for row in read_records(store, name)}


def differing(before: Record, after: Record) -> set[str]:
    return {name for name in before if before[name] != after[name]} - STAMPS


@pytest.fixture
def store(new_org: NewOrg) -> Store:
    return new_org(**SIZES)


@pytest.fixture
def later(now: datetime) -> datetime:
    return now + timedelta(seconds=90)


@pytest.mark.parametrize("object_name", ["Lead", "Contact", "Account", "Case"])
def test_as_many_records_change_as_were_asked_for(
    store: Store, later: datetime, object_name: str
) -> None:
    before = by_id(store, object_name)
    ids = change_records(store, object_name, 40, 3, later)
    after = by_id(store, object_name)
    assert len(set(ids)) == 40
    stamped = {key for key, row in after.items() if row["SystemModstamp"] == stored_datetime(later)}
    assert set(ids) == stamped
    for record_id in ids:
        assert differing(before[record_id], after[record_id])
    for record_id in set(before) - set(ids):
        assert before[record_id] == after[record_id]


def test_one_user_makes_all_changes_at_one_moment(store: Store, later: datetime) -> None:
    ids = change_records(store, "Lead", 30, 3, later)
    rows = by_id(store, "Lead")
    stamps = {tuple(rows[record_id][name] for name in sorted(STAMPS)) for record_id in ids}
    moment = stored_datetime(later)
    assert len(stamps) == 1
    user, modified, saved = stamps.pop()
    assert user in OWNER_IDS
    assert (modified, saved) == (moment, moment)


def test_only_fields_that_people_edit_change(store: Store, later: datetime) -> None:
    before = by_id(store, "Lead")
    ids = change_records(store, "Lead", 150, 3, later)
    after = by_id(store, "Lead")
    changed = set().union(*(differing(before[key], after[key]) for key in ids))
    address = {"Street", "City", "State", "PostalCode", "Country"}
    others = {"Title", "Phone", "MobilePhone", "LeadSource", "Rating", "NumberOfEmployees"}
    assert changed == address | others


def test_the_same_seed_changes_the_same_records_alike(new_org: NewOrg, later: datetime) -> None:
    one, other = new_org(**SIZES), new_org(**SIZES)
    assert change_records(one, "Contact", 25, 9, later) == change_records(
        other, "Contact", 25, 9, later
    )
    assert read_records(one, "Contact") == read_records(other, "Contact")


def test_another_seed_changes_other_records(new_org: NewOrg, later: datetime) -> None:
    one, other = new_org(**SIZES), new_org(**SIZES)
    first = change_records(one, "Contact", 25, 9, later)
    assert first != change_records(other, "Contact", 25, 10, later)


def test_the_changed_records_are_spread_over_the_org(store: Store, later: datetime) -> None:
    places = [number_of(key) for key in change_records(store, "Lead", 40, 3, later)]
    assert min(places) < 50
    assert max(places) > 150


def test_deleted_and_converted_leads_are_left_alone(store: Store, later: datetime) -> None:
    rows = read_records(store, "Lead")
    live = [row["Id"] for row in rows if not row["IsDeleted"] and not row["IsConverted"]]
    assert len(live) < len(rows)
    assert sorted(change_records(store, "Lead", 10_000, 1, later)) == live


def test_persons_are_not_edited_as_contacts(store: Store, later: datetime) -> None:
    ids = change_records(store, "Contact", 10_000, 1, later)
    rows = by_id(store, "Contact")
    assert ids
    assert not [record_id for record_id in ids if rows[record_id]["IsPersonAccount"]]


def test_the_hidden_contacts_of_persons_follow(store: Store, later: datetime) -> None:
    before = by_id(store, "Contact")
    ids = change_records(store, "Account", 80, 2, later)
    accounts, contacts = by_id(store, "Account"), by_id(store, "Contact")
    persons = [accounts[key] for key in ids if accounts[key]["IsPersonAccount"]]
    assert len(persons) > 20
    for person in persons:
        contact = contacts[person["PersonContactId"]]
        assert contact["SystemModstamp"] == person["SystemModstamp"]
        assert all(
            person[ours] == contact[theirs]
            for ours, theirs in PERSON_FIELDS.items()
            if ours in person
        )
    followed = [person["PersonContactId"] for person in persons]
    titles = ("Title", "Phone", "MailingCity")
    changed = [
        name for key in followed for name in titles if before[key][name] != contacts[key][name]
    ]
    assert set(changed) == set(titles)


def test_cases_show_what_changed_on_their_contacts(store: Store, later: datetime) -> None:
    ids = change_records(store, "Contact", 10_000, 2, later)
    contacts = by_id(store, "Contact")
    cases = [row for row in read_records(store, "Case") if row["ContactId"] in set(ids)]
    assert cases
    for case in cases:
        shown = [case[name] for name in CASE_MIRRORS]
        assert shown == [contacts[case["ContactId"]][name] for name in CASE_MIRRORS.values()]


def test_who_moves_stays_in_the_country(store: Store, later: datetime) -> None:
    before = by_id(store, "Lead")
    ids = change_records(store, "Lead", 10_000, 2, later)
    after = by_id(store, "Lead")
    moved = [key for key in ids if "City" in differing(before[key], after[key])]
    german = [key for key in moved if before[key]["Country"] in {"Germany", "Deutschland"}]
    assert german
    assert {after[key]["Country"] for key in german} == {"Germany"}


@pytest.mark.parametrize("count", [0, 1, 10_000])
def test_no_more_records_are_answered_than_there_are(
    new_org: NewOrg, later: datetime, count: int
) -> None:
    store = new_org(leads=1)
    assert len(change_records(store, "lead", count, 1, later)) == min(count, 1)


def test_an_object_that_users_do_not_edit_is_refused(store: Store, later: datetime) -> None:
    with pytest.raises(ValueError, match="Name one of these objects: Account, Case, Contact, Lead"):
        change_records(store, "User", 1, 1, later)


def test_an_unknown_object_is_refused_as_salesforce_does(store: Store, later: datetime) -> None:
    with pytest.raises(SalesforceError, match="sObject type 'Leed' is not supported"):
        change_records(store, "Leed", 1, 1, later)


def test_a_negative_count_is_refused(store: Store, later: datetime) -> None:
    with pytest.raises(ValueError, match="can't edit -5 records"):
        change_records(store, "Lead", -5, 1, later)
