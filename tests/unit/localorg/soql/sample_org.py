"""The small org of tests/cases/soql/data.yaml and the cases that are asked of it."""

import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

from localorg import soql
from localorg.errors import SalesforceError
from localorg.ids import make_id
from localorg.schema import standard_schema
from localorg.store import IN_MEMORY, INTEGRATION_USER_ID, Store

CASES = Path(__file__).parents[3] / "cases" / "soql"
STAMP = "2026-01-01T00:00:00.000Z"
REFERENCE = re.compile(r"@(\w+?)(15)?(?=\W|$)")


def load(name: str) -> Any:
    return YAML(typ="safe").load(CASES / name)


@dataclass(frozen=True)
class SampleOrg:
    store: Store
    names: dict[str, str]  # of the records, by id
    now: datetime

    def compile(self, query: str, *, deleted_too: bool = False) -> soql.Statement:
        compiler = soql.Compiler(
            schema=self.store.schema, now=self.now, include_deleted=deleted_too
        )
        return compiler.compile(soql.parse(query))

    def rows(self, fragment: soql.Fragment) -> list[tuple[Any, ...]]:
        with self.store.read() as connection:
            soql.install_functions(connection)
            return connection.execute(fragment.text, fragment.parameters).fetchall()

    def found(self, query: str, *, deleted_too: bool = False) -> list[str]:
        statement = self.compile(self.with_ids(query), deleted_too=deleted_too)
        return [self.names[row[0]] for row in self.rows(soql.select_ids(statement))]

    def count(self, query: str, *, deleted_too: bool = False) -> int:
        statement = self.compile(query, deleted_too=deleted_too)
        assert statement.counts
        number: int = self.rows(soql.select_count(statement))[0][0]
        return number

    def with_ids(self, text: str) -> str:
        ids = {name: record_id for record_id, name in self.names.items()}
        return REFERENCE.sub(
            lambda match: ids[match[1]][: 15 if match[2] else 18] if match[1] in ids else match[0],
            text,
        )

    def plan(self, query: str) -> str:
        """What SQLite says it will do for a query."""
        fragment = soql.select_ids(self.compile(query))
        text = f"EXPLAIN QUERY PLAN {fragment.text}"
        return "; ".join(row[3] for row in self.rows(soql.Fragment(text, fragment.parameters)))


def build(data: dict[str, Any]) -> SampleOrg:
    store = Store(IN_MEMORY, standard_schema())
    names = {
        make_id(data["prefixes"][object_name], 1001 + number): name
        for object_name, records in data["records"].items()
        for number, name in enumerate(records)
    }
    org = SampleOrg(store, names, data["now"])
    for object_name, records in data["records"].items():
        for name, record in records.items():
            row = _row(org, object_name, name, record)
            store.load(object_name, tuple(row), [tuple(row.values())])
    return org


def _row(org: SampleOrg, object_name: str, name: str, record: dict[str, Any]) -> dict[str, Any]:
    fields = org.store.schema.object(object_name).fields
    row: dict[str, Any] = {"Id": org.with_ids(f"@{name}")}
    row |= {"CreatedDate": STAMP, "SystemModstamp": STAMP}
    if "ownerid" in fields:
        row["OwnerId"] = INTEGRATION_USER_ID
    for key, value in record.items():
        row[key] = org.with_ids(value) if isinstance(value, str) else value
    if "name" in fields and "Name" not in row:
        parts = (record.get("FirstName"), record.get("LastName"))
        row["Name"] = " ".join(part for part in parts if part)
    return row


def soql_where(condition: str, source: str = "Lead", fields: str = "Id") -> str:
    """A statement put together; the answer is SOQL, which never reaches a database as it is."""
    words = ["SELECT", fields, "FROM", source, "WHERE", condition]
    return " ".join(words)


def refusal(org: SampleOrg, query: str) -> SalesforceError:
    """The error that a statement gets."""
    try:
        org.compile(query)
    except SalesforceError as error:
        return error
    raise AssertionError(f"nothing is wrong with {query!r}, it seems")
