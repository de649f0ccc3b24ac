"""The records of a collection as clients send them."""

from http import HTTPStatus
from typing import Any

from localorg.collections.saving import MOST_RECORDS, Item
from localorg.dml import Change, JsonRecords, Operation, Target
from localorg.errors import SalesforceError, json_parser_error, not_found
from localorg.ids import normalised_id
from localorg.schema import Field, ObjectType, Schema


class CollectionReader:
    """Reads the records of one request, each of which may be of another object."""

    def __init__(self, schema: Schema, operation: Operation) -> None:
        """Read for one operation, inserting or updating, on what a user sees."""
        self._schema = schema
        self._operation = operation
        self._readers: dict[str, tuple[Target, JsonRecords]] = {}

    def item(self, record: dict[str, Any]) -> Item:
        """One record; raises what fails the request as a whole."""
        target, reader = self._reader(type_of(record))
        return Item(target, reader.read(record))

    def _reader(self, name: str) -> tuple[Target, JsonRecords]:
        key = name.lower()
        if key not in self._readers:
            object_type = self._schema.object(name)
            updating = self._operation is Operation.UPDATE
            target = Target(
                schema=self._schema,
                object_type=object_type,
                operation=self._operation,
                key_field=object_type.field("Id") if updating else None,
            )
            self._readers[key] = (target, JsonRecords(target))
        return self._readers[key]


def upsert_items(
    schema: Schema, object_type: ObjectType, key: Field, records: list[dict[str, Any]]
) -> list[Item]:
    """The records of an upsert, all of one object."""
    target = Target(
        schema=schema, object_type=object_type, operation=Operation.UPSERT, key_field=key
    )
    reader = JsonRecords(target)
    for record in records:
        _check_type(type_of(record), object_type)
    return [Item(target, reader.read(record)) for record in records]


def delete_items(schema: Schema, ids: list[str]) -> list[Item]:
    """The records of these ids, which may be of several objects."""
    return [_delete_item(schema, text) for text in ids]


def records_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    """The `records` of a body; raises 400 where they are no list or too many."""
    records = body.get("records")
    if isinstance(records, dict):
        # One record in XML, where a list of one can't be told from a record.
        records = [records]
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise json_parser_error('A list of objects is expected as "records" at [line:1, column:1]')
    check_count(len(records), MOST_RECORDS)
    return records


def check_count(count: int, most: int) -> None:
    """Raise 400 EXCEEDED_ID_LIMIT for too many records or ids."""
    if count > most:
        message = f"record limit reached. cannot submit more than {most} records into this call"
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "EXCEEDED_ID_LIMIT", message)


def type_of(record: dict[str, Any]) -> str:
    """The object that a record says it is of; raises 400 INVALID_TYPE where it says none."""
    attributes = record.get("attributes")
    name = attributes.get("type") if isinstance(attributes, dict) else None
    if not isinstance(name, str):
        message = 'The record\'s type is missing: say it in \'attributes\', as {"type": "Lead"}.'
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE", message)
    return name


def upsert_key(object_type: ObjectType, name: str) -> Field:
    """The field that finds records; raises 404 where it is no key. Id is one here."""
    field = object_type.fields.get(name.lower())
    if field is None or not (field.is_upsert_key or field.type == "id"):
        message = f"Provided external ID field does not exist or is not accessible: {name}"
        raise not_found(message)
    return field


def _check_type(name: str, object_type: ObjectType) -> None:
    if name.lower() != object_type.name.lower():
        message = f"The record's type is {name}, but the path's is {object_type.name}."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_TYPE", message)


def _delete_item(schema: Schema, text: str) -> Item:
    record_id = normalised_id(text)
    object_type = schema.of_id(record_id) if record_id else None
    if record_id is None or object_type is None:
        message = f"The id {text} is of no object whose records can be deleted."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "MALFORMED_ID", message)
    target = Target(schema=schema, object_type=object_type, operation=Operation.DELETE)
    return Item(target, Change(key=record_id))
