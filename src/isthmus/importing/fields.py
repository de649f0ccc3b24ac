"""Which fields of an org a goal reads, as columns of the stage."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass

from psycopg import sql

from isthmus.salesforce import Field, Salesforce

UNREADABLE = frozenset({"address", "location", "base64", "complexvalue", "anyType"})
"""Types that Bulk queries can't return (reference: Bulk API 2.0 query, "Not supported")."""


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
        self._salesforce, self._sobject = salesforce, sobject
        self._columns: dict[str, Column] = {}

    def __iter__(self) -> Iterator[Column]:
        return iter(self._columns.values())

    def add(self, name: str) -> Column | None:
        """The column of a field; None where the org does not have it, hide it or return it."""
        known = self._columns.get(name.lower())
        if known:
            return known
        resolved = self._resolve(name)
        if resolved is None or resolved[1].type in UNREADABLE:
            return None
        parents, found = resolved
        number, path = len(self._columns) + 1, (*parents, found.name)
        column = Column(number=number, field=name, type=found.type, path=path)
        self._columns[name.lower()] = column
        return column

    def near(self, name: str) -> str:
        """A sentence naming the fields that may have been meant; empty where none is near."""
        names = {f.name.lower(): f.name for f in self._describe(self._sobject).values()}
        found = [names[key] for key in difflib.get_close_matches(name.lower(), names)]
        return f"Near names: {', '.join(found)}." if found else ""

    def _describe(self, sobject: str) -> dict[str, Field]:
        return dict(self._salesforce.describe(sobject).fields)

    def _resolve(self, path: str) -> tuple[list[str], Field] | None:
        """The names of the parents, and the field."""
        *parents, name = path.split(".")
        fields = self._describe(self._sobject)
        named: list[str] = []
        for parent in parents:
            lookup = _lookup(fields, parent)
            if lookup is None:
                return None
            named.append(lookup.relationship_name or parent)
            # A lookup to several objects (an owner is a user or a queue) reads what they share.
            to_user = "User" in lookup.reference_to
            fields = self._describe("User" if to_user else lookup.reference_to[0])
        found = fields.get(name.lower())
        return None if found is None else (named, found)


def _lookup(fields: dict[str, Field], relationship: str) -> Field | None:
    return next(
        (
            field
            for field in fields.values()
            if field.reference_to
            and (field.relationship_name or "").lower() == relationship.lower()
        ),
        None,
    )
