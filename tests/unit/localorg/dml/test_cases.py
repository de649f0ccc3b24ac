from localorg.store import PERSON_RECORD_TYPE_ID
from unit.localorg.dml.dml_org import START_STORED, DmlOrg, codes, messages


def test_cases_are_numbered_on(org: DmlOrg) -> None:
    ids = [change.id for change in org.insert("Case", {}, {"Subject": "x"})]
    ids += [change.id for change in org.insert("Case", {})]
    numbers = [org.row("Case", case_id)["CaseNumber"] for case_id in ids]
    assert numbers == ["00000001", "00000002", "00000003"]


def test_a_new_case_is_open_with_medium_priority(org: DmlOrg) -> None:
    row = org.row("Case", org.inserted("Case", Subject="x"))
    assert (row["Status"], row["Priority"], row["IsClosed"]) == ("New", "Medium", 0)


def test_the_status_closes_and_reopens_a_case(org: DmlOrg) -> None:
    case = org.inserted("Case", Subject="x")
    org.update("Case", {"Id": case, "Status": "Closed"})
    assert (org.row("Case", case)["IsClosed"], org.row("Case", case)["ClosedDate"]) == (
        1,
        START_STORED,
    )
    org.clock.advance(60)
    org.update("Case", {"Id": case, "Status": "Closed"})
    assert org.row("Case", case)["ClosedDate"] == START_STORED
    org.update("Case", {"Id": case, "Status": "Working"})
    assert (org.row("Case", case)["IsClosed"], org.row("Case", case)["ClosedDate"]) == (0, None)


def test_a_case_shows_its_contact_and_takes_its_account(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    contact = org.inserted("Contact", LastName="L", Email="l@example.org", AccountId=account)
    row = org.row("Case", org.inserted("Case", ContactId=contact))
    assert (row["ContactEmail"], row["AccountId"]) == ("l@example.org", account)


def test_the_case_of_a_person_account_points_to_its_hidden_contact_too(org: DmlOrg) -> None:
    person = org.inserted(
        "Account", RecordTypeId=PERSON_RECORD_TYPE_ID, LastName="P", PersonEmail="p@example.org"
    )
    business = org.inserted("Account", Name="Acme")
    other = org.inserted("Contact", LastName="O", AccountId=business)
    row = org.row("Case", org.inserted("Case", AccountId=person))
    assert row["ContactId"] == org.row("Account", person)["PersonContactId"]
    assert row["ContactEmail"] == "p@example.org"
    said = org.row("Case", org.inserted("Case", AccountId=person, ContactId=other))
    assert (said["AccountId"], said["ContactId"]) == (person, other)
    assert org.row("Case", org.inserted("Case", AccountId=business))["ContactId"] is None


def test_a_contacts_new_address_shows_on_its_cases_without_a_stamp(org: DmlOrg) -> None:
    contact = org.inserted("Contact", LastName="L", Email="l@example.org")
    case = org.inserted("Case", ContactId=contact)
    org.clock.advance(60)
    org.update("Contact", {"Id": contact, "Email": "new@example.org"})
    row = org.row("Case", case)
    assert (row["ContactEmail"], row["SystemModstamp"]) == ("new@example.org", START_STORED)


def test_who_has_cases_is_not_deleted(org: DmlOrg) -> None:
    contact = org.inserted("Contact", LastName="L")
    case = org.inserted("Case", ContactId=contact)
    changes = org.delete("Contact", contact)
    assert codes(changes) == ["DELETE_FAILED"]
    assert "00000001" in (messages(changes)[0] or "")
    org.delete("Case", case)
    assert codes(org.delete("Contact", contact)) == [None]
