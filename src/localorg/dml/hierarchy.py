"""Hierarchies of one object, such as who reports to whom: they must not go round in circles."""

from collections.abc import Iterable, Mapping, Sequence

from localorg.dml.change import Change, touched_fields
from localorg.dml.conversion import Stored
from localorg.dml.reading import Target
from localorg.dml.sql import marks
from localorg.dml.writer import Writer
from localorg.schema import Field
from localorg.store import quoted


def check_hierarchies(writer: Writer, target: Target, changes: Sequence[Change]) -> None:
    """Fail updates after which a record would stand above itself; new records can't."""
    updates = [change for change in changes if change.id is not None]
    touched = touched_fields(updates)
    for name in touched:
        field = target.object_type.field(name)
        if field.reference_to == (target.object_type.name,):
            _check(writer, target, field, [c for c in updates if c.values.get(name) is not None])


def _check(writer: Writer, target: Target, field: Field, changes: list[Change]) -> None:
    if not changes:
        return
    above = _parents_above(writer, target, field, {c.values[field.name] for c in changes})
    for change in changes:
        if _reaches(change.id, change.values[field.name], above):
            message = (
                f"{field.label}: {change.values[field.name]} can't stand above {change.id}, "
                "because the hierarchy would go round in a circle"
            )
            change.fail("FIELD_INTEGRITY_EXCEPTION", message, field.name)
        else:
            # A later change of the chunk is looked at as if this one had been saved.
            above[change.id] = change.values[field.name]


def _parents_above(
    writer: Writer, target: Target, field: Field, ids: Iterable[Stored]
) -> dict[Stored, Stored]:
    """The parents of the records with these ids and of all records above them."""
    table, parent, starts = quoted(target.object_type.name), quoted(field.name), tuple(ids)
    statement = "".join(
        (
            *("WITH RECURSIVE above(id, parent) AS (SELECT Id, ", parent, " FROM ", table),
            *(" WHERE Id IN (", marks(len(starts)), ") UNION SELECT t.Id, t.", parent),
            *(" FROM ", table, " AS t JOIN above ON t.Id = above.parent)"),
            " SELECT id, parent FROM above",
        )
    )
    return dict(writer.connection.execute(statement, starts).fetchall())


def _reaches(record_id: Stored, start: Stored, above: Mapping[Stored, Stored]) -> bool:
    seen, place = set[Stored](), start
    while place is not None and place not in seen:
        if place == record_id:
            return True
        seen.add(place)
        place = above.get(place)
    return False
