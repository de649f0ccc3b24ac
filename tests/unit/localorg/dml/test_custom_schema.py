"""Objects, fields and rules that a set-up file brings."""

from collections.abc import Iterator

import pytest

from localorg.dml import Change, SaveOptions, writing
from localorg.life import undelete
from localorg.schema import Schema
from localorg.setup_file import org_schema, parse
from localorg.store import INTEGRATION_USER_ID, PERSON_RECORD_TYPE_ID
from unit.localorg.dml.dml_org import START_STORED, DmlOrg, codes, messages

SETUP = """
objects:
  Lead:
    record_types:
      - {name: Retail, default: true}
      - {name: Closed shop, active: false}
    fields:
      - {name: Shop__c, type: reference, to: Shop__c}
      - {name: Opens__c, type: time}
      - name: Grade__c
        type: picklist
        restricted: true
        values: [A, {value: B, active: false}]
      - {name: Share__c, type: percent, precision: 5, scale: 2}
      - {name: Points__c, type: double, precision: 4, scale: 0, default: 7}
      - {name: Letter__c, type: textarea, length: 300}
      - {name: Secret__c, type: encryptedstring, length: 20}
    validation_rules:
      - name: No_Discount
        formula: 'AND(ISCHANGED(Share__c), Share__c > 0.5)'
        message: That is too much.
        error_field: Share__c
      - name: City_Needed
        formula: 'AND(ISNEW(), ISBLANK(City), NOT(ISBLANK(Website)))'
        message: A city is needed.
  Contact:
    fields:
      - {name: Shop__c, type: reference, to: Shop__c}
      - {name: Trip__c, type: string, length: 20}
      - {name: Trips__c, type: autonumber, format: "T-{000}"}
  Shop__c:
    label: Shop
    fields:
      - {name: Parent__c, type: reference, to: Shop__c}
"""
LEAD = {"LastName": "Lovelace", "Company": "Engines"}


def schema() -> Schema:
    setup = parse(SETUP, "org.yaml")
    found = org_schema(setup)
    setup.raise_problems()
    return found


@pytest.fixture
def org() -> Iterator[DmlOrg]:
    org = DmlOrg(schema())
    yield org
    org.store.close()


def test_a_validation_rule_refuses_with_its_text_and_field(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **LEAD, Share__c=80)
    changes = org.update("Lead", {"Id": lead, "Share__c": 60}, {"Id": lead, "Share__c": 50})
    assert messages(changes) == ["That is too much.", None]
    [error] = changes[0].errors
    assert (error.code, error.fields) == ("FIELD_CUSTOM_VALIDATION_EXCEPTION", ("Share__c",))
    changes = org.insert("Lead", LEAD | {"Website": "x"}, LEAD | {"Website": "x", "City": "Rome"})
    assert messages(changes) == ["A city is needed.", None]
    assert changes[0].errors[0].fields == ()


def test_a_rule_sees_the_present_values_that_are_not_sent(org: DmlOrg) -> None:
    lead = org.inserted("Lead", **LEAD, Share__c=80)
    assert codes(org.update("Lead", {"Id": lead, "City": "Rome"})) == [None]


def test_values_of_the_rarer_types_are_kept(org: DmlOrg) -> None:
    lead = org.inserted(
        "Lead", **LEAD, Opens__c="09:30:00.000Z", Share__c=12.345, Letter__c="x\ny", Secret__c="s"
    )
    row = org.row("Lead", lead)
    assert (row["Opens__c"], row["Share__c"], row["Points__c"]) == ("09:30:00.000Z", 12.34, 7)
    assert (row["Letter__c"], row["Secret__c"]) == ("x\ny", "s")
    assert codes(org.insert("Lead", LEAD | {"Letter__c": "x" * 301})) == ["STRING_TOO_LONG"]
    assert codes(org.insert("Lead", LEAD | {"Share__c": 1000})) == ["NUMBER_OUTSIDE_VALID_RANGE"]


def test_a_value_that_is_out_of_use_is_no_value_of_a_restricted_picklist(org: DmlOrg) -> None:
    changes = org.insert("Lead", LEAD | {"Grade__c": "a"}, LEAD | {"Grade__c": "B"})
    assert codes(changes) == [None, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"]
    assert org.row("Lead", changes[0].id)["Grade__c"] == "A"


def test_a_record_gets_the_default_record_type_or_a_valid_one(org: DmlOrg) -> None:
    with org.store.read() as connection:
        kinds = dict(connection.execute("SELECT DeveloperName, Id FROM RecordType").fetchall())
    assert org.row("Lead", org.inserted("Lead", **LEAD))["RecordTypeId"] == kinds["Retail"]
    wrong = [kinds["Closed_shop"], kinds["PersonAccount"], "012000000000001AAA"]
    changes = org.insert("Lead", *(LEAD | {"RecordTypeId": kind} for kind in wrong))
    assert codes(changes) == ["INVALID_CROSS_REFERENCE_KEY"] * 3
    assert messages(changes)[0] == (
        f"Record Type ID: this ID value isn't valid for the user: {wrong[0]}"
    )


def test_the_master_record_type_is_none(org: DmlOrg) -> None:
    master = "012000000000000AAA"
    lead = org.inserted("Lead", **LEAD, RecordTypeId=master)
    assert org.row("Lead", lead)["RecordTypeId"] is None
    lead = org.inserted("Lead", **LEAD)
    assert org.row("Lead", lead)["RecordTypeId"] is not None
    assert codes(org.update("Lead", {"Id": lead, "RecordTypeId": master[:15]})) == [None]
    assert org.row("Lead", lead)["RecordTypeId"] is None


def test_a_hierarchy_does_not_go_round_in_a_circle(org: DmlOrg) -> None:
    top = org.inserted("Shop__c", Name="top")
    middle = org.inserted("Shop__c", Name="middle", Parent__c=top)
    low = org.inserted("Shop__c", Name="low", Parent__c=middle)
    changes = org.update("Shop__c", {"Id": top, "Parent__c": low}, {"Id": low, "Parent__c": low})
    assert codes(changes) == ["FIELD_INTEGRITY_EXCEPTION"] * 2
    assert codes(org.update("Shop__c", {"Id": low, "Parent__c": top})) == [None]


def test_two_records_of_a_chunk_do_not_close_a_circle(org: DmlOrg) -> None:
    one, two = org.inserted("Shop__c", Name="1"), org.inserted("Shop__c", Name="2")
    changes = org.update("Shop__c", {"Id": one, "Parent__c": two}, {"Id": two, "Parent__c": one})
    assert codes(changes) == [None, "FIELD_INTEGRITY_EXCEPTION"]


def test_a_record_without_a_name_is_called_by_its_id(org: DmlOrg) -> None:
    shop = org.inserted("Shop__c")
    assert org.row("Shop__c", shop)["Name"] == shop


def test_a_persons_own_fields_are_kept_on_both_halves(org: DmlOrg) -> None:
    person = org.inserted(
        "Account", RecordTypeId=PERSON_RECORD_TYPE_ID, LastName="L", Trip__pc="Rome"
    )
    contact = org.row("Account", person)["PersonContactId"]
    assert org.row("Contact", contact)["Trip__c"] == "Rome"
    org.update("Contact", {"Id": contact, "Trip__c": "Oslo"})
    assert org.row("Account", person)["Trip__pc"] == "Oslo"


def test_records_are_numbered_by_themselves(org: DmlOrg) -> None:
    contacts = [org.inserted("Contact", LastName="L") for _ in range(2)]
    numbers = [org.row("Contact", contact)["Trips__c"] for contact in contacts]
    assert [number[:2] for number in numbers] == ["T-", "T-"]
    assert int(numbers[1][2:]) == int(numbers[0][2:]) + 1


def test_without_room_the_rest_of_a_chunk_is_refused(org: DmlOrg) -> None:
    org.inserted("Lead", **LEAD)
    org.options = SaveOptions(most_records=2)
    changes = org.insert("Lead", LEAD, LEAD)
    assert codes(changes) == [None, "STORAGE_LIMIT_EXCEEDED"]
    assert messages(changes)[1] == "storage limit exceeded"


def test_an_opportunity_has_the_probability_of_its_stage(org: DmlOrg) -> None:
    deal = {"Name": "O", "CloseDate": "2026-03-31"}
    first = org.inserted("Opportunity", **deal, StageName="Value Proposition")
    second = org.inserted("Opportunity", **deal, StageName="Closed Won", Probability=30)
    assert org.row("Opportunity", first)["Probability"] == 50
    assert org.row("Opportunity", second)["Probability"] == 30


def test_what_is_written_as_comments_becomes_a_comment_of_the_case(org: DmlOrg) -> None:
    case = org.inserted("Case", Subject="x", Comments="first")
    org.update("Case", {"Id": case, "Comments": "second"}, {"Id": case, "Subject": "y"})
    with org.store.read() as connection:
        rows = connection.execute(
            "SELECT CommentBody, CreatedById FROM CaseComment WHERE ParentId = ? ORDER BY Id",
            (case,),
        ).fetchall()
    assert rows == [("first", INTEGRATION_USER_ID), ("second", INTEGRATION_USER_ID)]
    assert (org.row("Case", case)["Comments"], org.row("Case", case)["Subject"]) == (None, "y")


def deleted_shop(org: DmlOrg) -> tuple[str, str, str]:
    """A shop in the bin, and a lead and a person that pointed to it."""
    shop = org.inserted("Shop__c", Name="S")
    lead = org.inserted("Lead", **LEAD, Shop__c=shop)
    person = org.inserted(
        "Account", RecordTypeId=PERSON_RECORD_TYPE_ID, LastName="L", Shop__pc=shop
    )
    org.clock.advance(60)
    assert codes(org.delete("Shop__c", shop)) == [None]
    return shop, lead, person


def back(org: DmlOrg, record_id: str) -> list[str | None]:
    change = Change(key=record_id)
    with writing(org.store, org.clock, INTEGRATION_USER_ID) as writer:
        undelete(writer, [change])
    return codes([change])


def test_a_lookup_is_empty_while_its_parent_is_in_the_bin(org: DmlOrg) -> None:
    shop, lead, person = deleted_shop(org)
    contact = org.row("Account", person)["PersonContactId"]
    places = [("Lead", lead, "Shop__c"), ("Account", person, "Shop__pc")]
    places.append(("Contact", contact, "Shop__c"))
    assert [org.row(name, each)[field] for name, each, field in places] == [None] * 3
    assert org.row("Lead", lead)["SystemModstamp"] == START_STORED
    assert back(org, shop) == [None]
    assert [org.row(name, each)[field] for name, each, field in places] == [shop] * 3


def test_a_lookup_that_was_filled_since_stays_so(org: DmlOrg) -> None:
    shop, lead, _ = deleted_shop(org)
    other = org.inserted("Shop__c", Name="T")
    org.update("Lead", {"Id": lead, "Shop__c": other})
    assert back(org, shop) == [None]
    assert org.row("Lead", lead)["Shop__c"] == other
