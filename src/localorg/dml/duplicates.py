"""Duplicate rules: records that agree with others in the fields of a matching rule."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from localorg.dml.change import Change
from localorg.dml.conversion import Stored
from localorg.dml.options import DuplicateRule, Match, SaveOptions
from localorg.dml.reading import Target
from localorg.dml.sql import Row, deletion, select_by
from localorg.dml.writer import Writer
from localorg.errors import RowError, SalesforceError

_Key = tuple[str, ...]


class DuplicatesError(SalesforceError):
    """400 DUPLICATES_DETECTED, with the duplicateResult beside code and message."""

    def __init__(self, status: int, error: "DuplicatesDetected") -> None:
        """Keep what was found."""
        super().__init__(status, error.code, error.message)
        self._result = error.result

    def body(self) -> list[dict[str, Any]]:
        """The JSON of the answer: `[{"duplicateResult", "message", "errorCode"}]`."""
        return [{"duplicateResult": self._result} | answer for answer in super().body()]


@dataclass(frozen=True, slots=True)
class DuplicatesDetected(RowError):
    """A record is refused as a duplicate; `result` is Salesforce's duplicateResult."""

    result: Mapping[str, Any] = field(default_factory=dict)

    def as_request_error(self, status: int = HTTPStatus.BAD_REQUEST) -> SalesforceError:
        """The same as the failure of a request about this one record."""
        return DuplicatesError(status, self)


def check_duplicates(
    writer: Writer,
    target: Target,
    changes: Sequence[Change],
    current: Mapping[str, Row],
    options: SaveOptions,
) -> None:
    """Fail the changes that a duplicate rule refuses, of two in the chunk the later one."""
    for rule in options.rules.duplicates.get(target.object_type.name, ()):
        open_changes = [change for change in changes if not change.errors]
        refused = [change for change in open_changes if _refuses(rule, change, options)]
        if not refused:
            continue
        found: dict[int, list[tuple[Match, list[Row]]]] = {}
        for match in rule.matches:
            for number, rows in _matches(writer, target, match, refused, current).items():
                found.setdefault(number, []).append((match, rows))
        for number, matches in found.items():
            refused[number].errors.append(_error(rule, refused[number], matches, options))


def watched_fields(target: Target, options: SaveOptions) -> set[str]:
    """The fields whose present values the rules of the object compare."""
    rules = options.rules.duplicates.get(target.object_type.name, ())
    return {ours for rule in rules for match in rule.matches for ours, _ in match.fields}


def _refuses(rule: DuplicateRule, change: Change, options: SaveOptions) -> bool:
    action = rule.on_insert if change.id is None else rule.on_update
    return action == "block" or (action == "alert" and not options.allow_duplicates)


def _matches(
    writer: Writer,
    target: Target,
    match: Match,
    changes: Sequence[Change],
    current: Mapping[str, Row],
) -> dict[int, list[Row]]:
    """The duplicates of each change, by its place among `changes`; none where it has none."""
    keys, firsts = dict[int, _Key](), set[Stored]()
    for number, change in enumerate(changes):
        values = _compared(match, change, current)
        if values is not None:
            keys[number] = _folded(values)
            firsts.add(values[0])
    holders = _holders(writer, match, sorted(firsts, key=str))
    same_object = match.object_name == target.object_type.name
    earlier: dict[_Key, Change] = {}
    found: dict[int, list[Row]] = {}
    for number, key in keys.items():
        change = changes[number]
        rows = [row for row in holders.get(key, ()) if row["Id"] != change.id]
        twin = earlier.setdefault(key, change) if same_object else change
        if twin is not change and (twin.id is None or twin.id != change.id):
            rows.append(_values(match, twin) | {"Id": twin.id})
        if rows:
            found[number] = rows
    return found


def _compared(match: Match, change: Change, current: Mapping[str, Row]) -> list[Stored] | None:
    """The values that count; None where one is empty or none of them changes."""
    ours = [name for name, _ in match.fields]
    row = current.get(change.id or "", {})
    if row and not any(name in change.values for name in ours):
        return None
    values = [change.values.get(name, row.get(name)) for name in ours]
    return None if None in values else values


def _folded(values: Iterable[Stored]) -> _Key:
    """Values as they are compared: without case."""
    return tuple(str(value).lower() for value in values)


def _holders(writer: Writer, match: Match, firsts: Sequence[Stored]) -> dict[_Key, list[Row]]:
    """The records whose first field has one of these values, by all the fields' values."""
    object_type = writer.store.schema.object(match.object_name)
    theirs = [name for _, name in match.fields]
    columns = ("Id", *theirs, *deletion(object_type))
    holders: dict[_Key, list[Row]] = {}
    for row in select_by(writer.connection, object_type.name, columns, theirs[0], firsts):
        if not row.get("IsDeleted"):
            holders.setdefault(_folded(row[name] for name in theirs), []).append(row)
    return holders


def _values(match: Match, change: Change) -> Row:
    return {theirs: change.values.get(ours) for ours, theirs in match.fields}


def _error(
    rule: DuplicateRule,
    change: Change,
    matches: Sequence[tuple[Match, list[Row]]],
    options: SaveOptions,
) -> DuplicatesDetected:
    action = rule.on_insert if change.id is None else rule.on_update
    result = {
        "allowSave": action == "alert",
        "duplicateRule": rule.name,
        "duplicateRuleEntityType": matches[0][0].object_name,
        "errorMessage": rule.message,
        "matchResults": [_match_result(match, rows, options) for match, rows in matches],
    }
    return DuplicatesDetected("DUPLICATES_DETECTED", rule.message, (), result)


def _match_result(match: Match, rows: list[Row], options: SaveOptions) -> dict[str, Any]:
    return {
        "entityType": match.object_name,
        "errors": [],
        "matchEngine": "ExactMatchEngine",
        "matchRecords": [_match_record(match, row, options) for row in rows],
        "rule": match.name,
        "size": len(rows),
        "success": True,
    }


def _match_record(match: Match, row: Row, options: SaveOptions) -> dict[str, Any]:
    record: dict[str, Any] = {"attributes": {"type": match.object_name}, "Id": row["Id"]}
    if options.include_duplicate_details:
        record |= {theirs: row[theirs] for _, theirs in match.fields}
    return {
        "additionalInformation": [],
        "fieldDiffs": [],
        "matchConfidence": 100.0,
        "record": record,
    }
