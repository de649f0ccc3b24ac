from unit.localorg.dml.dml_org import DmlOrg, codes


def test_a_deleted_record_stays_with_a_new_stamp(org: DmlOrg) -> None:
    contact = org.inserted("Contact", LastName="L")
    org.clock.advance(60)
    [change] = org.delete("Contact", contact)
    row = org.row("Contact", contact)
    assert change.id == contact
    assert (row["IsDeleted"], row["SystemModstamp"]) == (1, "2026-01-31T12:01:00.000Z")


def test_what_is_not_there_can_not_be_deleted(org: DmlOrg) -> None:
    contact = org.inserted("Contact", LastName="L")
    org.delete("Contact", contact)
    changes = org.delete("Contact", contact, "003000000000001AAA", "x", None)
    assert codes(changes) == [
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
        "MALFORMED_ID",
    ]


def test_an_account_takes_its_contacts_along(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    contact = org.inserted("Contact", LastName="L", AccountId=account)
    other = org.inserted("Contact", LastName="M")
    org.delete("Account", account)
    assert org.row("Contact", contact)["IsDeleted"] == 1
    assert org.row("Contact", other)["IsDeleted"] == 0


def test_tasks_go_along_with_what_they_are_about(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    case = org.inserted("Case", Subject="x")
    tasks = [org.inserted("Task", Subject="Call", WhatId=about) for about in (account, case)]
    other = org.inserted("Task", Subject="Call")
    assert codes(org.delete("Account", account)) == [None]
    assert codes(org.delete("Case", case)) == [None]
    assert [org.row("Task", task)["IsDeleted"] for task in (*tasks, other)] == [1, 1, 0]


def test_who_has_cases_is_not_deleted(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    contact = org.inserted("Contact", LastName="L")
    of_account = org.inserted("Case", AccountId=account)
    of_contact = org.inserted("Case", ContactId=contact)
    assert codes(org.delete("Account", account)) == ["DELETE_FAILED"]
    assert codes(org.delete("Contact", contact)) == ["DELETE_FAILED"]
    org.delete("Case", of_account, of_contact)
    assert codes(org.delete("Account", account)) == [None]
    assert codes(org.delete("Contact", contact)) == [None]


def test_an_account_is_not_deleted_where_its_contacts_have_cases(org: DmlOrg) -> None:
    account, other = org.inserted("Account", Name="Acme"), org.inserted("Account", Name="Other")
    contact = org.inserted("Contact", LastName="L", AccountId=account)
    case = org.inserted("Case", ContactId=contact, AccountId=other)
    assert codes(org.delete("Account", account)) == ["DELETE_FAILED"]
    assert org.row("Contact", contact)["IsDeleted"] == 0
    org.delete("Case", case)
    assert codes(org.delete("Account", account)) == [None]
