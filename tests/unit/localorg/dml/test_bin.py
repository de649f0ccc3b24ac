"""Deletions with children, for good, and back."""

from localorg.dml import Change, Operation, delete_chunk, writing
from localorg.life import RecycleBin, undelete
from localorg.store import INTEGRATION_USER_ID, PERSON_RECORD_TYPE_ID
from unit.localorg.dml.dml_org import START, DmlOrg, codes

LATER = "2026-01-31T12:01:00.000Z"


def hard_delete(org: DmlOrg, name: str, *ids: str) -> list[Change]:
    changes = [Change(key=record_id) for record_id in ids]
    target = org.target(name, Operation.HARD_DELETE, None)
    with writing(org.store, org.clock, INTEGRATION_USER_ID) as writer:
        delete_chunk(writer, target, changes)
    return changes


def undeleted(org: DmlOrg, *ids: str) -> list[Change]:
    changes = [Change(key=record_id) for record_id in ids]
    with writing(org.store, org.clock, INTEGRATION_USER_ID) as writer:
        undelete(writer, changes)
    return changes


def rows(org: DmlOrg, name: str) -> int:
    with org.store.read() as connection:
        statement = "".join(("SELECT count(*) FROM ", f'"{name}"'))
        return int(connection.execute(statement).fetchone()[0])


def test_children_of_children_go_along_and_come_back(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    contact = org.inserted("Contact", LastName="L", AccountId=account)
    deal = org.inserted(
        "Opportunity", Name="O", StageName="Prospecting", CloseDate="2026-03-31", AccountId=account
    )
    role = org.inserted("OpportunityContactRole", OpportunityId=deal, ContactId=contact)
    names = [("Contact", contact), ("Opportunity", deal), ("OpportunityContactRole", role)]
    org.clock.advance(60)
    org.delete("Account", account)
    assert [org.row(*each)["IsDeleted"] for each in names] == [1, 1, 1]
    assert {org.row(*each)["SystemModstamp"] for each in names} == {LATER}
    org.clock.advance(60)
    assert codes(undeleted(org, account)) == [None]
    assert [org.row(*each)["IsDeleted"] for each in names] == [0, 0, 0]
    assert org.row("Account", account)["SystemModstamp"] == "2026-01-31T12:02:00.000Z"


def test_a_child_deleted_before_stays_in_the_bin(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    contact = org.inserted("Contact", LastName="L", AccountId=account)
    org.delete("Contact", contact)
    org.delete("Account", account)
    undeleted(org, account)
    assert org.row("Contact", contact)["IsDeleted"] == 1
    assert codes(undeleted(org, contact)) == [None]


def test_what_was_taken_along_comes_back_only_with_its_parent(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    contact = org.inserted("Contact", LastName="L", AccountId=account)
    org.delete("Account", account)
    assert codes(undeleted(org, contact)) == ["UNDELETE_FAILED"]


def test_only_what_is_in_the_bin_comes_back(org: DmlOrg) -> None:
    lead = org.inserted("Lead", LastName="L", Company="C")
    changes = undeleted(org, lead, "00Q000000000001EAA", "nonsense")
    assert codes(changes) == ["UNDELETE_FAILED", "INVALID_CROSS_REFERENCE_KEY", "MALFORMED_ID"]


def test_a_unique_value_that_somebody_else_has_now_keeps_a_record_in_the_bin(org: DmlOrg) -> None:
    person = {"LastName": "L", "Company": "C", "Isthmus_Id__c": "k"}
    lead = org.inserted("Lead", **person)
    org.delete("Lead", lead)
    org.inserted("Lead", **person)
    assert codes(undeleted(org, lead)) == ["DUPLICATE_VALUE"]
    assert org.row("Lead", lead)["IsDeleted"] == 1


def test_a_hard_delete_leaves_no_trace_of_a_record_and_its_children(org: DmlOrg) -> None:
    account = org.inserted("Account", RecordTypeId=PERSON_RECORD_TYPE_ID, LastName="L")
    other = org.inserted("Account", Name="Acme", ParentId=None)
    assert codes(hard_delete(org, "Account", account)) == [None]
    assert (rows(org, "Account"), rows(org, "Contact")) == (1, 0)
    assert org.row("Account", other)["IsDeleted"] == 0


def test_a_hard_delete_takes_from_the_bin_too_and_empties_lookups(org: DmlOrg) -> None:
    contact = org.inserted("Contact", LastName="L")
    lead = org.inserted("Lead", LastName="L", Company="C")
    with org.store.write() as connection:
        connection.execute("UPDATE Lead SET ConvertedContactId = ?", (contact,))
    org.delete("Contact", contact)
    assert codes(hard_delete(org, "Contact", contact)) == [None]
    assert org.row("Lead", lead)["ConvertedContactId"] is None
    assert codes(hard_delete(org, "Contact", contact)) == ["INVALID_CROSS_REFERENCE_KEY"]


def test_children_in_the_bin_go_for_good_with_their_parent(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    org.inserted("Contact", LastName="L", AccountId=account)
    before = org.inserted("Contact", LastName="M", AccountId=account)
    org.delete("Contact", before)
    org.delete("Account", account)
    assert codes(hard_delete(org, "Account", account)) == [None]
    assert (rows(org, "Account"), rows(org, "Contact")) == (0, 0)
    assert rows(org, "localorg_bin") == 0


def test_a_purge_takes_an_account_with_its_contacts(org: DmlOrg) -> None:
    account = org.inserted("Account", RecordTypeId=PERSON_RECORD_TYPE_ID, LastName="L")
    org.delete("Account", account)
    org.clock.advance(15 * 24 * 3600)
    assert RecycleBin(org.store).purge_due(org.clock.now()) == 1
    assert (rows(org, "Account"), rows(org, "Contact"), rows(org, "localorg_bin")) == (0, 0, 0)


def test_the_bin_is_purged_fifteen_days_after_the_deletion(org: DmlOrg) -> None:
    recycle_bin = RecycleBin(org.store)
    first, second = (org.inserted("Lead", LastName="L", Company="C") for _ in range(2))
    org.delete("Lead", first)
    assert recycle_bin.purge_due(org.clock.now()) == 0
    org.clock.advance(60)
    org.delete("Lead", second)
    day = 24 * 3600
    org.clock.advance(15 * day - 61)
    assert recycle_bin.purge_due(org.clock.now()) == 0
    org.clock.advance(1)
    assert recycle_bin.purge_due(org.clock.now()) == 1
    assert rows(org, "Lead") == 1
    org.clock.advance(60)
    assert recycle_bin.purge_due(org.clock.now()) == 1
    assert org.clock.now() > START


def test_looking_for_what_is_due_costs_nothing_until_it_is(org: DmlOrg) -> None:
    recycle_bin = RecycleBin(org.store)
    recycle_bin.purge_due(org.clock.now())
    assert not recycle_bin.is_due(org.clock.now())
    recycle_bin.reload()
    assert recycle_bin.is_due(org.clock.now())


def test_the_bin_is_emptied_of_all_or_of_some(org: DmlOrg) -> None:
    leads = [org.inserted("Lead", LastName="L", Company="C") for _ in range(4)]
    org.delete("Lead", *leads[:3])
    recycle_bin = RecycleBin(org.store)
    assert recycle_bin.empty([leads[0], leads[3]]) == 1
    assert recycle_bin.empty() == 2
    assert rows(org, "Lead") == 1
