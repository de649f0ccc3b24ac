"""Validation rules: which records of a chunk they refuse, found in one statement."""

import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass

import orjson

from localorg.errors import RowError
from localorg.formulas.compiling import NEW_COLUMN, PRIOR
from localorg.formulas.references import USER_COLUMN
from localorg.schema import ALIAS, ObjectType, ValidationRule

Stored = str | int | float | bool | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidationRow:
    """A record as it would be saved, and as it is now."""

    # Stored values by field name, of `needed` at least: old and new ones merged. What an insert
    # does not say is its default; a name that is missing counts as empty.
    new: Mapping[str, Stored]
    # The values before the change; None where the record is new.
    old: Mapping[str, Stored] | None = None


def needed(object_type: ObjectType) -> tuple[str, ...]:
    """The stored fields that the object's validation rules look at, in the order of their names."""
    names = {name for rule in _active(object_type) for name in (*rule.columns, *rule.prior_columns)}
    return tuple(sorted(names))


def failures(
    connection: sqlite3.Connection,
    object_type: ObjectType,
    rows: Mapping[int, ValidationRow],
    user_id: str | None = None,
) -> dict[int, RowError]:
    """The error of each record that a rule refuses, by the record's number in `rows`.

    Where several rules refuse a record, the first one speaks. `user_id` is who writes.
    """
    rules = _active(object_type)
    if not rules or not rows:
        return {}
    names = needed(object_type)
    found = connection.execute(_statement(rules, names), (_json(rows, names, user_id),))
    return {number: _error(rules[first]) for number, first in found.fetchall() if first is not None}


def _active(object_type: ObjectType) -> tuple[ValidationRule, ...]:
    return tuple(rule for rule in object_type.validation_rules if rule.active)


def _statement(rules: tuple[ValidationRule, ...], names: tuple[str, ...]) -> str:
    """For each record: its number, and the place of the first rule that refuses it."""
    columns = ("$Number", NEW_COLUMN, USER_COLUMN, *names, *(PRIOR + name for name in names))
    read = ", ".join(
        f"json_extract(value, '$[{place}]') AS {_quoted(name)}"
        for place, name in enumerate(columns)
    )
    tests = " ".join(
        f"WHEN {rule.sql.replace(ALIAS, 'record')} THEN {place}" for place, rule in enumerate(rules)
    )
    parts = ('SELECT record."$Number", CASE ', tests, " END FROM (SELECT ", read)
    return "".join((*parts, " FROM json_each(?)) AS record"))


def _json(rows: Mapping[int, ValidationRow], names: tuple[str, ...], user_id: str | None) -> str:
    lists = [
        [
            number,
            int(row.old is None),
            user_id,
            *(row.new.get(name) for name in names),
            *((row.old or {}).get(name) for name in names),
        ]
        for number, row in rows.items()
    ]
    # Flags are numbers in the store, true and false are what some writers call them.
    numbers = [[int(one) if isinstance(one, bool) else one for one in values] for values in lists]
    return orjson.dumps(numbers).decode()


def _error(rule: ValidationRule) -> RowError:
    fields = (rule.error_field,) if rule.error_field else ()
    return RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", rule.message, fields)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
