"""What has happened to records: conversion, merging, deletion, and both halves of persons."""

from localorg.schema import CASE_MIRRORS, PERSON_FIELDS
from localorg.store import BUSINESS_RECORD_TYPE_ID, PERSON_RECORD_TYPE_ID
from unit.localorg.seed.conftest import NewOrg, Record, Records, read_records


def by_id(rows: list[Record]) -> dict[str, Record]:
    return {row["Id"]: row for row in rows}


def test_a_converted_lead_is_the_contact_it_became(records: Records) -> None:
    contacts = by_id(records("Contact"))
    converted = [row for row in records("Lead") if row["IsConverted"]]
    assert len(converted) > 100
    for lead in converted:
        contact = contacts[lead["ConvertedContactId"]]
        assert lead["Status"] == "Closed - Converted"
        assert lead["ConvertedAccountId"] == contact["AccountId"]
        assert lead["ConvertedDate"] == contact["CreatedDate"][:10]
        assert (lead["Name"], lead["Email"]) == (contact["Name"], contact["Email"])


def test_only_converted_leads_say_that_they_are(records: Records) -> None:
    others = [row for row in records("Lead") if not row["IsConverted"]]
    assert others
    for lead in others:
        assert lead["Status"] != "Closed - Converted"
        assert lead["ConvertedContactId"] is None
        assert lead["ConvertedDate"] is None


def test_leads_became_persons_as_well_as_contacts_of_businesses(records: Records) -> None:
    contacts = by_id(records("Contact"))
    converted = [row["ConvertedContactId"] for row in records("Lead") if row["IsConverted"]]
    assert {contacts[contact_id]["IsPersonAccount"] for contact_id in converted} == {0, 1}


def test_no_two_leads_became_the_same_contact(records: Records) -> None:
    converted = [row["ConvertedContactId"] for row in records("Lead") if row["IsConverted"]]
    assert len(converted) == len(set(converted))


def test_the_loser_of_a_merge_is_deleted_and_names_a_living_winner(records: Records) -> None:
    for name in ("Lead", "Contact", "Account", "Case"):
        known = by_id(records(name))
        losers = [row for row in known.values() if row["MasterRecordId"]]
        assert len(losers) >= 5, name
        for loser in losers:
            winner = known[loser["MasterRecordId"]]
            assert loser["IsDeleted"]
            assert not winner["IsDeleted"]
            assert winner.get("IsPersonAccount") == loser.get("IsPersonAccount")


def test_merged_people_were_the_same_person(records: Records) -> None:
    for name in ("Lead", "Contact"):
        known = by_id(records(name))
        for loser in known.values():
            if loser["MasterRecordId"]:
                winner = known[loser["MasterRecordId"]]
                assert (loser["Name"], loser["Email"]) == (winner["Name"], winner["Email"])


def test_deleted_records_are_still_in_the_recycle_bin(records: Records) -> None:
    for name in ("Lead", "Contact", "Account", "Case"):
        deleted = [row for row in records(name) if row["IsDeleted"] and not row["MasterRecordId"]]
        assert len(deleted) >= 10, name
        assert min(row["LastModifiedDate"] for row in deleted) >= "2026-01-17"


def test_a_person_account_and_its_hidden_contact_say_the_same(records: Records) -> None:
    contacts = by_id(records("Contact"))
    persons = [row for row in records("Account") if row["IsPersonAccount"]]
    assert len(persons) == 900
    shared = ("CreatedDate", "LastModifiedDate", "SystemModstamp", "LastModifiedById", "IsDeleted")
    pairs = {ours: theirs for ours, theirs in PERSON_FIELDS.items() if ours in persons[0]}
    pairs |= {name: name for name in shared}
    for person in persons:
        contact = contacts[person["PersonContactId"]]
        assert contact["AccountId"] == person["Id"]
        assert contact["IsPersonAccount"]
        for ours, theirs in pairs.items():
            assert person[ours] == contact[theirs], ours


def test_merged_persons_are_merged_in_both_halves(records: Records) -> None:
    contacts, accounts = by_id(records("Contact")), by_id(records("Account"))
    losers = [row for row in accounts.values() if row["IsPersonAccount"] and row["MasterRecordId"]]
    assert losers
    for loser in losers:
        winner = accounts[loser["MasterRecordId"]]
        hidden = contacts[loser["PersonContactId"]]
        assert hidden["MasterRecordId"] == winner["PersonContactId"]


def test_accounts_are_of_the_record_type_of_their_kind(records: Records) -> None:
    for row in records("Account"):
        wanted = PERSON_RECORD_TYPE_ID if row["IsPersonAccount"] else BUSINESS_RECORD_TYPE_ID
        assert row["RecordTypeId"] == wanted
        assert bool(row["LastName"]) == bool(row["IsPersonAccount"])


def test_some_accounts_have_many_contacts_and_some_contacts_are_private(records: Records) -> None:
    contacts = [row for row in records("Contact") if not row["IsPersonAccount"]]
    counts: dict[str | None, int] = {}
    for row in contacts:
        counts[row["AccountId"]] = counts.get(row["AccountId"], 0) + 1
    private = counts.pop(None)
    assert 0.02 < private / len(contacts) < 0.25
    assert max(counts.values()) >= 20
    assert min(counts.values()) <= 3


def test_a_case_shows_its_contact_and_begins_after_it(records: Records) -> None:
    contacts = by_id(records("Contact"))
    linked = [row for row in records("Case") if row["ContactId"] and not row["IsDeleted"]]
    assert len(linked) > 800
    for case in linked:
        contact = contacts[case["ContactId"]]
        assert case["AccountId"] == contact["AccountId"]
        assert case["CreatedDate"] >= contact["CreatedDate"]
        for ours, theirs in CASE_MIRRORS.items():
            assert case[ours] == contact[theirs]


def test_some_cases_come_from_known_addresses_without_a_contact(records: Records) -> None:
    known = {row["Email"] for row in records("Contact") if row["Email"]}
    unlinked = [row for row in records("Case") if not row["ContactId"]]
    supplied = [row["SuppliedEmail"] for row in unlinked if row["SuppliedEmail"]]
    assert len(supplied) > 200
    assert 0.2 < sum(email in known for email in supplied) / len(supplied) < 0.8


def test_cases_of_persons_point_to_both_halves(records: Records) -> None:
    persons = {row["PersonContactId"]: row for row in records("Account") if row["IsPersonAccount"]}
    cases = [row for row in records("Case") if row["ContactId"] in persons]
    assert len(cases) > 100
    for case in cases:
        assert case["AccountId"] == persons[case["ContactId"]]["Id"]


def test_closed_cases_know_when(records: Records) -> None:
    for case in records("Case"):
        assert bool(case["IsClosed"]) == (case["Status"] == "Closed")
        assert bool(case["ClosedDate"]) == bool(case["IsClosed"])
        if case["ClosedDate"]:
            assert case["CreatedDate"] <= case["ClosedDate"] <= case["LastModifiedDate"]


def test_leads_alone_are_enough(new_org: NewOrg) -> None:
    leads = read_records(new_org(leads=120), "Lead")
    assert len(leads) == 120
    assert not any(lead["IsConverted"] for lead in leads)


def test_cases_without_people_come_from_strangers(new_org: NewOrg) -> None:
    cases = read_records(new_org(cases=60), "Case")
    assert len(cases) == 60
    assert not any(case["ContactId"] for case in cases)
