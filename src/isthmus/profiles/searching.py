"""Lists of profiles for people who look for one: by an identifier, an id, or any property.

Profiles are in the order of their ids, which is that in which they were made. Nothing is counted.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.rows import dict_row

from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.segments import SegmentError, parse
from isthmus.profiles import finding, segments, statements
from isthmus.profiles.errors import NotComparable
from isthmus.profiles.finding import QUERIES as FINDING

QUERIES = statements.load("isthmus.profiles", "searching.sql")


@dataclass(frozen=True, kw_only=True)
class Search:
    """What somebody looks for. Everything that is given has to hold."""

    value: str = ""  # an identifier's value, a profile's id or a record's; empty: any profile
    where: Mapping[str, Any] | None = None  # a condition as segments have it
    timezone: str = "UTC"  # of days in it
    oldest_first: bool = False
    known: bool = False  # only those with an identifier


@dataclass(frozen=True, kw_only=True)
class Found:
    """A profile as a line of a list."""

    profile_id: UUID
    updated_at: datetime
    values: Mapping[str, Any]  # of the properties that were asked for
    identifiers: tuple[tuple[str, str], ...]  # property and value
    objects: tuple[str, ...]  # of its records


def search(
    session: Connection[Any],
    wanted: Search,
    known: Mapping[str, PropertyDefinition],
    *,
    after: UUID | None,
    most: int,
) -> list[UUID]:
    """The profiles behind `after` that were looked for, at most so many.

    Raises `NotComparable` for a condition that does not fit its property.
    """
    if "\0" in wanted.value:
        return []
    if not wanted.value and wanted.where is None:
        name = f"{'oldest' if wanted.oldest_first else 'newest'}{'_known' if wanted.known else ''}"
        rows = session.execute(QUERIES[name], {"after": after, "most": most})
        return [row[0] for row in rows]
    statement = search_statement(
        _parts(session, wanted, known),
        oldest_first=wanted.oldest_first,
        after=after,
        most=most,
    )
    return [row[0] for row in session.execute(statement)]


def _parts(
    session: Connection[Any], wanted: Search, known: Mapping[str, PropertyDefinition]
) -> list[sql.Composable]:
    parts: list[sql.Composable] = [_KNOWN] if wanted.known else []
    if wanted.value:
        owners = finding.owners(session, wanted.value)
        parts.append(sql.SQL("p.profile_id = ANY ({}::uuid[])").format(sql.Literal(owners)))
    if wanted.where is not None:
        try:
            condition = parse(wanted.where, known)
            now = datetime.now(UTC)
            parts.append(segments.predicate(condition, known, now=now, timezone=wanted.timezone))
        except SegmentError as error:
            raise NotComparable(str(error)) from error
    return parts


_KNOWN = sql.SQL(
    "EXISTS (SELECT FROM store.identifier AS held WHERE held.profile_id = p.profile_id)"
)


def search_statement(
    parts: Sequence[sql.Composable], *, oldest_first: bool, after: UUID | None, most: int
) -> sql.Composed:
    """The ids of the profiles `p` for which all parts hold, behind `after`."""
    behind = sql.SQL("p.profile_id > {}" if oldest_first else "p.profile_id < {}")
    return sql.SQL(
        """SELECT p.profile_id FROM store.profile AS p
        WHERE {where} ORDER BY p.profile_id {order} LIMIT {most}"""
    ).format(
        where=sql.SQL(" AND ").join(
            [*parts, behind.format(sql.Literal(after))] if after else parts
        ),
        order=sql.SQL("ASC" if oldest_first else "DESC"),
        most=sql.Literal(most),
    )


def about_how_many(session: Connection[Any]) -> int:
    """How many profiles there are, roughly."""
    row = session.execute(QUERIES["about_how_many"]).fetchone()
    return int(row[0]) if row else 0


def lines(
    session: Connection[Any], ids: Sequence[UUID], shown: Sequence[PropertyDefinition]
) -> list[Found]:
    """These profiles with the values of some properties, in the order of `ids`."""
    names = {"ids": list(ids)}
    identifiers: dict[UUID, list[tuple[str, str]]] = defaultdict(list)
    for profile_id, key, value in session.execute(FINDING["identifiers"], names):
        identifiers[profile_id].append((key, value))
    objects: dict[UUID, list[str]] = defaultdict(list)
    for profile_id, name in session.execute(QUERIES["linked_objects"], names):
        objects[profile_id].append(name)
    rows = session.cursor(row_factory=dict_row).execute(lines_statement(shown), names)
    by_id = {
        row["profile_id"]: Found(
            profile_id=row["profile_id"],
            updated_at=row["updated_at"],
            values={each.key: row[each.column] for each in shown},
            identifiers=tuple(identifiers[row["profile_id"]]),
            objects=tuple(objects[row["profile_id"]]),
        )
        for row in rows
    }
    return [by_id[each] for each in ids if each in by_id]


def lines_statement(shown: Sequence[PropertyDefinition]) -> sql.Composed:
    """Profiles by `ids`, with the columns of these properties."""
    columns = [sql.SQL(", {}").format(sql.Identifier(each.column)) for each in shown]
    return sql.SQL(
        "SELECT profile_id, updated_at{} FROM store.profile WHERE profile_id = ANY (%(ids)s)"
    ).format(sql.SQL("").join(columns))
