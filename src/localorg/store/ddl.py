"""The tables of the org: one per object, one column per stored field, named as in the API."""

from collections.abc import Iterator

from localorg.schema import Field, ObjectType

_IGNORING_CASE = " COLLATE NOCASE"


def quoted(name: str) -> str:
    """A name as SQLite reads it whatever characters are in it."""
    return '"' + name.replace('"', '""') + '"'


def create_table(object_type: ObjectType) -> str:
    """The statement that makes an object's table."""
    columns = ",\n  ".join(_column(field) for field in object_type.columns)
    return "".join(
        ("CREATE TABLE IF NOT EXISTS ", quoted(object_type.name), " (\n  ", columns, "\n)")
    )


def add_column(object_type: ObjectType, field: Field) -> str:
    """The statement that gives an object's table a new column."""
    return "".join(("ALTER TABLE ", quoted(object_type.name), " ADD COLUMN ", _column(field)))


def new_collation(object_type: ObjectType, field: Field, made: str) -> Iterator[str]:
    """The statements that make a column tell case apart as its field does now.

    `made` is the statement that made the table. SQLite changes no collation in place, so that the
    column is made anew; there are no statements where it fits.
    """
    wanted = _column(field)
    plain, folded = (f"{quoted(field.name)} TEXT{words}" for words in ("", _IGNORING_CASE))
    if wanted not in {plain, folded} or (wanted == folded) == (folded in made):
        return
    table, before = quoted(object_type.name), f"{field.name} before"
    yield "".join(("DROP INDEX IF EXISTS ", quoted(index_name(object_type, field))))
    names = (quoted(field.name), " TO ", quoted(before))
    yield "".join(("ALTER TABLE ", table, " RENAME COLUMN ", *names))
    yield add_column(object_type, field)
    yield "".join(("UPDATE ", table, " SET ", quoted(field.name), " = ", quoted(before)))
    yield "".join(("ALTER TABLE ", table, " DROP COLUMN ", quoted(before)))


def create_indexes(object_type: ObjectType) -> Iterator[str]:
    """The statements that make an object's indexes."""
    for field in object_type.columns:
        if field.indexed:
            parts = (
                "CREATE INDEX IF NOT EXISTS ",
                quoted(index_name(object_type, field)),
                " ON ",
                quoted(object_type.name),
                f"({quoted(field.name)})",
                # Most records leave most lookups and keys empty; what is empty is never looked up.
                f" WHERE {quoted(field.name)} IS NOT NULL" if field.nillable else "",
            )
            yield "".join(parts)


def index_name(object_type: ObjectType, field: Field) -> str:
    """The name of the index on one field."""
    return f"{object_type.name}_{field.name}"


def _column(field: Field) -> str:
    words = [quoted(field.name), _affinity(field)]
    if field.type == "id":
        words.append("NOT NULL PRIMARY KEY")
    elif field.type == "boolean":
        words.append("NOT NULL DEFAULT 0")
    elif field.is_text and not field.case_sensitive and field.type != "encryptedstring":
        # Salesforce compares text without regard to case; the column's collation makes
        # comparisons, sorting and the index agree on that (for ASCII letters).
        return "".join((*words[:1], " TEXT", _IGNORING_CASE))
    return " ".join(words)


def _affinity(field: Field) -> str:
    if field.type in {"boolean", "int", "long"} or (field.is_number and field.scale == 0):
        return "INTEGER"
    if field.is_number:
        return "REAL"
    return "TEXT"
