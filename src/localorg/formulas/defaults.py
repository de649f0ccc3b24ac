"""What new records get in the fields that nobody fills."""

import sqlite3

from localorg.formulas.references import USER_COLUMN
from localorg.schema import ALIAS, ObjectType

Stored = str | int | float | None


def defaults(
    connection: sqlite3.Connection, object_type: ObjectType, user_id: str | None = None
) -> dict[str, Stored]:
    """The stored values by field name that an insert gets where it says nothing.

    Formulas are worked out now, for the user who writes; a field whose default is empty is left
    out.
    """
    values: dict[str, Stored] = {
        field.name: int(found) if isinstance(found, bool) else found
        for field in object_type.columns
        if (found := field.default_value) is not None
    }
    formulas = [field for field in object_type.columns if field.default_sql is not None]
    if not formulas:
        return values
    listed = ", ".join(str(field.default_sql).replace(ALIAS, "writer") for field in formulas)
    writer = f'(SELECT ? AS "{USER_COLUMN}") AS writer'
    parts = ("SELECT ", listed, " FROM ", writer)
    row = connection.execute("".join(parts), (user_id,)).fetchone()
    worked_out = zip(formulas, row, strict=True)
    return values | {field.name: value for field, value in worked_out if value is not None}
