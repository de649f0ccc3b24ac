"""Describe answers: the objects and fields as JSON, with every key that Salesforce shows."""

from base64 import b64encode
from typing import Any

from localorg.schema.field import Field, PicklistValue
from localorg.schema.object_type import ObjectType
from localorg.schema.schema import Schema

_SOAP_TYPES = {
    "address": "urn:address",
    "location": "urn:location",
    "boolean": "xsd:boolean",
    "currency": "xsd:double",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "double": "xsd:double",
    "id": "tns:ID",
    "int": "xsd:int",
    "long": "xsd:long",
    "time": "xsd:time",
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
        "custom": object_type.custom,
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
        "layoutable": object_type.layoutable,
        "mergeable": object_type.mergeable,
        "mruEnabled": object_type.layoutable,
        "name": object_type.name,
        "queryable": object_type.queryable,
        "replicateable": object_type.replicateable,
        "retrieveable": True,
        "searchable": object_type.searchable,
        "triggerable": object_type.triggerable,
        "undeletable": object_type.undeletable,
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
        "compactLayoutable": object_type.layoutable,
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
        "searchLayoutable": object_type.searchable and object_type.layoutable,
        "sobjectDescribeOption": "FULL",
        "supportedScopes": _scopes(object_type),
    }


def _scopes(object_type: ObjectType) -> list[dict[str, str]]:
    """The sets of records that a query can be USING SCOPE of."""
    plural = object_type.label_plural.lower()
    scopes = [("everything", f"All {plural}")]
    owner = object_type.fields.get("ownerid")
    if owner is not None and "User" in owner.reference_to:
        scopes += [("mine", f"My {plural}"), ("team", f"My team's {plural}")]
    if owner is not None and "Group" in owner.reference_to:
        scopes += [("queue_owned", f"Queue {plural}"), ("user_owned", f"User {plural}")]
    return [{"label": label, "name": name} for name, label in scopes]


def describe_field(field: Field) -> dict[str, Any]:
    """One field with all its attributes."""
    return (
        _nature(field)
        | _value(field)
        | _rights(field)
        | _querying(field)
        | _size(field)
        | _relation(field)
    )


def _nature(field: Field) -> dict[str, Any]:
    mask, mask_type = field.mask or (None, None)
    return {
        "name": field.name,
        "label": field.label,
        "type": field.type,
        "soapType": _SOAP_TYPES.get(field.type, "xsd:string"),
        "custom": field.custom,
        "inlineHelpText": field.help_text,
        "compoundFieldName": field.compound_field_name,
        "nameField": field.name_field,
        "extraTypeInfo": field.extra_type_info,
        "htmlFormatted": field.html_formatted,
        "encrypted": field.type == "encryptedstring",
        "mask": mask,
        "maskType": mask_type,
        "deprecatedAndHidden": False,
        "aiPredictionField": False,
        "dataTranslationEnabled": None,
        "displayLocationInDecimal": False,
        "highScaleNumber": False,
        "picklistValues": [_picklist_value(entry) for entry in field.picklist_values],
        "restrictedPicklist": field.restricted_picklist,
        "dependentPicklist": field.controller_name is not None,
        "controllerName": field.controller_name,
    }


def _value(field: Field) -> dict[str, Any]:
    """What the field gets by itself."""
    return {
        "calculated": field.calculated,
        "calculatedFormula": field.formula,
        "autoNumber": field.auto_number,
        "formulaTreatNullNumberAsZero": field.blanks_as_zeros,
        "defaultedOnCreate": field.defaulted_on_create,
        "defaultValue": _shown_default(field),
        "defaultValueFormula": field.default_formula,
    }


def _shown_default(field: Field) -> Any:
    """A picklist's default stands with its values only."""
    if field.type == "boolean":
        return bool(field.default_value)
    return field.default


def _rights(field: Field) -> dict[str, Any]:
    return {
        "createable": field.createable,
        "updateable": field.updateable,
        "nillable": field.nillable,
        "permissionable": field.permissionable,
        "externalId": field.external_id,
        "idLookup": field.id_lookup,
        "unique": field.unique,
        "caseSensitive": field.case_sensitive,
        "writeRequiresMasterRead": False,
    }


_GROUPABLE_TYPES = frozenset({"boolean", "date", "id", "int", "long", "reference"})
_NEVER_GROUPED = frozenset({"multipicklist", "encryptedstring"})
_NEVER_AGGREGATED = frozenset({"boolean", "multipicklist", "encryptedstring", "time"})
_PREFILTERABLE = frozenset({"boolean", "reference"})


def _querying(field: Field) -> dict[str, Any]:
    return {
        "filterable": field.filterable,
        "sortable": is_sortable(field),
        "groupable": is_groupable(field),
        "aggregatable": is_aggregatable(field),
        "queryByDistance": field.type == "location",
        "searchPrefilterable": field.type in _PREFILTERABLE and not field.calculated,
    }


def is_sortable(field: Field) -> bool:
    """Whether ORDER BY takes the field."""
    return field.sortable and field.type not in _NEVER_GROUPED and not field.compound


def is_groupable(field: Field) -> bool:
    """Whether GROUP BY takes the field: no long texts, moments and numbers with a fraction."""
    if not is_sortable(field) or field.html_formatted:
        return False
    return field.is_text or field.type in _GROUPABLE_TYPES


def is_aggregatable(field: Field) -> bool:
    """Whether COUNT(), MIN() and the like take the field; long texts they don't."""
    return field.filterable and not field.compound and field.type not in _NEVER_AGGREGATED


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
        "relationshipOrder": field.relationship_order,
        "referenceTargetField": None,
        "polymorphicForeignKey": field.polymorphic,
        "namePointing": field.polymorphic,
        "cascadeDelete": field.cascade_delete,
        "restrictedDelete": field.restricted_delete,
        "filteredLookupInfo": None,
    }


def _picklist_value(entry: PicklistValue) -> dict[str, Any]:
    return {
        "active": entry.active,
        "defaultValue": entry.default,
        "label": entry.label or entry.value,
        "validFor": None if entry.valid_for is None else _bits(entry.valid_for),
        "value": entry.value,
    }


def _bits(places: tuple[int, ...]) -> str:
    """Places as Salesforce writes them: bits from the left of bytes, in base 64."""
    found = bytearray(max(places, default=0) // 8 + 1)
    for place in places:
        found[place // 8] |= 0x80 >> place % 8
    return b64encode(found).decode()


def _children(schema: Schema, parent: ObjectType) -> list[dict[str, Any]]:
    return [
        {
            "cascadeDelete": field.cascade_delete,
            "childSObject": child.name,
            "deprecatedAndHidden": False,
            "field": field.name,
            "junctionIdListNames": [],
            "junctionReferenceTo": [],
            "relationshipName": field.child_relationship_name,
            "restrictedDelete": field.restricted_delete,
        }
        for child, field in schema.children(parent.name)
    ]
