"""Which fields of an org a goal reads, as columns of the stage."""

from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from isthmus.connections.org_fields import UNREADABLE, find, once
from isthmus.salesforce import Salesforce


@dataclass(frozen=True, kw_only=True)
class Column:
    """One staged column: a field of the record, or of a parent."""

    number: int  # from 1; the stage calls it f1, f2, …
    field: str  # as in the SELECT
    type: str  # of Salesforce's describe
    path: tuple[str, ...]  # the field and its parents before it, as Salesforce's JSON names them

    @property
    def name(self) -> sql.Identifier:
        """The staged text, as the statements know it."""
        return sql.Identifier("s", f"f{self.number}")


class Columns:
    """The columns of one stage, in the order of the SELECT."""

    def __init__(self, salesforce: Salesforce, sobject: str) -> None:
        self._sobject = sobject
        self.describe = once(salesforce.describe)
        self._columns: dict[str, Column] = {}

    def __iter__(self) -> Iterator[Column]:
        return iter(self._columns.values())

    def add(self, name: str) -> Column | None:
        """The column of a field; None where the org does not have it, hide it or return it."""
        known = self._columns.get(name.lower())
        if known:
            return known
        found = find(self.describe, self._sobject, name)
        if found is None or found.field.type in UNREADABLE:
            return None
        number = len(self._columns) + 1
        column = Column(number=number, field=name, type=found.field.type, path=found.path)
        self._columns[name.lower()] = column
        return column
