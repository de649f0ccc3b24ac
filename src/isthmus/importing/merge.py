"""What the records of a chunk change in their profiles."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Any

from psycopg import Connection, sql
from psycopg.errors import SerializationFailure
from psycopg.sql import Composable, Composed

from isthmus.connections import two_way
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.properties import PropertyDefinition
from isthmus.importing import stage
from isthmus.importing.plan import ImportPlan, MappedValue
from isthmus.importing.queries import QUERIES
from isthmus.profiles.properties import column_type

COMMA = sql.SQL(",\n")


@dataclass(frozen=True, kw_only=True)
class Target:
    """One property that the goal writes, with all rows that write it, in order."""

    number: int
    definition: PropertyDefinition
    rows: tuple[MappedValue, ...]
    sometimes_left: bool  # records come again of which only the identifiers are still to be applied

    @property
    def rule(self) -> MergeRule:
        """Add, sum, or set for everything that overwrites or fills."""
        first = self.rows[0].rule
        return first if first in (MergeRule.ADD, MergeRule.SUM) else MergeRule.SET

    @property
    def always_overwritten(self) -> bool:
        """Whether every record decides the value, so that those before it don't matter."""
        return not self.sometimes_left and any(
            row.rule is MergeRule.SET
            and not row.keep_when_empty
            and row.typed.fits is None
            and not row.pairs
            for row in self.rows
        )

    def name(self, letter: str) -> sql.Identifier:
        """The name of one of this property's columns in a statement."""
        return sql.Identifier(f"{letter}{self.number}")

    @property
    def column(self) -> sql.Identifier:
        """The property's column of the profile table."""
        return sql.Identifier(self.definition.column)

    @property
    def current(self) -> sql.Identifier:
        """What the profile holds before the chunk."""
        return sql.Identifier("p", self.definition.column)


def targets(plan: ImportPlan) -> list[Target]:
    """The properties that the goal writes; a matched identifier gains before a row writes."""
    rows = sorted((*plan.match, *plan.mappings), key=lambda row: row.target.key)
    # Only a mapped identifier can be taken.
    partial = any(row.target.identifier and row.column for row in plan.mappings)
    return [
        Target(
            number=number,
            definition=(written := tuple(group))[0].target,
            rows=tuple(sorted(written, key=lambda row: (row.place > 0, abs(row.place)))),
            sometimes_left=partial and not written[0].target.identifier,
        )
        for number, (_, group) in enumerate(groupby(rows, lambda row: row.target.key), 1)
    ]


def merge(connection: Connection[Any], plan: ImportPlan, day: date) -> None:
    """Write the profiles of the chunk's records, with the journal of what was overwritten.

    New ones keep the goal and the day by which they are counted.
    """
    if checks := problem_statement(plan):
        connection.execute(checks)
    written = targets(plan)
    made, changed, folded = connection.execute(QUERIES["count_kinds"]).fetchone() or (0, 0, 0)
    if made:
        connection.execute(insert_statement(plan, written, day))
    if changed:
        _expect(changed, connection.execute(update_statement(plan, written)).fetchone())
    if folded:
        connection.execute(fold_statement(plan, written, day))
    if changed or folded:
        there, meant = connection.execute(QUERIES["lock_unchanged"]).fetchone() or (0, 0)
        _expect(meant, (there,))
    two_way.keep_taken(connection, stage.table(plan.run_goal), plan.read_back)


def _expect(profiles: int, found: tuple[int, ...] | None) -> None:
    if found is None or found[0] != profiles:
        raise SerializationFailure("a profile went away")


def problem_statement(plan: ImportPlan) -> Composed | None:
    """Which values do not fit their property; None where every text fits."""
    rows = [row for row in (*plan.mappings, *plan.match) if row.column and row.typed.fits]
    mapped = {(row.column, row.target.key) for row in plan.mappings}
    rows = [row for row in rows if row.place > 0 or (row.column, row.target.key) not in mapped]
    if not rows:
        return None
    return sql.SQL(
        """INSERT INTO chunk_problem (n, field, property, code, message, value)
        SELECT s.n, each.*
        FROM (
            SELECT record.n, s.*
            FROM chunk_record AS record
            JOIN {stage} AS s ON s.ctid = record.tid
            WHERE record.outcome IS NULL AND record.misfit AND NOT record.partial
            OFFSET 0
        ) AS s
        CROSS JOIN LATERAL ({rows}) AS each (field, property, code, message, value)"""
    ).format(
        stage=stage.table(plan.run_goal),
        rows=sql.SQL(" UNION ALL ").join(map(_problem, rows)),
    )


def _problem(row: MappedValue) -> Composed:
    assert row.column is not None and row.typed.fits is not None  # noqa: S101, PT018 - filtered
    kind = f"a list of {row.target.type}" if row.target.list else row.target.type
    message = (
        f"{row.column.field} does not fit {row.target.label} ({kind}); the property was left as "
        f"it is. Correct the value in Salesforce, or map the field to a property of another type."
    )
    return sql.SQL("SELECT {}, {}, 'wrong_type', {}, {} WHERE NOT {}").format(
        sql.Literal(row.column.field),
        sql.Literal(row.target.key),
        sql.Literal(message),
        row.column.name,
        row.typed.fits,
    )


# What one record brings to one property: expressions over the staged row `s`, the chunk's row
# `record` and, for sums, the record's link `link`.


def _refusable(row: MappedValue) -> bool:
    mapped = row.place > 0 and (row.target.identifier or row.rule is MergeRule.SUM)
    return mapped or bool(row.pairs)


def _accepted(row: MappedValue) -> Composable:
    """The row's value; null where the row was refused for this record."""
    if not _refusable(row):
        return row.typed.value
    return sql.SQL("(CASE WHEN NOT {} THEN {} END)").format(_refused(row), row.typed.value)


def _refused(row: MappedValue) -> Composed:
    return sql.SQL(
        "EXISTS (SELECT FROM chunk_refused AS x WHERE x.n = record.n AND x.place = {})"
    ).format(sql.Literal(row.place))


def _overwrites(target: Target) -> Composable:
    """Whether the record decides the property's value, whatever was there."""
    parts = [_applies(row) for row in target.rows if row.rule is MergeRule.SET]
    return sql.SQL(" OR ").join(parts) if parts else sql.SQL("false")


def _applies(row: MappedValue) -> Composable:
    if row.keep_when_empty:
        return sql.SQL("{} IS NOT NULL").format(_accepted(row))
    fits = row.typed.fits or sql.SQL("true")
    if not row.pairs:
        return fits
    return sql.SQL("({} AND NOT {})").format(fits, _refused(row))


def _brought(target: Target) -> Composable:
    """The value that the record brings: to overwrite, to fill, to add or to append."""
    match target.rule:
        case MergeRule.ADD:
            return _appended(target.rows)
        case MergeRule.SUM:
            return _summed(target.rows)
    value: Composable = sql.SQL("NULL::{}").format(column_type(target.definition))
    for row in target.rows:
        template = (
            "(CASE WHEN {applies} THEN {value} ELSE {before} END)"
            if row.rule is MergeRule.SET
            else "coalesce({before}, {value})"
        )
        value = sql.SQL(template).format(applies=_applies(row), value=_accepted(row), before=value)
    return value


def _appended(rows: tuple[MappedValue, ...]) -> Composable:
    if len(rows) == 1:
        return _accepted(rows[0])
    together = sql.SQL(" || ").join(map(_accepted, rows))
    return sql.SQL(
        """(SELECT array_agg(element ORDER BY place)
            FROM (SELECT element, min(place) AS place
                  FROM unnest({}) WITH ORDINALITY AS u (element, place)
                  GROUP BY element) AS each)"""
    ).format(together)


def addend(row: MappedValue) -> Composed:
    """What a row adds to its sum: a value that is not the one it added last; else null."""
    return sql.SQL("(CASE WHEN {value} IS DISTINCT FROM {last} THEN {value} END)").format(
        value=_accepted(row), last=_last_added(row)
    )


def _last_added(row: MappedValue) -> Composed:
    """What was added last, by this goal or by another one that adds the same."""
    places: list[Composable] = [sql.SQL("link.summed[{}]").format(sql.Literal(row.slot))]
    places += [
        sql.SQL(
            """(SELECT twin.summed[{slot}] FROM store.record_link AS twin
                WHERE twin.record_id = record.record_id AND twin.goal = {goal})"""
        ).format(slot=sql.Literal(twin.slot), goal=sql.Literal(twin.goal))
        for twin in row.twins
    ]
    return sql.SQL("coalesce({})").format(sql.SQL(", ").join(places))


def _summed(rows: tuple[MappedValue, ...]) -> Composable:
    if len(rows) == 1:
        return sql.SQL("{}::numeric").format(addend(rows[0]))
    total = sql.SQL(", ").join(sql.SQL("({}::numeric)").format(addend(row)) for row in rows)
    return sql.SQL("(SELECT sum(each) FROM (VALUES {}) AS v (each))").format(total)


def _after(target: Target) -> Composable:
    """The property after the only record of the chunk that touches its profile."""
    names = {"now": target.current, "brought": target.name("c"), "decides": target.name("o")}
    match target.rule:
        case MergeRule.ADD:
            return sql.SQL(_UNION).format(**names)
        case MergeRule.SUM:
            template = """(CASE WHEN {brought} IS NULL THEN {now}
                                ELSE (coalesce({now}, 0) + {brought})::bigint END)"""
        case _:
            template = "(CASE WHEN {decides} THEN {brought} ELSE coalesce({now}, {brought}) END)"
    return sql.SQL(template).format(**names)


_UNION = """(CASE WHEN {brought} IS NULL OR {brought} <@ {now} THEN {now}
    ELSE {now} || ARRAY(
        SELECT element FROM unnest({brought}) WITH ORDINALITY AS u (element, place)
        WHERE {now} IS NULL OR element <> ALL ({now})
        ORDER BY place) END)"""


def _list(written: Iterable[Target], part: Callable[[Target], Composable]) -> Composed:
    return COMMA.join(part(target) for target in written)


def _brings(written: list[Target]) -> Composed:
    """Columns `c1`, `c2`, … (and `o1`, … where a row overwrites) of what a record brings."""
    parts: list[Composable] = []
    for target in written:
        brought = sql.SQL("{}" if not target.sometimes_left else _UNLESS_LEFT)
        parts.append(brought.format(_brought(target)) + sql.SQL(" AS ") + target.name("c"))
        if target.rule is MergeRule.SET:
            decides = sql.SQL("({})" if not target.sometimes_left else _DECIDES_UNLESS_LEFT)
            parts.append(decides.format(_overwrites(target)) + sql.SQL(" AS ") + target.name("o"))
    return COMMA.join(parts)


_UNLESS_LEFT = "(CASE WHEN NOT record.partial THEN {} END)"
_DECIDES_UNLESS_LEFT = "(({}) AND NOT record.partial)"


def source(plan: ImportPlan, written: list[Target]) -> Composed:
    """What each record to be applied brings; a condition can be added at the end."""
    link: Composable = sql.SQL("")
    if any(target.rule is MergeRule.SUM for target in written):
        link = sql.SQL(
            """LEFT JOIN store.record_link AS link
                ON link.record_id = record.record_id AND link.goal = {}"""
        ).format(sql.Literal(plan.goal))
    return sql.SQL(
        """SELECT record.n, record.record_id, record.profile_id, record.fresh, {brings}
        FROM chunk_record AS record
        JOIN {stage} AS s ON s.ctid = record.tid
        {link}
        WHERE record.outcome IS NULL"""
    ).format(brings=_brings(written), stage=stage.table(plan.run_goal), link=link)


def insert_statement(plan: ImportPlan, written: list[Target], day: date) -> Composed:
    """New profiles, each of one record: the usual case of a first run."""
    return sql.SQL(
        """INSERT INTO store.profile (profile_id, made_by, made_on, {columns})
        SELECT profile_id, {goal}, {day}, {values}
        FROM ({source} AND record.fresh AND NOT record.folded) AS brought"""
    ).format(
        columns=_list(written, lambda target: target.column),
        goal=sql.Literal(plan.goal),
        day=sql.Literal(day),
        values=_list(written, _first_value),
        source=source(plan, written),
    )


def _first_value(target: Target) -> Composable:
    if target.rule is MergeRule.SUM:
        return sql.SQL("{}::bigint").format(target.name("c"))
    return target.name("c")


def update_statement(plan: ImportPlan, written: list[Target]) -> Composed:
    """Profiles that were there before, each of one record of the chunk; how many are there."""
    return sql.SQL(
        """WITH brought AS (
            {source} AND NOT record.fresh AND NOT record.folded
            -- Neighbours in the table are mostly made one after the other.
            ORDER BY record.profile_id
        ),
        after AS MATERIALIZED (
            SELECT brought.n, brought.record_id, p.ctid AS place, {values}
            FROM brought JOIN store.profile AS p USING (profile_id)
        ),
        {written},
        noted AS (INSERT INTO chunk_changed (n) SELECT n FROM updated)
        SELECT count(*) FROM after"""
    ).format(
        source=source(plan, written),
        values=_list(
            written, lambda each: sql.SQL("{} AS {}").format(_after(each), each.name("a"))
        ),
        written=_update_and_journal(plan, written, sql.SQL("after")),
    )


def _update_and_journal(plan: ImportPlan, written: list[Target], after: Composable) -> Composed:
    """CTEs `updated` and `journalled`: the profiles whose values differ from those of `after`.

    A profile is found by its place, at which it was just read: one look-up less. Somebody else's
    change since the chunk began fails the statement, which `in_chunk` does again.
    """
    return sql.SQL(
        """updated AS (
            UPDATE store.profile AS p
            SET updated_at = now(), {sets}
            FROM {after} AS final
            WHERE p.ctid = final.place
                AND ROW({befores}) IS DISTINCT FROM ROW({afters})
            RETURNING final.n, final.record_id, p.profile_id, {old} AS old
        ),
        journalled AS (
            INSERT INTO store.change (profile_id, run_goal, record_id, old)
            SELECT profile_id, {run_goal}, record_id, old FROM updated
        )"""
    ).format(
        sets=_list(
            written, lambda each: sql.SQL("{} = final.{}").format(each.column, each.name("a"))
        ),
        after=after,
        befores=_list(written, lambda each: each.current),
        afters=_list(written, lambda each: sql.SQL("final.{}").format(each.name("a"))),
        old=sql.SQL(_OLD).format(sql.SQL(", ").join(map(_old_value, written))),
        run_goal=sql.Literal(plan.run_goal),
    )


def _old_value(target: Target) -> Composed:
    return sql.SQL(
        """CASE WHEN old.{column} IS DISTINCT FROM new.{column}
            THEN {key} || coalesce(to_json(old.{column})::text, 'null') END"""
    ).format(column=target.column, key=sql.Literal(json.dumps(target.definition.key) + ":"))


_OLD = "('{{' || concat_ws(',', {}) || '}}')::jsonb"
"""One document put together as text: joining one for each property takes several times as long."""


def fold_statement(plan: ImportPlan, written: list[Target], day: date) -> Composed:
    """Profiles that several records of the chunk touch: applied in order, written once.

    `g` counts the records so far that overwrite, `f` is the first record after the last of them
    that brings something, `t` sums up, and `a` is the property after each record.
    """
    added = [target for target in written if target.rule is MergeRule.ADD]
    joins = [_added_join(target) for target in added]
    return sql.SQL(
        """WITH brought AS MATERIALIZED ({source} AND record.folded),
        {news}
        counted AS (SELECT brought.*, {counts} FROM brought),
        firsts AS (SELECT counted.*, {firsts} FROM counted),
        after AS (
            SELECT firsts.n, firsts.record_id, firsts.profile_id, firsts.fresh, p.ctid AS place,
                {afters},
                {currents}
            FROM firsts LEFT JOIN store.profile AS p USING (profile_id) {joins}
        ),
        stepped AS MATERIALIZED (
            SELECT after.*, {changed} AS changed,
                row_number() OVER (PARTITION BY profile_id ORDER BY n DESC) = 1 AS last
            FROM after
        ),
        final AS (SELECT * FROM stepped WHERE last AND NOT fresh),
        inserted AS (
            INSERT INTO store.profile (profile_id, made_by, made_on, {columns})
            SELECT profile_id, {goal}, {day}, {values}
            FROM stepped WHERE last AND fresh ORDER BY profile_id
        ),
        {written}
        INSERT INTO chunk_changed (n) SELECT n FROM stepped WHERE changed"""
    ).format(
        source=source(plan, written),
        news=sql.SQL("").join(map(_news, added)),
        counts=_list(written, _count_so_far),
        firsts=_list(written, _first_so_far),
        afters=_list(
            written, lambda each: sql.SQL("{} AS {}").format(_folded(each), each.name("a"))
        ),
        currents=_list(
            written, lambda each: sql.SQL("{} AS {}").format(each.current, each.name("p"))
        ),
        joins=sql.SQL(" ").join(joins),
        changed=sql.SQL(" OR ").join(map(_changed, written)),
        columns=_list(written, lambda each: each.column),
        goal=sql.Literal(plan.goal),
        day=sql.Literal(day),
        values=_list(written, lambda each: each.name("a")),
        written=_update_and_journal(plan, written, sql.SQL("final")),
    )


def _count_so_far(target: Target) -> Composed:
    over = sql.SQL("OVER (PARTITION BY profile_id ORDER BY n)")
    if target.rule is MergeRule.SUM:
        return sql.SQL("sum({}) {} AS {}").format(target.name("c"), over, target.name("t"))
    if target.rule is MergeRule.ADD or target.always_overwritten:
        return sql.SQL("NULL::integer AS {}").format(target.name("g"))
    return sql.SQL("count(*) FILTER (WHERE {}) {} AS {}").format(
        target.name("o"), over, target.name("g")
    )


def _first_so_far(target: Target) -> Composed:
    if target.rule is not MergeRule.SET or target.always_overwritten:
        return sql.SQL("NULL::integer AS {}").format(target.name("f"))
    return sql.SQL(
        """min(n) FILTER (WHERE {c} IS NOT NULL)
            OVER (PARTITION BY profile_id, {g} ORDER BY n) AS {f}"""
    ).format(c=target.name("c"), g=target.name("g"), f=target.name("f"))


def _folded(target: Target) -> Composable:
    if target.always_overwritten:
        return target.name("c")
    names = {letter: target.name(letter) for letter in "cgft"}
    match target.rule:
        case MergeRule.ADD:
            news = sql.Identifier(f"added{target.number}")
            return sql.SQL(
                "(CASE WHEN {news}.elements IS NULL THEN {now} ELSE {now} || {news}.elements END)"
            ).format(news=news, now=target.current)
        case MergeRule.SUM:
            template = """(CASE WHEN {t} IS NULL THEN {now}
                                ELSE (coalesce({now}, 0) + {t})::bigint END)"""
        case _:
            template = """(CASE WHEN {g} = 0 AND {now} IS NOT NULL THEN {now}
                WHEN {f} IS NOT NULL
                    THEN first_value({c}) OVER (PARTITION BY profile_id, {f} ORDER BY n) END)"""
    return sql.SQL(template).format(now=target.current, **names)


def _news(target: Target) -> Composed:
    """CTEs: elements that are new to a list with the record that brings each first; and joined."""
    return sql.SQL(
        """{news} AS (
            SELECT first.profile_id, first.n, first.place, first.element
            FROM (
                SELECT DISTINCT ON (profile_id, element) profile_id, n, place, element
                FROM brought CROSS JOIN LATERAL unnest({c}) WITH ORDINALITY AS u (element, place)
                ORDER BY profile_id, element, n, place
            ) AS first
            LEFT JOIN store.profile AS p USING (profile_id)
            WHERE p.{column} IS NULL OR first.element <> ALL (p.{column})
        ),
        {added} AS (
            SELECT profile_id, array_agg(element ORDER BY n, place) AS elements
            FROM {news} GROUP BY profile_id
        ),
        """
    ).format(
        news=sql.Identifier(f"news{target.number}"),
        added=sql.Identifier(f"added{target.number}"),
        c=target.name("c"),
        column=target.column,
    )


def _added_join(target: Target) -> Composed:
    return sql.SQL("LEFT JOIN {} USING (profile_id)").format(
        sql.Identifier(f"added{target.number}")
    )


def _changed(target: Target) -> Composed:
    """Whether the record, at its turn, changes the property."""
    if target.rule is MergeRule.ADD:
        return sql.SQL(
            """EXISTS (SELECT FROM {} AS news
                WHERE news.profile_id = after.profile_id AND news.n = after.n)"""
        ).format(sql.Identifier(f"news{target.number}"))
    return sql.SQL(
        "({a} IS DISTINCT FROM lag({a}, 1, {p}) OVER (PARTITION BY profile_id ORDER BY n))"
    ).format(a=target.name("a"), p=target.name("p"))
