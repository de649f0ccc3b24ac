from typing import Any

from localorg.schema import describe_object, standard_schema

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
    return describe_object(SCHEMA, SCHEMA.object(name), BASE, [])


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
