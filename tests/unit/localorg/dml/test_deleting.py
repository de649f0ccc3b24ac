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
