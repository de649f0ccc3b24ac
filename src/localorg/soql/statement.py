"""A checked query, ready to be asked for ids, rows, groups or a number of rows."""

from collections.abc import Mapping
from dataclasses import dataclass

from localorg.schema import ObjectType
from localorg.soql.fragment import Fragment
from localorg.soql.grouping import Groups
from localorg.soql.operands import Column, Table
from localorg.soql.selecting import Item


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A checked query."""

    object_type: ObjectType
    root: Table
    # The root and the parents that the query reaches, by their paths.
    tables: Mapping[tuple[str, ...], Table]
    # What each record shows, in order; empty for COUNT() and for groups.
    items: tuple[Item, ...]
    # The groups that the query answers instead of records; None without groups.
    groups: Groups | None
    counts: bool
    sources: str
    where: Fragment
    # Whether all records are meant, as they come, apart from deleted ones where there is a WHERE.
    unfiltered: bool
    order_by: Fragment
    limit: int | None
    offset: int | None

    @property
    def identity(self) -> str:
        """The record's id in SQL."""
        return self.root.expression(self.object_type.field("Id"))

    @property
    def place(self) -> str:
        """Where a record is, in SQL: its row's number, or its id where rows come from no table."""
        if self.object_type.source is not None:
            return self.identity
        return f"{self.root.alias}.rowid"

    @property
    def columns(self) -> tuple[Column, ...]:
        """The plain fields among the items; addresses are among them, without a column."""
        return tuple(item for item in self.items if isinstance(item, Column))
