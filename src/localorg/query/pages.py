"""Reads records by their places, with the children that they show."""

import sqlite3
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from localorg.query.places import Places, all_places, compact
from localorg.query.plan import ChildPlan, Record, RecordPlan
from localorg.soql import Fragment, Statement
from localorg.soql.children import only_of, select_child_counts, select_child_places, shown
from localorg.soql.statements import select_highest_id, select_rows, select_snapshot

# A page ends earlier where its records have more children than this all together.
MOST_CHILDREN = 10_000
# Higher than every id.
ANY_ID = "~"
Place = int | str
Row = Sequence[Any]


@dataclass(frozen=True, kw_only=True)
class Snapshot:
    """Where a query's records were, in the answer's order, at one moment."""

    places: Places
    # The highest id of the object then; records that came later are not meant.
    highest_id: str


# Keeps the places of one parent's children, and answers the path of the page after the first.
Continue = Callable[[ChildPlan, Snapshot], str]


def begin(connection: sqlite3.Connection) -> None:
    """Let a connection see one moment until its `read()` ends, whatever others write."""
    if not connection.in_transaction:
        connection.execute("BEGIN")


def take_snapshot(connection: sqlite3.Connection, statement: Statement) -> Snapshot:
    """Return where the records of a query are."""
    places = all_places(connection, statement)
    if places is None:
        query = select_snapshot(statement)
        [text] = connection.execute(query.text, query.parameters).fetchone()
        places = compact(orjson.loads(text))
    highest_id = _single(connection, select_highest_id(statement))
    return Snapshot(places=places, highest_id=highest_id or "")


@dataclass(frozen=True, kw_only=True)
class PageReader:
    """Reads pages over one connection, which sees one moment."""

    connection: sqlite3.Connection
    deleted_too: bool
    most_per_parent: int  # children in the first page of each parent
    go_on: Continue

    def page(
        self, plan: RecordPlan, places: Sequence[Place], highest_id: str
    ) -> tuple[list[Record], int]:
        """Return records in the order of `places`, and how many of the places were read.

        Records that are gone are left out. Fewer places are read where their records have very
        many children, but always one.
        """
        rows = self._rows(plan, places, highest_id)
        found = {place: rows[place] for place in places if place in rows}
        read = len(places)
        if plan.children:
            parents = [row[1] for row in found.values()]
            counts = [self._counted(child, parents) for child in plan.children]
            kept = _affordable(counts, parents)
            if kept < len(found):
                first_left_out = list(found)[kept]
                read = list(places).index(first_left_out)
                found = dict(list(found.items())[:kept])
        return self._records(plan, list(found.values())), read

    def _rows(self, plan: RecordPlan, places: Sequence[Place], highest_id: str) -> dict[Place, Row]:
        query = select_rows(plan.statement, plan.expressions, deleted_too=self.deleted_too)
        wanted = orjson.dumps(list(places)).decode()
        rows = self.connection.execute(query.text, (*query.parameters, wanted, highest_id))
        return {row[0]: row for row in rows}

    def _records(self, plan: RecordPlan, rows: list[Row]) -> list[Record]:
        records = [record for row in rows if (record := plan.shape(row)) is not None]
        for child in plan.children:
            families = self._families(child, [row[1] for row in rows])
            for row, record in zip(rows, records, strict=True):
                record[child.children.name] = families.get(row[1])
        return records

    def _counted(self, child: ChildPlan, parents: list[str]) -> dict[str, int]:
        """Return the number of children by their parents' ids, for those who have some."""
        query = select_child_counts(child.children)
        ids = orjson.dumps(parents).decode()
        counts = self.connection.execute(query.text, (*query.parameters, ids))
        left = {parent: shown(child.children, count) for parent, count in counts}
        return {parent: count for parent, count in left.items() if count}

    def _families(self, child: ChildPlan, parents: list[str]) -> dict[str, dict[str, Any]]:
        """Return the answers of a sub-query by the ids of the parents that have children."""
        counts = self._counted(child, parents)
        places = self._places(child, list(counts))
        records = self._children(child.plan, [place for some in places.values() for place in some])
        return {
            parent: self._family(child, parent, counts[parent], [records[place] for place in some])
            for parent, some in places.items()
        }

    def _places(self, child: ChildPlan, parents: list[str]) -> dict[str, list[Place]]:
        statement = child.children.statement
        most = min(self.most_per_parent, statement.limit or self.most_per_parent)
        passed = statement.offset or 0
        query = select_child_places(child.children)
        ids = orjson.dumps(parents).decode()
        parameters = (*query.parameters, ids, passed, passed + most)
        places: dict[str, list[Place]] = {}
        for parent, place in self.connection.execute(query.text, parameters):
            places.setdefault(parent, []).append(place)
        return places

    def _children(self, plan: RecordPlan, places: list[Place]) -> dict[Place, Record]:
        rows = self._rows(plan, places, ANY_ID)
        ordered = [place for place in places if place in rows]
        records = self._records(plan, [rows[place] for place in ordered])
        return dict(zip(ordered, records, strict=True))

    def _family(
        self, child: ChildPlan, parent: str, total: int, records: list[Record]
    ) -> dict[str, Any]:
        answer: dict[str, Any] = {"totalSize": total, "done": len(records) >= total}
        if not answer["done"]:
            statement = only_of(child.children, parent)
            snapshot = take_snapshot(self.connection, statement)
            answer["nextRecordsUrl"] = self.go_on(child, snapshot)
        return answer | {"records": records}


def _single(connection: sqlite3.Connection, query: Fragment) -> Any:
    """Return the only value of an answer."""
    return connection.execute(query.text, query.parameters).fetchone()[0]


def _affordable(counts: list[dict[str, int]], parents: list[str]) -> int:
    """Return of how many parents the children fit into a page; one always does."""
    children = 0
    for number, parent in enumerate(parents):
        children += sum(some.get(parent, 0) for some in counts)
        if children > MOST_CHILDREN and number > 0:
            return number
    return len(parents)
