"""Saving a chunk of changes: a fixed number of statements however many records it has."""

from collections.abc import Iterable

from localorg.dml.allowed import refuse_inserts, refuse_updates
from localorg.dml.assignment import assign, rule_to_run
from localorg.dml.change import Change, touched_fields
from localorg.dml.defaults import default_values
from localorg.dml.duplicates import check_duplicates, watched_fields
from localorg.dml.hierarchy import check_hierarchies
from localorg.dml.matching import match
from localorg.dml.object_rules import ObjectRules
from localorg.dml.options import SaveOptions
from localorg.dml.reading import Target
from localorg.dml.references import check_references, resolve_parents, without_master
from localorg.dml.required import check_required
from localorg.dml.room import refuse_without_room
from localorg.dml.rule_book import rules_of
from localorg.dml.sql import Row, deletion, insert_rows, select_by, update_rows
from localorg.dml.uniqueness import check_unique
from localorg.dml.validation import check_validation_rules, fields_of_rules
from localorg.dml.writer import Writer

CHUNK_SIZE = 200
_PLAIN = SaveOptions()


def save_chunk(
    writer: Writer, target: Target, changes: list[Change], options: SaveOptions = _PLAIN
) -> None:
    """Insert, update or upsert records; each change ends with its `id` or with its `errors`.

    Changes that have errors already are left alone. The caller holds the transaction that
    `writer.connection` is in.
    """
    rules = rules_of(writer, target, options)
    match(writer.connection, target, _unspoilt(changes))
    _refuse_forbidden(target, _unspoilt(changes))
    resolve_parents(writer.connection, _unspoilt(changes))
    check_references(writer, target, _unspoilt(changes), options)
    check_hierarchies(writer, target, _unspoilt(changes))
    updates = [change for change in _unspoilt(changes) if change.id is not None]
    inserts = [change for change in _unspoilt(changes) if change.id is None]
    current = _read_current(writer, target, rules, updates, options)
    rules.prepare(updates, current)
    for change in (*updates, *inserts):
        _check(rules, change, current)
    both = (*updates, *inserts)
    check_unique(writer, target, _unspoilt(both), current)
    check_validation_rules(writer, rules, _unspoilt(both), current)
    check_duplicates(writer, target, _unspoilt(both), current, options)
    refuse_without_room(writer, _unspoilt(inserts), options)
    _update(writer, target, rules, _unspoilt(updates), current)
    _insert(writer, target, rules, _unspoilt(inserts))
    _assign(writer, target, both, options)


def _unspoilt(changes: Iterable[Change]) -> list[Change]:
    return [change for change in changes if not change.errors]


def _refuse_forbidden(target: Target, changes: list[Change]) -> None:
    refuse_inserts(target.object_type, (change for change in changes if change.id is None))
    refuse_updates(target.object_type, (change for change in changes if change.id is not None))


def _read_current(
    writer: Writer,
    target: Target,
    rules: ObjectRules,
    changes: list[Change],
    options: SaveOptions,
) -> dict[str, Row]:
    """The present values, by id, of the columns that rules look at or that some changes leave."""
    if not changes:
        return {}
    names = touched_fields(changes)
    # What every change sets needs not be known to write all of them in one statement.
    names.difference_update(_set_by_all(changes))
    names.update(watched_fields(target, options), fields_of_rules(rules))
    columns = ("Id", *rules.watched, *sorted(names.difference(rules.watched, ("Id",))))
    columns = (*columns, *deletion(writer.store.schema.object(target.object_type.name)))
    ids = [change.id for change in changes if change.id is not None]
    found = select_by(writer.connection, target.object_type.name, columns, "Id", ids)
    return {str(row["Id"]): row for row in found}


def _set_by_all(changes: list[Change]) -> set[str]:
    first, *others = changes
    return set(first.values).intersection(*(change.values for change in others))


def _check(rules: ObjectRules, change: Change, current: dict[str, Row]) -> None:
    row = None
    if change.id is not None:
        row = current.get(change.id)
        if row is None:
            change.fail("INVALID_CROSS_REFERENCE_KEY", "invalid cross reference id")
            return
        if row.get("IsDeleted"):
            change.fail("ENTITY_IS_DELETED", "entity is deleted")
            return
    rules.refuse(change, row)
    if not change.errors:
        check_required(rules, change, row)


def _update(
    writer: Writer,
    target: Target,
    rules: ObjectRules,
    changes: list[Change],
    current: dict[str, Row],
) -> None:
    if not changes:
        return
    stamps = _stamps(writer, rules)
    rules.before_update(changes, current)
    rows = []
    for change in changes:
        row = current[change.id or ""]
        rules.complete(change.values, row)
        without_master(change.values)
        # A later change of the same record in this chunk builds on this one.
        row.update(change.values)
        rows.append(row | stamps)
    touched = touched_fields(changes)
    columns = [*sorted(touched), *stamps]
    if columns:
        update_rows(writer.connection, target.object_type.name, columns, rows)
    rules.after_update([change.id for change in changes if change.id], touched)


def _stamps(writer: Writer, rules: ObjectRules) -> Row:
    """What an update leaves in those of the stamps' fields that the object has."""
    stamps: Row = {
        "LastModifiedDate": writer.stamp,
        "LastModifiedById": writer.user_id,
        "SystemModstamp": writer.stamp,
    }
    fields = rules.object_type.fields
    return {name: value for name, value in stamps.items() if name.lower() in fields}


def _insert(writer: Writer, target: Target, rules: ObjectRules, changes: list[Change]) -> None:
    if not changes:
        return
    object_type = writer.store.schema.object(target.object_type.name)
    ids = writer.store.ids.take(object_type.key_prefix, len(changes))
    for change, record_id in zip(changes, ids, strict=True):
        rules.complete(change.values, None)
        change.id, change.created = record_id, True
    defaults = default_values(writer, object_type)
    rows = [
        defaults.record(record_id, change.values)
        for change, record_id in zip(changes, ids, strict=True)
    ]
    rules.before_insert(rows)
    insert_rows(writer.connection, object_type.name, rows)
    rules.after_insert(ids)


def _assign(
    writer: Writer, target: Target, changes: Iterable[Change], options: SaveOptions
) -> None:
    rule = rule_to_run(target.object_type, options)
    if rule is not None:
        saved = [
            change for change in _unspoilt(changes) if change.created or options.assign_updated
        ]
        ids = [change.id for change in saved if change.id is not None]
        assign(writer, target.object_type, rule, ids)
