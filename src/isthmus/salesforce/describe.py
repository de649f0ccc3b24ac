"""What an object and its fields are like, as Salesforce describes them."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from isthmus.salesforce.errors import SchemaChanged


@dataclass(frozen=True, kw_only=True)
class PicklistValue:
    """One value of a picklist."""

    value: str
    label: str
    active: bool
    default: bool


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field. Source: REST API guide, sObject Describe."""

    name: str
    label: str
    type: str
    """Such as `string`, `picklist`, `multipicklist`, `datetime`, `reference`."""
    length: int
    """The most characters; 0 where it is not text."""
    precision: int
    """The most digits of a number with a fraction, all together."""
    scale: int
    """Those of them after the point."""
    digits: int
    """The most digits of a whole number."""
    createable: bool
    updateable: bool
    nillable: bool
    defaulted_on_create: bool
    filterable: bool
    external_id: bool
    id_lookup: bool
    unique: bool
    case_sensitive: bool
    custom: bool
    calculated: bool
    """A formula: it changes without a new stamp."""
    auto_number: bool
    restricted_picklist: bool
    picklist_values: tuple[PicklistValue, ...]
    reference_to: tuple[str, ...]
    """Objects that a lookup can point to."""
    relationship_name: str | None
    compound_field_name: str | None
    """The compound that this is a part of, such as `MailingAddress`."""

    @property
    def required_on_create(self) -> bool:
        """Whether a new record must bring a value."""
        return self.createable and not self.nillable and not self.defaulted_on_create


@dataclass(frozen=True, kw_only=True)
class ObjectDescription:
    """One object, with the fields that the user may see."""

    name: str
    label: str
    label_plural: str
    key_prefix: str | None
    """The first three characters of its records' ids."""
    custom: bool
    createable: bool
    updateable: bool
    deletable: bool
    queryable: bool
    replicateable: bool
    fields: Mapping[str, Field]
    """By lower-case name, in Salesforce's order."""

    def field(self, name: str) -> Field:
        """The field of that name in any casing. Raises `SchemaChanged` where there is none."""
        try:
            return self.fields[name.lower()]
        except KeyError:
            raise SchemaChanged(
                f"{self.name} has no field {name!r} that this user may see; it has "
                f"{', '.join(sorted(field.name for field in self.fields.values()))}. "
                f"{SchemaChanged.advice}",
                fields=(name,),
            ) from None


def read_description(found: Mapping[str, Any]) -> ObjectDescription:
    """The description in the JSON of a describe call."""
    fields = [_read_field(field) for field in found["fields"]]
    return ObjectDescription(
        name=found["name"],
        label=found.get("label") or found["name"],
        label_plural=found.get("labelPlural") or found["name"],
        key_prefix=found.get("keyPrefix"),
        custom=bool(found.get("custom")),
        createable=bool(found.get("createable")),
        updateable=bool(found.get("updateable")),
        deletable=bool(found.get("deletable")),
        queryable=bool(found.get("queryable")),
        replicateable=bool(found.get("replicateable")),
        fields=MappingProxyType({field.name.lower(): field for field in fields}),
    )


def _read_field(found: Mapping[str, Any]) -> Field:
    return Field(
        name=found["name"],
        label=found.get("label") or found["name"],
        type=found["type"],
        length=int(found.get("length") or 0),
        precision=int(found.get("precision") or 0),
        scale=int(found.get("scale") or 0),
        digits=int(found.get("digits") or 0),
        createable=bool(found.get("createable")),
        updateable=bool(found.get("updateable")),
        nillable=bool(found.get("nillable")),
        defaulted_on_create=bool(found.get("defaultedOnCreate")),
        filterable=bool(found.get("filterable")),
        external_id=bool(found.get("externalId")),
        id_lookup=bool(found.get("idLookup")),
        unique=bool(found.get("unique")),
        case_sensitive=bool(found.get("caseSensitive")),
        custom=bool(found.get("custom")),
        calculated=bool(found.get("calculated")),
        auto_number=bool(found.get("autoNumber")),
        restricted_picklist=bool(found.get("restrictedPicklist")),
        picklist_values=tuple(map(_read_picklist_value, found.get("picklistValues") or ())),
        reference_to=tuple(found.get("referenceTo") or ()),
        relationship_name=found.get("relationshipName"),
        compound_field_name=found.get("compoundFieldName"),
    )


def _read_picklist_value(found: Mapping[str, Any]) -> PicklistValue:
    return PicklistValue(
        value=found["value"],
        label=found.get("label") or found["value"],
        active=bool(found.get("active", True)),
        default=bool(found.get("defaultValue")),
    )
