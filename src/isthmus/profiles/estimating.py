"""About how many profiles meet conditions, at once; exactly, with patience; and a few of them.

An estimate looks at some hundred pages of the table, chosen at random, however large the store is.
Profiles of one page were often made together, so the range of an estimate is taken from how the
pages differ and not from how many profiles were seen.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from psycopg import Connection, sql
from psycopg.errors import QueryCanceled

from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.segments import Condition
from isthmus.profiles import database, finding, segments, statements
from isthmus.profiles.finding import Profile

QUERIES = statements.load("isthmus.profiles", "estimating.sql")

SMALL_PAGES = 500
"""Tables of no more pages are counted whole: 4 MB."""

Looks = Sequence[tuple[int, int]]

LOOKS: Looks = ((800, 80), (100, 50), (10, 50))
"""Pages that are looked at, and for how many milliseconds; fewer where the conditions take longer.
Together less than 200."""

LOOKS_OF_MANY: Looks = ((400, 500), (40, 300))
"""The same for many conditions at once."""

COUNT_MS = 10_000
SAMPLE_MS = 2_000
"""How long the database may work on each, in milliseconds."""

_SIGMAS = 1.96  # 19 times out of 20
_FEW_PAGES = 30
"""Where fewer of the pages have any, how many have is a matter of chance by itself."""

_RARE = 2.0  # added there: none at all still allows for some


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """How many profiles meet conditions, as far as is known."""

    number: int
    low: int  # 19 times out of 20 the true number is from here
    high: int  # to here
    total: int  # about how many profiles there are; exactly where `exact`
    exact: bool


@dataclass(frozen=True, kw_only=True)
class Counted:
    """How many profiles meet conditions, exactly."""

    number: int
    seconds: float
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Asked:
    """Conditions, and what they are asked with."""

    condition: Condition
    properties: Mapping[str, PropertyDefinition]
    timezone: str  # IANA name: where days begin and end

    @property
    def where(self) -> sql.Composed:
        """The predicate at this moment."""
        return segments.predicate(
            self.condition, self.properties, now=datetime.now(UTC), timezone=self.timezone
        )


def estimate(asked: Asked, *, seed: int) -> Estimate | None:
    """About how many meet the conditions; None where even that takes too long."""
    found = estimates([asked], seed=seed)
    return found[0] if found else None


def estimates(asked: Sequence[Asked], *, seed: int) -> list[Estimate] | None:
    """The same for several conditions by one look at the same pages, which `seed` chooses."""
    wheres = [each.where for each in asked]
    looks = LOOKS if len(asked) == 1 else LOOKS_OF_MANY
    # Compiling the conditions would take longer than asking them of so few.
    with database.connected(application="isthmus estimate", settings="-c jit=off") as session:
        return estimated(session, wheres, seed=seed, looks=looks)


def estimated(
    session: Connection[Any], wheres: Sequence[sql.Composed], *, seed: int, looks: Looks
) -> list[Estimate] | None:
    """The same for predicates."""
    table = _table(session)
    if table.pages <= SMALL_PAGES:
        tally = _tally(session, tally_statement(wheres), looks[0][1])
        if tally:
            return [_exact(tally, place) for place in range(len(wheres))]
    for pages, patience in looks:
        share = min(1.0, pages / max(table.pages, 1))
        tally = _tally(session, tally_statement(wheres, share=share, seed=seed), patience)
        if tally:
            return [_estimate(tally, place, table, share) for place in range(len(wheres))]
    return None


def count(asked: Asked) -> Counted | None:
    """How many meet the conditions, exactly; None where that takes longer than we wait."""
    began = monotonic()
    with database.connected(application="isthmus count", settings=_patience(COUNT_MS)) as session:
        try:
            number = segments.segment_count(
                session,
                asked.condition,
                asked.properties,
                now=datetime.now(UTC),
                timezone=asked.timezone,
            )
        except QueryCanceled:
            return None
    return Counted(number=number, seconds=monotonic() - began, at=datetime.now(UTC))


def sample(asked: Asked) -> list[Profile] | None:
    """At most ten that meet the conditions, whole; None where finding them takes too long."""
    with database.connected(application="isthmus sample", settings=_patience(SAMPLE_MS)) as session:
        try:
            ids = segments.sample(
                session,
                asked.condition,
                asked.properties,
                now=datetime.now(UTC),
                timezone=asked.timezone,
            )
            return finding.read(session, ids)
        except QueryCanceled:
            return None


def profiles() -> int | None:
    """About how many profiles there are; None where nobody has looked yet."""
    with database.connected(application="isthmus estimate") as session:
        found = _table(session).profiles
    return None if found is None else round(found)


def filled() -> dict[str, int]:
    """About how many profiles have a value, by column, where the database's statistics say."""
    with database.connected(application="isthmus estimate") as session:
        total = _table(session).profiles
        shares = session.execute(QUERIES["shares"]).fetchall()
    if total is None:
        return {}
    return {column: _rounded(share * total, total / 100) for column, share in shares}


def tally_statement(
    wheres: Sequence[sql.Composed], *, share: float = 1.0, seed: int = 0
) -> sql.Composed:
    """Sums over the pages of the table, or over a share of them.

    Pages, profiles, and the squares of those; then of each predicate: who meets it, the squares,
    the products with the profiles of the page, and the pages where any and where not all do.
    """
    names = [sql.Identifier(f"hits_{place}") for place in range(len(wheres))]
    sampled = sql.SQL("TABLESAMPLE SYSTEM ({}) REPEATABLE ({})").format(
        sql.Literal(share * 100), sql.Literal(seed)
    )
    return sql.SQL(
        """
        SELECT count(*), coalesce(sum(size), 0), coalesce(sum(size * size), 0) {sums}
        FROM (
            SELECT count(*) AS size {hits}
            FROM store.profile AS p {sampled}
            GROUP BY (p.ctid::text::point)[0]
        ) AS page
        """
    ).format(
        sums=sql.SQL("").join(map(_sums, names)),
        hits=sql.SQL("").join(
            sql.SQL(", count(*) FILTER (WHERE {}) AS {}").format(where, name)
            for where, name in zip(wheres, names, strict=True)
        ),
        sampled=sampled if share < 1 else sql.SQL(""),
    )


_OF_EACH = 5


def _sums(name: sql.Identifier) -> sql.Composed:
    return sql.SQL(
        ", coalesce(sum({0}), 0), coalesce(sum({0} * {0}), 0), coalesce(sum({0} * size), 0),"
        " count(*) FILTER (WHERE {0} > 0), count(*) FILTER (WHERE {0} < size)"
    ).format(name)


@dataclass(frozen=True, kw_only=True)
class _Table:
    """The table of profiles."""

    pages: int
    profiles: float | None  # about; None where nobody has looked yet


def _table(session: Connection[Any]) -> _Table:
    pages, then, tuples = session.execute(QUERIES["size"]).fetchone() or (0, 0, -1)
    # As the planner does: as many on a page as there were when they were last counted.
    known = tuples >= 0 and then > 0
    return _Table(pages=int(pages), profiles=tuples / then * pages if known else None)


def _patience(milliseconds: int) -> str:
    return f"-c statement_timeout={milliseconds}"


def _tally(
    session: Connection[Any], statement: sql.Composed, milliseconds: int
) -> list[float] | None:
    try:
        with session.transaction():
            session.execute(
                sql.SQL("SET LOCAL statement_timeout = {}").format(sql.Literal(milliseconds))
            )
            row = session.execute(statement).fetchone() or ()
    except QueryCanceled:
        return None
    return [float(each) for each in row]


def _exact(tally: list[float], place: int) -> Estimate:
    number = int(tally[3 + _OF_EACH * place])
    return Estimate(number=number, low=number, high=number, total=int(tally[1]), exact=True)


def _estimate(tally: list[float], place: int, table: _Table, share: float) -> Estimate:
    pages, seen, squares = tally[:3]
    start = 3 + _OF_EACH * place
    hits, hit_squares, products, some, not_all = tally[start : start + _OF_EACH]
    total = table.profiles if table.profiles is not None else seen / share
    if not seen:
        return Estimate(number=0, low=0, high=round(total), total=round(total), exact=False)
    part = hits / seen
    # The ratio of two sums over pages, and how far it strays (Cochran, Sampling Techniques, 6.4).
    spread = max(hit_squares - 2 * part * products + part * part * squares, 0.0)
    margin = _SIGMAS * math.sqrt(spread * pages / max(pages - 1, 1) * (1 - share)) / seen
    low, high = part - margin, part + margin
    if some < _FEW_PAGES:
        least, most = _rare(hits, some, pages, seen)
        low, high = min(low, least), max(high, most)
    if not_all < _FEW_PAGES:
        least, most = _rare(seen - hits, not_all, pages, seen)
        low, high = min(low, 1 - most), max(high, 1 - least)
    low, high = max(0.0, low) * total, min(1.0, high) * total
    unit = _unit((high - low) / 2)
    return Estimate(
        number=_rounded(part * total, unit),
        low=int(low // unit * unit),
        high=min(math.ceil(high / unit) * unit, round(total)),
        total=round(total),
        exact=False,
    )


def _rare(hits: float, pages_with: float, pages: float, seen: float) -> tuple[float, float]:
    """Least and most as shares, where few pages have any: such pages come by chance (Poisson)."""
    of_each = hits / pages_with if pages_with else seen / pages
    least = max(0.0, pages_with - _SIGMAS * math.sqrt(pages_with))
    most = pages_with + _SIGMAS * math.sqrt(pages_with + 1) + _RARE
    return least * of_each / seen, most * of_each / seen


def _unit(margin: float) -> int:
    """The power of ten to which a number of that uncertainty is rounded."""
    return int(10 ** max(0, math.floor(math.log10(margin)))) if margin >= 1 else 1


def _rounded(number: float, unit: float) -> int:
    whole = _unit(unit)
    return round(number / whole) * whole
