from pathlib import Path
from typing import Any

import pytest

import localorg.setup_file
from localorg import setup_file
from localorg.schema import describe_object, describe_summary, standard_schema

EXAMPLE = setup_file.org_schema(
    setup_file.read(Path(localorg.setup_file.__file__).with_name("example.yaml"))
)
SCHEMA = standard_schema()
BASE = "/services/data/v66.0"
# All attributes of a field that the reference lists (2.2).
ATTRIBUTES = {
    "name",
    "label",
    "custom",
    "inlineHelpText",
    "type",
    "soapType",
    "length",
    "byteLength",
    "precision",
    "scale",
    "digits",
    "createable",
    "updateable",
    "nillable",
    "defaultedOnCreate",
    "defaultValue",
    "defaultValueFormula",
    "calculated",
    "calculatedFormula",
    "autoNumber",
    "externalId",
    "idLookup",
    "unique",
    "caseSensitive",
    "picklistValues",
    "restrictedPicklist",
    "dependentPicklist",
    "controllerName",
    "referenceTo",
    "relationshipName",
    "polymorphicForeignKey",
    "relationshipOrder",
    "cascadeDelete",
    "restrictedDelete",
    "namePointing",
    "compoundFieldName",
    "filterable",
    "sortable",
    "groupable",
    "aggregatable",
    "queryByDistance",
    "permissionable",
    "encrypted",
    "mask",
    "maskType",
    "htmlFormatted",
    "extraTypeInfo",
    "highScaleNumber",
    "displayLocationInDecimal",
    "deprecatedAndHidden",
    "nameField",
    "writeRequiresMasterRead",
    "filteredLookupInfo",
    "referenceTargetField",
    "searchPrefilterable",
    "formulaTreatNullNumberAsZero",
    "aiPredictionField",
    "dataTranslationEnabled",
}


def description(name: str) -> dict[str, Any]:
    schema = SCHEMA if name.lower() in SCHEMA.objects else EXAMPLE
    return describe_object(schema, schema.object(name), BASE, [])


def field(object_name: str, name: str) -> dict[str, Any]:
    found: dict[str, Any] = next(
        entry for entry in description(object_name)["fields"] if entry["name"] == name
    )
    return found


def test_every_field_has_every_attribute() -> None:
    for name in SCHEMA.objects:
        for entry in description(name)["fields"]:
            assert set(entry) == ATTRIBUTES, entry["name"]


def test_a_restricted_picklist_lists_its_values() -> None:
    tier = field("Lead", "Tier__c")
    assert tier["restrictedPicklist"]
    assert [entry["value"] for entry in tier["picklistValues"]] == [
        "Bronze",
        "Silver",
        "Gold",
        "Platinum",
    ]


def test_a_default_stands_in_the_picklist() -> None:
    defaults = [
        entry["value"]
        for entry in field("Lead", "Status")["picklistValues"]
        if entry["defaultValue"]
    ]
    assert defaults == ["Open - Not Contacted"]


def test_keys_for_upsert_are_marked() -> None:
    unique, shared = field("Contact", "Isthmus_Id__c"), field("Contact", "External_Ref__c")
    assert (unique["externalId"], unique["unique"], unique["caseSensitive"]) == (True, True, False)
    assert (shared["externalId"], shared["unique"]) == (True, False)
    assert field("Contact", "Email")["idLookup"]


def test_text_counts_three_bytes_for_a_character() -> None:
    assert field("Lead", "LastName")["byteLength"] == 240


def test_long_text_can_not_be_filtered() -> None:
    assert not field("Lead", "Description")["filterable"]
    assert field("Lead", "Street")["filterable"]


def test_a_parent_lists_its_children() -> None:
    children = {
        (child["childSObject"], child["field"]): child["relationshipName"]
        for child in description("Account")["childRelationships"]
    }
    assert children["Contact", "AccountId"] == "Contacts"
    assert children["Case", "AccountId"] == "Cases"


def test_person_accounts_show_in_the_description() -> None:
    assert field("Account", "IsPersonAccount")["type"] == "boolean"
    assert not field("Account", "PersonContactId")["updateable"]


def example_field(object_name: str, name: str) -> dict[str, Any]:
    described = describe_object(EXAMPLE, EXAMPLE.object(object_name), BASE, [])
    found: dict[str, Any] = next(entry for entry in described["fields"] if entry["name"] == name)
    return found


# All attributes of an object in the list of all, by reference 2.2.
SUMMARY = {
    *("activateable", "associateEntityType", "associateParentEntity", "createable", "custom"),
    *("customSetting", "deepCloneable", "deletable", "deprecatedAndHidden", "feedEnabled"),
    *("hasSubtypes", "isInterface", "isSubtype", "keyPrefix", "label", "labelPlural"),
    *("layoutable", "mergeable", "mruEnabled", "name", "queryable", "replicateable"),
    *("retrieveable", "searchable", "triggerable", "undeletable", "updateable", "urls"),
}
# And what its own description has besides.
MORE = {
    *("fields", "childRelationships", "recordTypeInfos", "namedLayoutInfos", "actionOverrides"),
    *("supportedScopes", "compactLayoutable", "searchLayoutable", "listviewable"),
    *("lookupLayoutable", "networkScopeFieldName", "sobjectDescribeOption"),
    *("defaultImplementation", "extendedBy", "extendsInterfaces", "implementedBy"),
    "implementsInterfaces",
}


@pytest.mark.parametrize("name", list(EXAMPLE.objects))
def test_every_object_has_every_attribute(name: str) -> None:
    object_type = EXAMPLE.object(name)
    assert set(describe_summary(object_type, BASE)) == SUMMARY
    described = describe_object(EXAMPLE, object_type, BASE, [])
    assert set(described) == SUMMARY | MORE
    for entry in described["fields"]:
        assert set(entry) == ATTRIBUTES


def test_a_custom_object_says_so() -> None:
    summary = describe_summary(EXAMPLE.object("Trip__c"), BASE)
    assert (summary["custom"], summary["keyPrefix"], summary["labelPlural"]) == (
        True,
        "a01",
        "Trips",
    )
    assert summary["urls"]["rowTemplate"] == f"{BASE}/sobjects/Trip__c/{{ID}}"


@pytest.mark.parametrize(
    ("object_name", "name", "flags"),
    [
        # filterable, sortable, groupable, aggregatable
        ("Lead", "Id", "yyyy"),
        ("Lead", "LastName", "yyyy"),
        ("Lead", "Street", "yyyy"),
        ("Lead", "Description", "nnnn"),
        ("Lead", "Address", "ynnn"),
        ("Lead", "Status", "yyyy"),
        ("Lead", "Interests__c", "ynnn"),
        ("Lead", "Newsletter__c", "yyyn"),
        ("Lead", "NumberOfEmployees", "yyyy"),
        ("Lead", "AnnualRevenue", "yyny"),
        ("Lead", "Loyalty_Points__c", "yyny"),
        ("Lead", "Last_Purchase__c", "yyyy"),
        ("Lead", "Last_Seen__c", "yyny"),
        ("Lead", "Email", "yyyy"),
        ("Lead", "Phone", "yyyy"),
        ("Lead", "Website", "yyyy"),
        ("Lead", "OwnerId", "yyyy"),
        ("Task", "Subject", "yyyy"),
        ("Opportunity", "Probability", "yyny"),
        ("Lead", "Owner_Name__c", "yyyy"),
        ("Lead", "Days_Open__c", "yyny"),
        ("Trip__c", "Leaves_At__c", "yynn"),
        ("Trip__c", "Brochure__c", "nnnn"),
        ("Booking__c", "Voucher__c", "nnnn"),
    ],
)
def test_a_query_can_do_with_a_field_what_its_type_allows(
    object_name: str, name: str, flags: str
) -> None:
    entry = example_field(object_name, name)
    kinds = ("filterable", "sortable", "groupable", "aggregatable")
    assert "".join("y" if entry[kind] else "n" for kind in kinds) == flags


@pytest.mark.parametrize(
    ("object_name", "name", "type_name", "soap_type"),
    [
        ("Lead", "Id", "id", "tns:ID"),
        ("Lead", "OwnerId", "reference", "tns:ID"),
        ("Lead", "NumberOfEmployees", "int", "xsd:int"),
        ("Lead", "AnnualRevenue", "currency", "xsd:double"),
        ("Lead", "CreatedDate", "datetime", "xsd:dateTime"),
        ("Lead", "Address", "address", "urn:address"),
        ("Lead", "Newsletter__c", "boolean", "xsd:boolean"),
        ("Lead", "Last_Purchase__c", "date", "xsd:date"),
        ("Lead", "Interests__c", "multipicklist", "xsd:string"),
        ("Task", "Subject", "combobox", "xsd:string"),
        ("Opportunity", "Probability", "percent", "xsd:double"),
        ("Trip__c", "Leaves_At__c", "time", "xsd:time"),
        ("Booking__c", "Voucher__c", "encryptedstring", "xsd:string"),
    ],
)
def test_a_type_has_its_name_in_soap(
    object_name: str, name: str, type_name: str, soap_type: str
) -> None:
    entry = example_field(object_name, name)
    assert (entry["type"], entry["soapType"]) == (type_name, soap_type)


def test_a_formula_field_shows_its_formula_and_takes_no_value() -> None:
    entry = example_field("Lead", "Heat__c")
    assert entry["calculated"]
    assert entry["calculatedFormula"].startswith("IF(ISPICKVAL(Rating")
    assert entry["formulaTreatNullNumberAsZero"]
    assert not entry["createable"]
    assert not entry["updateable"]


def test_a_lookup_says_where_it_leads_and_what_becomes_of_it() -> None:
    owner = example_field("Lead", "OwnerId")
    assert (owner["referenceTo"], owner["namePointing"], owner["polymorphicForeignKey"]) == (
        ["Group", "User"],
        True,
        True,
    )
    master = example_field("Booking__c", "Trip__c")
    assert (master["cascadeDelete"], master["relationshipOrder"], master["nillable"]) == (
        True,
        0,
        False,
    )
    assert example_field("Booking__c", "Traveller__c")["restrictedDelete"]


def test_defaults_are_shown() -> None:
    assert example_field("Lead", "Score__c")["defaultValue"] == 0
    assert example_field("Trip__c", "Booked_On__c")["defaultValueFormula"] == "TODAY()"
    assert example_field("Lead", "Newsletter__c")["defaultValue"] is False


def test_an_encrypted_text_shows_its_mask() -> None:
    entry = example_field("Booking__c", "Voucher__c")
    assert (entry["encrypted"], entry["mask"], entry["maskType"]) == (True, "*", "lastFour")


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        *(("Email", True), ("HasOptedOutOfEmail", True), ("Address", True), ("Tier__c", True)),
        *(("Street", False), ("LastName", False), ("OwnerId", False), ("CreatedDate", False)),
        ("Owner_Name__c", True),
    ],
)
def test_what_can_be_hidden_is_permissionable(name: str, *, expected: bool) -> None:
    assert example_field("Lead", name)["permissionable"] is expected


def test_records_can_be_asked_for_by_their_owner() -> None:
    scopes = {entry["name"] for entry in description("Lead")["supportedScopes"]}
    assert {"everything", "mine", "queue_owned"} <= scopes
    assert [entry["name"] for entry in description("CaseStatus")["supportedScopes"]] == [
        "everything"
    ]


def test_the_children_of_a_custom_object_are_listed() -> None:
    described = describe_object(EXAMPLE, EXAMPLE.object("Trip__c"), BASE, [])
    children = {
        (child["childSObject"], child["field"]): (child["relationshipName"], child["cascadeDelete"])
        for child in described["childRelationships"]
    }
    assert children["Booking__c", "Trip__c"] == ("Bookings__r", True)
    assert children["Contact", "Favourite_Trip__c"] == ("Fans__r", False)
