"""Describe answers: the objects and fields as JSON, with every key that Salesforce shows."""

from typing import Any

from localorg.schema.field import Field, PicklistValue
from localorg.schema.object_type import ObjectType
from localorg.schema.schema import Schema

_SOAP_TYPES = {
    "address": "urn:address",
    "boolean": "xsd:boolean",
    "currency": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "double": "xsd:double",
    "id": "tns:ID",
    "int": "xsd:int",
    "percent": "xsd:double",
    "reference": "tns:ID",
}
# Salesforce counts three bytes for a character of UTF-8.
_BYTES_PER_CHARACTER = 3


def describe_summary(object_type: ObjectType, base: str) -> dict[str, Any]:
    """An object in the list of all objects; `base` is the path of the API version."""
    url = f"{base}/sobjects/{object_type.name}"
    return {
        "activateable": False,
        "associateEntityType": None,
        "associateParentEntity": None,
        "createable": object_type.createable,
        "custom": False,
        "customSetting": False,
        "deepCloneable": False,
        "deletable": object_type.deletable,
        "deprecatedAndHidden": False,
        "feedEnabled": False,
        "hasSubtypes": False,
        "isInterface": False,
        "isSubtype": False,
        "keyPrefix": object_type.key_prefix,
        "label": object_type.label,
        "labelPlural": object_type.label_plural,
        "layoutable": object_type.createable,
        "mergeable": object_type.mergeable,
        "mruEnabled": object_type.createable,
        "name": object_type.name,
        "queryable": object_type.queryable,
        "replicateable": object_type.replicateable,
        "retrieveable": True,
        "searchable": object_type.createable,
        "triggerable": object_type.createable,
        "undeletable": object_type.deletable,
        "updateable": object_type.updateable,
        "urls": {
            "sobject": url,
            "describe": f"{url}/describe",
            "rowTemplate": f"{url}/{{ID}}",
        },
    }


def describe_object(
    schema: Schema, object_type: ObjectType, base: str, record_types: list[dict[str, Any]]
) -> dict[str, Any]:
    """An object with its fields; `record_types` are its recordTypeInfos."""
    return describe_summary(object_type, base) | {
        "actionOverrides": [],
        "childRelationships": _children(schema, object_type),
        "compactLayoutable": object_type.createable,
        "defaultImplementation": None,
        "extendedBy": None,
        "extendsInterfaces": None,
        "fields": [describe_field(field) for field in object_type.fields.values()],
        "implementedBy": None,
        "implementsInterfaces": None,
        "listviewable": None,
        "lookupLayoutable": None,
        "namedLayoutInfos": [],
        "networkScopeFieldName": None,
        "recordTypeInfos": record_types,
        "searchLayoutable": object_type.createable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": [{"label": f"All {object_type.label_plural}", "name": "everything"}],
    }


def describe_field(field: Field) -> dict[str, Any]:
    """One field with all its attributes."""
    return _nature(field) | _use(field) | _size(field) | _relation(field)


def _nature(field: Field) -> dict[str, Any]:
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "custom": field.custom,
        "inlineHelpText": None,
        "calculated": field.calculated,
        "calculatedFormula": None,
        "autoNumber": field.auto_number,
        "formulaTreatNullNumberAsZero": False,
        "compoundFieldName": field.compound_field_name,
        "nameField": field.name_field,
        "extraTypeInfo": field.extra_type_info,
        "htmlFormatted": False,
        "encrypted": False,
        "mask": None,
        "maskType": None,
        "deprecatedAndHidden": False,
        "aiPredictionField": False,
        "dataTranslationEnabled": None,
        "displayLocationInDecimal": False,
        "highScaleNumber": False,
        "picklistValues": [_picklist_value(entry) for entry in field.picklist_values],
        "restrictedPicklist": field.restricted_picklist,
        "dependentPicklist": False,
        "controllerName": None,
    }


def _use(field: Field) -> dict[str, Any]:
    compound = not field.stored
    groupable = field.is_text or field.type in {"boolean", "date", "id", "int", "reference"}
    return {
        "createable": field.createable,
        "updateable": field.updateable,
        "nillable": field.nillable,
        "defaultedOnCreate": field.defaulted_on_create,
        "defaultValue": field.default_value if field.type == "boolean" else None,
        "defaultValueFormula": None,
        "externalId": field.external_id,
        "idLookup": field.id_lookup,
        "unique": field.unique,
        "caseSensitive": field.case_sensitive,
        "filterable": field.filterable,
        "sortable": field.sortable and field.type != "multipicklist" and not compound,
        "groupable": groupable and field.sortable and field.type != "multipicklist",
        "aggregatable": not compound and field.type not in {"boolean", "multipicklist"},
        "permissionable": field.nillable and (field.createable or field.updateable),
        "queryByDistance": compound,
        "searchPrefilterable": field.type in {"boolean", "reference"},
        "writeRequiresMasterRead": False,
    }


def _size(field: Field) -> dict[str, Any]:
    return {
        "length": field.length,
        "byteLength": field.length * _BYTES_PER_CHARACTER if field.is_text else field.length,
        "precision": field.precision,
        "scale": field.scale,
        "digits": field.digits,
    }


def _relation(field: Field) -> dict[str, Any]:
    return {
        "referenceTo": list(field.reference_to),
        "relationshipName": field.relationship_name,
        "relationshipOrder": None,
        "referenceTargetField": None,
        "polymorphicForeignKey": False,
        "namePointing": False,
        "cascadeDelete": False,
        "restrictedDelete": False,
        "filteredLookupInfo": None,
    }


def _picklist_value(entry: PicklistValue) -> dict[str, Any]:
    return {
        "active": entry.active,
        "defaultValue": entry.default,
        "label": entry.value,
        "validFor": None,
        "value": entry.value,
    }


# The names by which a parent knows its children, where they have one.
_CHILDREN_NAMES = {
    ("Contact", "AccountId"): "Contacts",
    ("Case", "AccountId"): "Cases",
    ("Case", "ContactId"): "Cases",
    ("Case", "ParentId"): "Cases",
    ("Account", "ParentId"): "ChildAccounts",
}


def _children(schema: Schema, parent: ObjectType) -> list[dict[str, Any]]:
    return [
        {
            "cascadeDelete": (child.name, field.name) == ("Contact", "AccountId"),
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": _CHILDREN_NAMES.get((child.name, field.name)),
            "restrictedDelete": parent.name == "Contact" and child.name == "Case",
        }
        for child, field in schema.children(parent.name)
    ]
