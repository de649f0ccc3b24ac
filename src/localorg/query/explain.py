"""How a query would be run: the answer to `explain=`.

The plans are those that the table of indexes in Salesforce's documents leads to: an index leads
where it finds few enough of the object's records, otherwise the whole table is read.
"""

from collections.abc import Iterator
from typing import Any

from localorg import soql
from localorg.query.answers import Asking, compiled
from localorg.schema import Field
from localorg.soql import Fragment, nodes, phrase
from localorg.soql.scope import source_of

# Fields that Salesforce keeps an index on in every object, and types that have one anyway.
INDEXED = frozenset({"Id", "Name", "OwnerId", "RecordTypeId", "CreatedDate", "SystemModstamp"})
INDEXED_TYPES = frozenset({"id", "reference"})
# An index leads where it finds less than this share of the records.
STANDARD_SHARE, CUSTOM_SHARE = 0.3, 0.1
# What reading the whole table costs; an index leads where it costs less than 1.
TABLE_SCAN_COST = 2.0


def explain(asking: Asking, text: str) -> dict[str, Any]:
    """Return the plans of a query, the cheapest first; see `compiled` for the errors."""
    statement = compiled(asking, text)
    query = soql.parse(text)
    records, found = _sizes(asking, statement)
    fields = list(_compared(query, statement))
    indexed = [field for field in fields if _is_indexed(field)]
    plans = [_index(field, found, records) for field in indexed]
    cheap = [plan for plan in plans if plan["relativeCost"] < 1]
    scan = _plan("TableScan", [], found, TABLE_SCAN_COST) | {"notes": _notes(statement, fields)}
    size = {"sobjectCardinality": records, "sobjectType": statement.object_type.name}
    ordered = sorted([*cheap, scan], key=lambda plan: float(plan["relativeCost"]))
    return {"plans": [plan | size for plan in ordered], "sourceQuery": text}


def _sizes(asking: Asking, statement: soql.Statement) -> tuple[int, int]:
    """Return the numbers of the object's records and of those that the query finds."""
    everything = Fragment(phrase("SELECT count(*) FROM", source_of(statement.object_type)))
    answered = soql.select_count(statement)
    with asking.org.store.read() as connection:
        soql.install_functions(connection)
        [records, found] = [
            connection.execute(query.text, query.parameters).fetchone()[0]
            for query in (everything, answered)
        ]
    return records, found


def _compared(query: nodes.Query, statement: soql.Statement) -> Iterator[Field]:
    """Yield the object's own fields that all records of the answer have to fit."""
    where = query.where
    if where is None:
        return
    together = isinstance(where, nodes.Junction) and where.word == "AND"
    parts = where.conditions if isinstance(where, nodes.Junction) and together else (where,)
    for part in parts:
        if isinstance(part, nodes.Comparison | nodes.Membership):
            subject = part.subject
            if isinstance(subject, nodes.FieldPath) and len(subject.parts) == 1:
                yield statement.object_type.field(subject.text)


def _is_indexed(field: Field) -> bool:
    return (
        field.name in INDEXED
        or field.type in INDEXED_TYPES
        or field.external_id
        or field.unique
        or field.id_lookup
    )


def _index(field: Field, found: int, records: int) -> dict[str, Any]:
    share = CUSTOM_SHARE if field.custom else STANDARD_SHARE
    cost = round(found / max(1.0, records * share), 3)
    return _plan("Index", [field.name], found, cost) | {"notes": []}


def _plan(operation: str, fields: list[str], found: int, cost: float) -> dict[str, Any]:
    return {
        "cardinality": found,
        "fields": fields,
        "leadingOperationType": operation,
        "relativeCost": cost,
    }


def _notes(statement: soql.Statement, fields: list[Field]) -> list[dict[str, Any]]:
    names = [field.name for field in fields if not _is_indexed(field)]
    if "isdeleted" in statement.object_type.fields:
        names.append("IsDeleted")
    return [
        {
            "description": "Not considering filter for optimization because unindexed",
            "fields": [name],
            "tableEnumOrId": statement.object_type.name,
        }
        for name in dict.fromkeys(names)
    ]
