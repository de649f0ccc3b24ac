from typing import Any

import pytest

from localorg.dml import Change, SaveOptions, writing
from localorg.life import Conversion, convert_leads
from localorg.store import INTEGRATION_USER_ID, OWNER_IDS, PERSON_RECORD_TYPE_ID
from unit.localorg.dml.dml_org import DmlOrg, codes

LEAD = {"LastName": "Lovelace", "FirstName": "Ada", "Company": "Engines", "Email": "a@b.example"}
LATER = "2026-01-31T12:01:00.000Z"


def convert(org: DmlOrg, *conversions: Conversion) -> list[Change]:
    org.clock.advance(60)
    with writing(org.store, org.clock, INTEGRATION_USER_ID) as writer:
        convert_leads(writer, conversions, org.options)
    return [conversion.change for conversion in conversions]


def asking(lead: str | None, **wanted: Any) -> Conversion:
    return Conversion(change=Change(key=lead), **wanted)


def test_a_lead_becomes_an_account_a_contact_and_an_opportunity(org: DmlOrg) -> None:
    lead = org.inserted(
        "Lead", **LEAD, City="Rome", Tier__c="Gold", LeadSource="Web", OwnerId=OWNER_IDS[1]
    )
    one = asking(lead)
    assert codes(convert(org, one)) == [None]
    account, contact = org.row("Account", one.account_id), org.row("Contact", one.contact_id)
    deal = org.row("Opportunity", one.opportunity_id)
    assert (account["Name"], account["BillingCity"], account["AccountSource"]) == (
        "Engines",
        "Rome",
        "Web",
    )
    assert (contact["Name"], contact["Email"], contact["MailingCity"], contact["Tier__c"]) == (
        "Ada Lovelace",
        "a@b.example",
        "Rome",
        "Gold",
    )
    assert contact["AccountId"] == deal["AccountId"] == one.account_id
    assert (deal["Name"], deal["StageName"], deal["CloseDate"]) == (
        "Engines-",
        "Prospecting",
        "2026-03-31",
    )
    assert {row["OwnerId"] for row in (account, contact, deal)} == {OWNER_IDS[1]}
    row = org.row("Lead", lead)
    assert (row["IsConverted"], row["ConvertedDate"], row["Status"]) == (
        1,
        "2026-01-31",
        "Closed - Converted",
    )
    assert (row["ConvertedAccountId"], row["ConvertedContactId"]) == (
        one.account_id,
        one.contact_id,
    )
    assert row["ConvertedOpportunityId"] == one.opportunity_id
    assert {each["SystemModstamp"] for each in (row, account, contact, deal)} == {LATER}


def test_the_key_of_a_lead_stays_with_the_lead(org: DmlOrg) -> None:
    one = asking(org.inserted("Lead", **LEAD, Isthmus_Id__c="k"), creates_opportunity=False)
    convert(org, one)
    assert org.row("Contact", one.contact_id)["Isthmus_Id__c"] is None
    assert one.opportunity_id is None


def test_existing_records_are_filled_where_they_are_empty(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme", Website="https://acme.example")
    contact = org.inserted("Contact", LastName="Byron", AccountId=account, LeadSource="Other")
    lead = org.inserted("Lead", **LEAD, Website="https://x.example", Phone="1", LeadSource="Web")
    one = asking(lead, account_id=account, contact_id=contact, creates_opportunity=False)
    assert codes(convert(org, one)) == [None]
    row, person = org.row("Account", account), org.row("Contact", contact)
    assert (row["Name"], row["Website"], row["Phone"]) == ("Acme", "https://acme.example", "1")
    assert (person["LastName"], person["Email"], person["LeadSource"]) == (
        "Byron",
        "a@b.example",
        "Other",
    )
    assert row["SystemModstamp"] == person["SystemModstamp"] == LATER


def test_the_lead_source_is_overwritten_on_demand(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    contact = org.inserted("Contact", LastName="Byron", AccountId=account, LeadSource="Other")
    lead = org.inserted("Lead", **LEAD, LeadSource="Web")
    convert(org, asking(lead, account_id=account, contact_id=contact, overwrites_lead_source=True))
    assert org.row("Contact", contact)["LeadSource"] == "Web"


def test_without_a_company_a_lead_becomes_a_person_account(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **LEAD, Title="Countess")
    with org.store.write() as connection:
        connection.execute("UPDATE Lead SET Company = NULL")
    one = asking(lead)
    assert codes(convert(org, one)) == [None]
    account = org.row("Account", one.account_id)
    assert (account["IsPersonAccount"], account["Name"], account["PersonTitle"]) == (
        1,
        "Ada Lovelace",
        "Countess",
    )
    assert account["RecordTypeId"] == PERSON_RECORD_TYPE_ID
    assert account["PersonContactId"] == one.contact_id
    assert org.row("Lead", lead)["ConvertedContactId"] == one.contact_id


def test_a_lead_converts_into_an_existing_person_account(org: DmlOrg) -> None:
    person = org.inserted("Account", RecordTypeId=PERSON_RECORD_TYPE_ID, LastName="Byron")
    one = asking(org.inserted("Lead", **LEAD), account_id=person, creates_opportunity=False)
    assert codes(convert(org, one)) == [None]
    account = org.row("Account", person)
    assert (account["LastName"], account["PersonEmail"]) == ("Byron", "a@b.example")
    assert one.contact_id == account["PersonContactId"]


def test_one_that_fails_leaves_nothing_behind_and_the_others_go_on(org: DmlOrg) -> None:
    good, bad = org.inserted("Lead", **LEAD), org.inserted("Lead", **LEAD)
    with org.store.write() as connection:
        # A contact can't be made of it, though an account can.
        connection.execute("UPDATE Lead SET LastName = NULL WHERE Id = ?", (bad,))
    first, second = asking(good), asking(bad)
    assert codes(convert(org, first, second)) == [None, "REQUIRED_FIELD_MISSING"]
    with org.store.read() as connection:
        assert connection.execute("SELECT count(*) FROM Account").fetchone()[0] == 1
    assert org.row("Lead", bad)["IsConverted"] == 0
    assert org.row("Lead", good)["ConvertedAccountId"] == first.account_id


@pytest.mark.parametrize(
    ("wanted", "code"),
    [
        ({"converted_status": "New"}, "INVALID_STATUS"),
        ({"account_id": "001000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
        ({"contact_id": "003000000000001AAA"}, "REQUIRED_FIELD_MISSING"),
        ({"owner_id": "005000000000001AAA"}, "INVALID_CROSS_REFERENCE_KEY"),
    ],
)
def test_what_is_wrong_is_told(org: DmlOrg, wanted: dict[str, Any], code: str) -> None:
    lead = org.inserted("Lead", **LEAD)
    assert codes(convert(org, asking(lead, **wanted))) == [code]
    assert org.row("Lead", lead)["IsConverted"] == 0


def test_only_leads_that_are_there_are_converted_and_once(org: DmlOrg) -> None:
    lead, gone = org.inserted("Lead", **LEAD), org.inserted("Lead", **LEAD)
    org.delete("Lead", gone)
    convert(org, asking(lead))
    changes = convert(org, asking(lead), asking(gone), asking("00Q000000000001"), asking("x"))
    assert codes(changes) == [
        "CANNOT_UPDATE_CONVERTED_LEAD",
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "MALFORMED_ID",
    ]


def test_a_contact_of_another_account_is_refused(org: DmlOrg) -> None:
    account = org.inserted("Account", Name="Acme")
    contact = org.inserted("Contact", LastName="Byron")
    lead = org.inserted("Lead", **LEAD)
    changes = convert(org, asking(lead, account_id=account, contact_id=contact))
    assert codes(changes) == ["INVALID_CROSS_REFERENCE_KEY"]


def test_some_users_may_change_converted_leads(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **LEAD)
    convert(org, asking(lead))
    edit = {"Id": lead, "Title": "x"}
    assert codes(org.update("Lead", edit)) == ["CANNOT_UPDATE_CONVERTED_LEAD"]
    org.options = SaveOptions(edit_converted_leads=True)
    assert codes(org.update("Lead", edit)) == [None]


def test_the_tasks_of_a_lead_go_on_with_its_contact(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **LEAD)
    task = org.inserted("Task", Subject="Call", WhoId=lead)
    one = asking(lead)
    convert(org, one)
    row = org.row("Task", task)
    assert (row["WhoId"], row["SystemModstamp"]) == (one.contact_id, "2026-01-31T12:00:00.000Z")
