"""Records as clients send them, in CSV rows or JSON objects, turned into changes."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Any

from localorg.dml.change import Change, ParentKey
from localorg.dml.conversion import Converter, converter, wrong_type
from localorg.dml.csv_columns import NULL_IN_CSV, CsvColumn, read_columns
from localorg.dml.json_values import as_json_error, json_text, null_of_boolean
from localorg.errors import RowError, SalesforceError, invalid_column
from localorg.schema import Field, ObjectType, Schema


class Operation(StrEnum):
    """What is done to records; the values are those of Bulk jobs."""

    INSERT = "insert"
    UPDATE = "update"
    UPSERT = "upsert"
    DELETE = "delete"
    HARD_DELETE = "hardDelete"


@dataclass(frozen=True, kw_only=True)
class Target:
    """What a set of changes is for."""

    schema: Schema
    object_type: ObjectType
    operation: Operation
    # The field that finds records: Id for update, an external id or Id for upsert.
    key_field: Field | None = None


@dataclass(slots=True)
class _Column:
    """One column of a CSV file or key of a JSON object."""

    name: str
    field: Field | None = None
    parent: ParentKey | None = None
    convert: Converter | None = None
    is_key: bool = False
    refusal: RowError | None = None


class RecordReader:
    """Reads records that all have the same columns."""

    def __init__(self, target: Target, names: Sequence[str]) -> None:
        """Find the field of each column; raises INVALID_FIELD for one that there is none for."""
        self._target = target
        self._columns = [_column(target, name) for name in names]
        self._plain = [
            (position, column.field, column.convert)
            for position, column in enumerate(self._columns)
            if column.field and column.convert and not column.is_key and not column.refusal
        ]
        self._csv_columns = [CsvColumn(*parts) for parts in self._plain]
        self._special = [
            (position, column)
            for position, column in enumerate(self._columns)
            if column.is_key or column.parent or column.refusal
        ]

    def read_csv_rows(self, rows: Sequence[Sequence[str]]) -> list[Change]:
        """The changes that CSV rows ask for: empty leaves a field as it is, #N/A clears it."""
        found = read_columns(self._csv_columns, rows)
        changes = [Change(values) for values in found.values]
        for number, errors in found.errors.items():
            changes[number].errors += errors
        if self._special:
            for change, row in zip(changes, rows, strict=True):
                self._read_special(change, row)
        return changes

    def read_json(self, values: Sequence[Any]) -> Change:
        """The change that a JSON object asks for: null clears a field.

        Raises JSON_PARSER_ERROR where a value can't be one of its field.
        """
        change = Change()
        for position, field, convert in self._plain:
            value = values[position]
            if value is None or value == "":
                _clear_json(change, field)
                continue
            stored = convert(json_text(field, value))
            if isinstance(stored, RowError):
                change.errors.append(as_json_error(field, value, stored))
            else:
                change.values[field.name] = stored
        for position, column in self._special:
            _read_special_json(change, column, values[position])
        return change

    def _read_special(self, change: Change, row: Sequence[str]) -> None:
        for position, column in self._special:
            text = row[position]
            if column.is_key:
                _take_key(change, column, "" if text == NULL_IN_CSV else text)
            elif not text:
                continue
            elif column.refusal:
                change.errors.append(column.refusal)
            elif column.parent:
                _read_parent(change, column.parent, text)


class JsonRecords:
    """Reads JSON objects, each with its own keys."""

    def __init__(self, target: Target) -> None:
        """Read for one target."""
        self._target = target
        self._readers: dict[tuple[str, ...], RecordReader] = {}

    def read(self, record: Mapping[str, Any]) -> Change:
        """The change that one object asks for."""
        flat = dict(_flattened(self._target.object_type, record))
        names = tuple(flat)
        reader = self._readers.get(names)
        if reader is None:
            reader = self._readers[names] = RecordReader(self._target, names)
        return reader.read_json(tuple(flat.values()))


def _flattened(object_type: ObjectType, record: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """`{"Account": {"Ext__c": "A1"}}` as `{"Account.Ext__c": "A1"}`; attributes are left out."""
    for name, value in record.items():
        if name.lower() == "attributes":
            continue
        relationship = name.rpartition(":")[2]
        if isinstance(value, Mapping) and object_type.relationship(relationship) is not None:
            key = _only_key(name, value)
            yield f"{name}.{key}", value[key]
        else:
            yield name, value


def _only_key(name: str, parent: Mapping[str, Any]) -> str:
    """The one field that an object names a parent by; raises INVALID_FIELD for another number."""
    keys = [key for key in parent if key.lower() != "attributes"]
    if len(keys) == 1:
        return keys[0]
    message = (
        f"More than 1 field provided in an external foreign key reference in entity: {name}"
        if keys
        else f"The external foreign key reference does not reference a valid entity: {name}"
    )
    raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_FIELD", message)


def _column(target: Target, name: str) -> _Column:
    if "." in name:
        return _Column(name, parent=_parent_key(target, name))
    field = target.object_type.field(name)
    is_key = target.key_field is not None and field.name == target.key_field.name
    return _Column(
        name,
        field=field,
        convert=converter(field, target.schema),
        is_key=is_key,
        refusal=None if is_key else _refusal(target, field),
    )


def _parent_key(target: Target, name: str) -> ParentKey:
    """What `Account.Ext__c` names; with several kinds of parents also `Lead:Who.Email`."""
    path, _, key_name = name.partition(".")
    kind, _, relationship = path.rpartition(":")
    lookup = target.object_type.relationship(relationship)
    if lookup is None:
        raise invalid_column(name, target.object_type.name)
    for parent in _parents(target, lookup, kind):
        key = parent.fields.get(key_name.lower())
        if key is not None and key.is_upsert_key:
            return ParentKey(lookup, parent, key)
    raise invalid_column(name, target.object_type.name)


def _parents(target: Target, lookup: Field, kind: str) -> Iterable[ObjectType]:
    """The objects that the user sees and the lookup may point to; only `kind` if it is named."""
    for name in lookup.reference_to:
        parent = target.schema.objects.get(name.lower())
        if parent is not None and kind.lower() in {"", name.lower()}:
            yield parent


def _refusal(target: Target, field: Field) -> RowError | None:
    """Why no record may bring a value for this field, or None."""
    if field.type == "id":
        return _id_refusal(target.operation)
    creates = target.operation is not Operation.UPDATE and target.object_type.createable
    updates = target.operation is not Operation.INSERT and target.object_type.updateable
    if not (creates or updates):
        # The user may write none of the object's records, which `save_chunk` says of each.
        return None
    writable = field.createable if creates else field.updateable
    return None if writable else read_only(field.name)


def _id_refusal(operation: Operation) -> RowError:
    if operation is Operation.INSERT:
        message = "cannot specify Id in an insert call"
        return RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, ("Id",))
    return RowError(
        "INVALID_FIELD", "The Id field should not be specified in the sobject data.", ("Id",)
    )


def read_only(*names: str) -> RowError:
    """Fields that the user may not write."""
    message = (
        f"Unable to create/update fields: {', '.join(names)}. Please check the security settings "
        "of this field and verify that it is read/write for your profile or permission set."
    )
    return RowError("INVALID_FIELD_FOR_INSERT_UPDATE", message, names)


def _read_special_json(change: Change, column: _Column, value: Any) -> None:
    blank = value is None or value == ""
    if column.refusal is not None:
        # An Id that is null says nothing; other fields are not to be named at all.
        if not blank or column.field is None or column.field.type != "id":
            change.errors.append(column.refusal)
    elif column.parent is not None:
        if not blank:
            change.parents.append((column.parent, json_text(column.parent.key, value)))
    elif column.field is not None:
        _take_key(change, column, "" if blank else json_text(column.field, value))


def _take_key(change: Change, column: _Column, text: str) -> None:
    """Note the key, which may be empty; an external id is a value of the record, too."""
    change.key = text or None
    if not text or column.field is None or column.convert is None or column.field.type == "id":
        return
    value = column.convert(text)
    if isinstance(value, RowError):
        change.errors.append(value)
    else:
        change.values[column.field.name] = value


def _read_parent(change: Change, parent: ParentKey, text: str) -> None:
    if text == NULL_IN_CSV:
        _clear(change, parent.lookup)
    else:
        change.parents.append((parent, text))


def _clear(change: Change, field: Field) -> None:
    if field.type == "boolean":
        change.errors.append(wrong_type(field, NULL_IN_CSV))
    else:
        change.values[field.name] = None


def _clear_json(change: Change, field: Field) -> None:
    if field.type == "boolean":
        raise null_of_boolean()
    change.values[field.name] = None
