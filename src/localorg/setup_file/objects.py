"""The section `objects` of a set-up file: the org's schema."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from zlib import crc32

from localorg.formulas import FormulaError, attach
from localorg.ids import DIGITS
from localorg.schema import Field, ObjectType, RecordType, Schema, ValidationRule, standard_schema
from localorg.schema.builders import (
    READ_ONLY,
    deletion,
    last_activity,
    lookup,
    owner,
    record_id,
    stamps,
    string,
    viewed,
)
from localorg.schema.object_type import by_name
from localorg.setup_file.errors import unknown
from localorg.setup_file.field_reading import Place, number_format, read_field
from localorg.setup_file.reading import SetupFile
from localorg.setup_file.values import Entries, Value

_OBJECT_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*__c")
_DEVELOPER_NAME = re.compile(r"[A-Za-z](?:_?[A-Za-z0-9])*")
_KEY_PREFIX = re.compile(r"[a-z][0-9A-Za-z]{2}")
_PARTS = ("fields", "validation_rules", "record_types")
_OF_CUSTOM_OBJECTS = ("label", "label_plural", "key_prefix", "name_field", "searchable")
_LONGEST_MESSAGE = 255


def org_schema(setup: SetupFile | None) -> Schema:
    """The schema of an org: the standard objects and what the file adds to them.

    Problems are reported to the file; `setup.raise_problems()` raises them.
    """
    standard = standard_schema()
    section = setup.section("objects") if setup is not None else None
    if section is None:
        return standard
    return _Objects(section, standard).schema()


class _Objects:
    def __init__(self, section: Value, standard: Schema) -> None:
        self._found = section.mapping()
        self._standard = standard
        names = [entry.name for entry in standard.objects.values()]
        # The first way in which a name is written counts.
        self._names = {name.lower(): name for name in reversed([*names, *self._custom_names()])}
        self._places: dict[str, Place] = {}
        # What the file says of each object, by its name.
        self._values: dict[str, Value] = {}

    def schema(self) -> Schema:
        """All objects, with their formulas compiled."""
        objects = {entry.name: entry for entry in self._standard.objects.values()}
        for key, value in self._found.items():
            if key.lower() in map(str.lower, self._values):
                value.report(f"{self._names[key.lower()]} stands here twice. Keep one of them.")
                continue
            read = self._object(key, value)
            if read is not None:
                objects[read.name] = read
                self._values[read.name] = value
        self._check_prefixes(objects.values())
        self._check_children(objects.values())
        self._check_parents(objects.values())
        self._check_masters(objects)
        objects["Account"] = _with_person_fields(objects["Account"], objects["Contact"])
        return attach(Schema(objects.values()), self._report)

    def _custom_names(self) -> Iterable[str]:
        return (key for key in self._found if key.endswith("__c"))

    def _object(self, key: str, value: Value) -> ObjectType | None:
        known = self._standard.objects.get(key.lower())
        if known is not None:
            return self._completed(known, value.entries(optional=_PARTS))
        if _OBJECT_NAME.fullmatch(key) is None:
            names = [entry.name for entry in self._standard.objects.values()]
            message = unknown("object", key, names)
            value.report(f"{message} Names of custom objects end in __c, such as Trip__c.")
            return None
        entries = value.entries(optional=(*_OF_CUSTOM_OBJECTS, *_PARTS))
        return self._completed(_custom_object(key, entries), entries)

    def _completed(self, object_type: ObjectType, entries: Entries) -> ObjectType:
        """The object with its fields, record types and validation rules."""
        fields = dict(object_type.fields)
        place = Place(object_type.name, object_type.label_plural, fields, self._names)
        self._places[object_type.name] = place
        record_types = tuple(_record_types(entries))
        _check_default(entries, record_types)
        if record_types and "recordtypeid" not in fields:
            fields["recordtypeid"] = _record_type_id()
        seen: set[str] = set()
        for value in entries.items("fields"):
            read = read_field(value, place, object_type.fields)
            if read is None:
                continue
            if read.name.lower() in seen:
                value.report(f"{read.name} stands here twice. Keep one of them.")
            seen.add(read.name.lower())
            fields[read.name.lower()] = read
        if place.masters:
            # Who owns the master owns its details.
            fields.pop("ownerid", None)
        return replace(
            object_type,
            fields=by_name(fields.values()),
            record_types=record_types,
            validation_rules=tuple(_rules(entries, place, fields)),
        )

    def _check_prefixes(self, objects: Iterable[ObjectType]) -> None:
        holders: dict[str, str] = {}
        for object_type in objects:
            other = holders.setdefault(object_type.key_prefix, object_type.name)
            if other != object_type.name and object_type.custom:
                message = (
                    f"The key prefix {object_type.key_prefix} is that of {other}. Write "
                    "`key_prefix` with an a and two more letters or digits."
                )
                self._values[object_type.name].report(message)

    def _check_children(self, objects: Iterable[ObjectType]) -> None:
        """No parent has two kinds of children of one name."""
        holders: dict[tuple[str, str], str] = {}
        for object_type in objects:
            for field in object_type.fields.values():
                if not field.custom or field.child_relationship_name is None:
                    continue
                name = f"{object_type.name}.{field.name}"
                for parent in field.reference_to:
                    key = (parent, field.child_relationship_name.lower())
                    other = holders.setdefault(key, name)
                    if other != name:
                        self._values[object_type.name].report(
                            f"{parent} knows the records of {other} as "
                            f"{field.child_relationship_name} already. Give {name} another name "
                            "with `children`."
                        )

    def _check_parents(self, objects: Iterable[ObjectType]) -> None:
        """No object has two ways of one name to its parents."""
        for object_type in objects:
            holders: dict[str, Field] = {}
            for field in object_type.fields.values():
                if not field.custom or field.relationship_name is None:
                    continue
                first = holders.setdefault(field.relationship_name.lower(), field)
                if first is not field:
                    self._values[object_type.name].report(
                        f"{object_type.name} knows the record of {first.name} as "
                        f"{first.relationship_name} already. Give {field.name} another name "
                        "with `relationship`."
                    )

    def _check_masters(self, objects: Mapping[str, ObjectType]) -> None:
        """No object is a detail of its own details."""
        for name, value in self._values.items():
            circle = _way_back(objects, name, (name,))
            if circle:
                message = f"{name} is its own master: {' -> '.join(circle)}. Write type: reference."
                value.report(message)

    def _report(
        self, object_type: ObjectType, part: Field | ValidationRule, error: FormulaError
    ) -> None:
        # A person account shows formulas of its contact; they are reported there.
        place = self._places.get(object_type.name)
        if place is None:
            return
        found = place.field_formulas if isinstance(part, Field) else place.rule_formulas
        value = found.get(part.name)
        if value is not None:
            value.report(str(error))


def _way_back(
    objects: Mapping[str, ObjectType], goal: str, way: tuple[str, ...]
) -> tuple[str, ...]:
    """The lookups by which an object is a detail of `goal`; `way` ends with the object's name."""
    name = way[-1]
    for field in objects[name].fields.values():
        if field.relationship_order is None:
            continue
        step = (*way[:-1], f"{name}.{field.name}")
        for master in field.reference_to:
            if master == goal:
                return (*step, goal)
            passed = {one.partition(".")[0] for one in step}
            found = () if master in passed else _way_back(objects, goal, (*step, master))
            if found:
                return found
    return ()


def _custom_object(name: str, entries: Entries) -> ObjectType:
    plain = name.removesuffix("__c").replace("_", " ")
    label = entries.text("label", plain)
    plural = entries.text("label_plural", label + "s")
    fields = [
        record_id("Record ID"),
        owner(queues=True),
        *deletion(),
        _name_field(entries, label),
        *stamps(),
        last_activity(),
        *viewed(),
    ]
    return ObjectType(
        name=name,
        label=label,
        label_plural=plural,
        key_prefix=_key_prefix(name, entries),
        searchable=entries.flag("searchable", default=True),
        fields=by_name(fields),
    )


def _key_prefix(name: str, entries: Entries) -> str:
    """The prefix in the file, or one that follows from the object's name."""
    if "key_prefix" in entries:
        prefix = entries.text("key_prefix")
        if _KEY_PREFIX.fullmatch(prefix) is None:
            message = f"{prefix!r} is no key prefix of a custom object. Write such as a01."
            entries.report("key_prefix", message)
        return prefix
    first, second = divmod(crc32(name.encode()) % len(DIGITS) ** 2, len(DIGITS))
    return "a" + DIGITS[first] + DIGITS[second]


def _name_field(entries: Entries, label: str) -> Field:
    found = entries.get("name_field")
    if found is None:
        return _text_name(f"{label} Name")
    inner = found.entries(optional=("label", "type", "format"))
    name = inner.text("label", f"{label} Name")
    if inner.choice("type", "type of name", ("text", "autonumber"), "text") == "text":
        if "format" in inner:
            message = "Only auto numbers have it. Write type: autonumber, or leave it out."
            inner.report("format", message)
        return _text_name(name)
    return replace(
        string("Name", name, 80, nillable=False, defaulted_on_create=True, **READ_ONLY),
        name_field=True,
        id_lookup=True,
        auto_number=True,
        auto_number_format=number_format(inner),
        indexed=True,
    )


def _text_name(label: str) -> Field:
    """A name that nobody has to give: the record's id stands for it then."""
    return string(
        "Name", label, 80, name_field=True, id_lookup=True, defaulted_on_create=True, indexed=True
    )


def _record_type_id() -> Field:
    return lookup(
        "RecordTypeId", "Record Type ID", "RecordType", "RecordType", defaulted_on_create=True
    )


def _record_types(entries: Entries) -> Iterable[RecordType]:
    seen: set[str] = set()
    for value in entries.items("record_types"):
        keys = ("developer_name", "description", "active", "default")
        inner = value.entries(required=("name",), optional=keys)
        name = inner.text("name")
        developer_name = inner.text("developer_name", re.sub(r"[^A-Za-z0-9]+", "_", name))
        if _DEVELOPER_NAME.fullmatch(developer_name) is None:
            message = f"{developer_name!r} is no name for programs. Write letters and digits."
            inner.report("developer_name", message)
        if developer_name.lower() in seen:
            value.report(f"{developer_name} stands here twice. Keep one of them.")
        seen.add(developer_name.lower())
        yield RecordType(
            name=name,
            developer_name=developer_name,
            description=inner.text("description") or None,
            active=inner.flag("active", default=True),
            default=inner.flag("default"),
        )


def _check_default(entries: Entries, record_types: Iterable[RecordType]) -> None:
    chosen = [entry for entry in record_types if entry.default]
    if len(chosen) > 1:
        message = f"{len(chosen)} record types are the default. Keep one `default: true`."
        entries.report("record_types", message)
    for entry in chosen:
        if not entry.active:
            message = f"{entry.name} can't be the default: it is not active."
            entries.report("record_types", message)


def _rules(entries: Entries, place: Place, fields: Mapping[str, Field]) -> Iterable[ValidationRule]:
    seen: set[str] = set()
    for value in entries.items("validation_rules"):
        inner = value.entries(
            required=("name", "formula", "message"), optional=("error_field", "active")
        )
        name, message = inner.text("name"), inner.text("message")
        error_field = _error_field(inner, fields)
        if name in seen:
            value.report(f"{name} stands here twice. Keep one of them.")
            continue
        seen.add(name)
        if len(message) > _LONGEST_MESSAGE:
            inner.report("message", f"It has {len(message)} characters. Allowed: 255.")
        place.rule_formulas[name] = inner.get("formula") or value
        yield ValidationRule(
            name=name,
            formula=inner.text("formula") or "FALSE",
            message=message,
            error_field=error_field,
            active=inner.flag("active", default=True),
        )


def _error_field(entries: Entries, fields: Mapping[str, Field]) -> str | None:
    name = entries.text("error_field")
    if not name:
        return None
    found = fields.get(name.lower())
    if found is None:
        allowed = [entry.name for entry in fields.values()]
        entries.report("error_field", unknown("field here", name, allowed))
        return None
    return found.name


def _with_person_fields(account: ObjectType, contact: ObjectType) -> ObjectType:
    """Account with the custom fields that the file gave to Contact, for person accounts."""
    fields = dict(account.fields)
    for field in contact.fields.values():
        name = field.name.removesuffix("__c") + "__pc"
        if field.custom and name.lower() not in fields:
            way = field.relationship_name
            fields[name.lower()] = replace(
                field,
                name=name,
                relationship_name=way.removesuffix("__r") + "__pr" if way else None,
                child_relationship_name=None,
                nillable=field.nillable or field.type != "boolean",
            )
    return replace(account, fields=by_name(fields.values()))
