"""Saving a chunk of changes: a fixed number of statements however many records it has."""

from collections.abc import Iterable

from localorg.dml.change import Change
from localorg.dml.matching import match
from localorg.dml.object_rules import ObjectRules, rules_of
from localorg.dml.reading import Target
from localorg.dml.references import check_references, resolve_parents
from localorg.dml.sql import Row, insert_rows, select_by, update_rows
from localorg.dml.uniqueness import check_unique
from localorg.dml.writer import Writer

CHUNK_SIZE = 200


def save_chunk(writer: Writer, target: Target, changes: list[Change]) -> None:
    """Insert, update or upsert records; each change ends with its `id` or with its `errors`.

    The caller holds the transaction that `writer.connection` is in.
    """
    rules = rules_of(writer, target)
    match(writer.connection, target, _unspoilt(changes))
    resolve_parents(writer.connection, _unspoilt(changes))
    check_references(writer.connection, target, _unspoilt(changes))
    updates = [change for change in _unspoilt(changes) if change.id is not None]
    inserts = [change for change in _unspoilt(changes) if change.id is None]
    current = _read_current(writer, target, rules, updates)
    for change in (*updates, *inserts):
        _check(rules, change, current)
    check_unique(writer.connection, target, _unspoilt((*updates, *inserts)), current)
    _update(writer, target, rules, _unspoilt(updates), current)
    _insert(writer, target, rules, _unspoilt(inserts))


def _unspoilt(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if not change.errors]


def _read_current(
    writer: Writer, target: Target, rules: ObjectRules, changes: list[Change]
) -> dict[str, Row]:
    """The present values, by id, of all columns that the chunk touches or its rules look at."""
    touched = {name for change in changes for name in change.values}
    columns = ("Id", "IsDeleted", *rules.watched, *sorted(touched.difference(rules.watched)))
    ids = [change.id for change in changes if change.id is not None]
    found = select_by(writer.connection, target.object_type.name, columns, "Id", ids)
    return {str(row["Id"]): row for row in found}


def _check(rules: ObjectRules, change: Change, current: dict[str, Row]) -> None:
    row = None
    if change.id is not None:
        row = current.get(change.id)
        if row is None:
            change.fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            return
        if row["IsDeleted"]:
            change.fail("ENTITY_IS_DELETED", "entity is deleted")
            return
    rules.refuse(change, row)
    if not change.errors:
        _check_required(rules, change, row)


def _check_required(rules: ObjectRules, change: Change, row: Row | None) -> None:
    values = change.values
    if row is not None and None not in values.values():
        return
    required = rules.required(values, row)
    if row is None:
        missing = [name for name in required if values.get(name) is None]
    else:
        missing = [name for name in required if name in values and values[name] is None]
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        change.fail("REQUIRED_FIELD_MISSING", message, *missing)


def _update(
    writer: Writer,
    target: Target,
    rules: ObjectRules,
    changes: list[Change],
    current: dict[str, Row],
) -> None:
    if not changes:
        return
    stamps: Row = {
        "LastModifiedDate": writer.stamp,
        "LastModifiedById": writer.user_id,
        "SystemModstamp": writer.stamp,
    }
    rows = []
    for change in changes:
        row = current[change.id or ""]
        rules.complete(change.values, row)
        # A later change of the same record in this chunk builds on this one.
        row.update(change.values)
        rows.append(row | stamps)
    touched = {name for change in changes for name in change.values}
    columns = [*sorted(touched), *stamps]
    update_rows(writer.connection, target.object_type.name, columns, rows)
    rules.after_update([change.id for change in changes if change.id], touched)


def _insert(writer: Writer, target: Target, rules: ObjectRules, changes: list[Change]) -> None:
    if not changes:
        return
    object_type = target.object_type
    ids = writer.store.ids.take(object_type.key_prefix, len(changes))
    defaults = _defaults(writer, target)
    rows = []
    for change, record_id in zip(changes, ids, strict=True):
        rules.complete(change.values, None)
        change.id, change.created = record_id, True
        rows.append(defaults | _without_blanks(change.values, defaults) | {"Id": record_id})
    rules.before_insert(rows)
    insert_rows(writer.connection, object_type.name, rows)
    rules.after_insert(ids)


def _without_blanks(values: Row, defaults: Row) -> Row:
    """The values, less those that say null where the org has a default."""
    if None not in values.values():
        return values
    return {
        name: value for name, value in values.items() if value is not None or name not in defaults
    }


def _defaults(writer: Writer, target: Target) -> Row:
    defaults: Row = {
        field.name: field.default_value
        for field in target.object_type.columns
        if field.default_value is not None
    }
    return defaults | {
        "OwnerId": writer.user_id,
        "CreatedDate": writer.stamp,
        "CreatedById": writer.user_id,
        "LastModifiedDate": writer.stamp,
        "LastModifiedById": writer.user_id,
        "SystemModstamp": writer.stamp,
    }
