"""Fields that one goal reads into a property and another writes from the same property.

What an export wrote is read by the next import, in the form in which Salesforce keeps it. For each
field the export's link keeps what Salesforce is known to hold (`held`) and the property's value
when an import took it over (`taken_over`), so both sides see which of them changed since.
"""

import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, LiteralString

from psycopg import Connection, sql
from psycopg.sql import Composable, Composed

from isthmus.connections.models import Goal
from isthmus.domain.goals import ExportGoal, ExportKind
from isthmus.domain.objects import SalesforceObject
from isthmus.domain.patterns import NUMBER
from isthmus.salesforce import Field

WHOLE = frozenset({"int", "long"})
FRACTIONS = frozenset({"double", "currency", "percent"})
_SPACE = " \t\n\r\f\v\u00a0"
_DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
LONGEST_NUMBER = 100


def stored_form(text: Composable, field: Field) -> Composed:
    """The form in which Salesforce keeps a text in the field, as far as that is known.

    Two texts of the same form are the same value there: trimmed, rounded, in whole seconds, with
    the values of a multi-picklist in order. Null where nothing is left. `text` stands in the
    result more than once.
    """
    trimmed = sql.SQL("nullif(btrim({}, {}), '')").format(text, sql.Literal(_SPACE))
    if field.type in WHOLE | FRACTIONS:
        return _number(trimmed, field)
    if field.type == "datetime":
        return _moment(trimmed)
    if field.type == "multipicklist":
        return _several(trimmed)
    if field.type in ("email", "picklist", "boolean"):
        return sql.SQL('lower({} COLLATE "pg_c_utf8")').format(trimmed)
    return sql.SQL(r"replace(replace({}, E'\r\n', E'\n'), E'\r', E'\n')").format(trimmed)


def _number(text: Composable, field: Field) -> Composed:
    rounded = sql.SQL("({text})::numeric")
    if field.type in FRACTIONS and field.precision:
        rounded = sql.SQL("round(({text})::numeric, {scale})")
    return sql.SQL(
        "(CASE WHEN length({text}) <= {most} AND {text} ~ {shape}"
        " THEN trim_scale({value})::text ELSE {text} END)"
    ).format(
        text=text,
        most=sql.Literal(LONGEST_NUMBER),
        shape=sql.Literal(NUMBER),
        value=rounded.format(text=text, scale=sql.Literal(field.scale)),
    )


def _moment(text: Composable) -> Composed:
    return sql.SQL(
        "(CASE WHEN {text} ~ {shape} AND pg_input_is_valid({text}, 'timestamptz')"
        " THEN date_trunc('second', ({text})::timestamptz)::text ELSE {text} END)"
    ).format(text=text, shape=sql.Literal(_DATETIME))


def _several(text: Composable) -> Composed:
    return sql.SQL(
        """(SELECT string_agg(DISTINCT value, ';' ORDER BY value)
            FROM unnest(string_to_array({}, ';')) AS u (element)
            CROSS JOIN LATERAL (
                SELECT lower(nullif(btrim(element), '') COLLATE "pg_c_utf8") AS value
            ) AS each)"""
    ).format(text)


def held_hash(text: Composable, field: Field) -> Composed:
    """The hash of a text's stored form; nothing has one as well."""
    return sql.SQL("hashtextextended(coalesce({}, ''), 0)").format(stored_form(text, field))


@dataclass(frozen=True, kw_only=True)
class Pair:
    """An export goal that writes a field from the property that an import reads it to."""

    goal: int  # row id of the export goal
    slots: int  # length of its links' arrays
    slot: int  # of the field in them, from 1; 0 where the goal has not run with it yet
    field: Field

    @property
    def link(self) -> sql.Identifier:
        """The export's link of the record, in the statements below."""
        return sql.Identifier(f"known{self.goal}")


@dataclass(frozen=True, kw_only=True)
class ReadBack:
    """A mapping row of an import whose field is written too."""

    place: int  # names the row in a record's refused rows
    text: Composable  # the staged text
    value: Composable  # what it brings
    fits: Composable | None  # whether it is a value of the property; None: it always is
    column: sql.Identifier  # the property's, in the table of profiles
    decides: bool  # whatever it brings is the property's value then
    pairs: tuple[Pair, ...]


@dataclass(frozen=True, kw_only=True)
class WholeRecord:
    """The fields of an import's records, with those apart that exports write."""

    goal: int  # row id of the import goal
    run_goal: int  # row id of its part in the run
    version: int
    alone: tuple[Composable, ...]  # staged texts of fields that no export writes back
    written: tuple[tuple[Composable, tuple[Pair, ...]], ...]  # the others, with who writes them

    @property
    def pairs(self) -> list[Pair]:
        """One pair of each export goal."""
        return list({pair.goal: pair for _, pairs in self.written for pair in pairs}.values())


def pairs_of(
    exports: Iterable[Goal], sobject: SalesforceObject, field: Field, property_key: str
) -> tuple[Pair, ...]:
    """The export goals that write the field from the property."""
    name = field.name.lower()
    return tuple(
        Pair(goal=goal.id, slots=len(goal.slots), slot=goal.slots.get(name, 0), field=field)
        for goal in exports
        if _writes(goal.definition, sobject, name, property_key)
    )


def _writes(goal: object, sobject: SalesforceObject, name: str, property_key: str) -> bool:
    return (
        isinstance(goal, ExportGoal)
        and goal.object == sobject
        and any(
            row.kind is ExportKind.PROPERTY
            and row.field.lower() == name
            and row.value == property_key
            for row in goal.fields
        )
    )


def pass_as_left(connection: Connection[Any], stage: Composable, record: WholeRecord) -> None:
    """Tell which records of a chunk nobody has changed but an export of what is here.

    They are unchanged whatever their hash is; and one is not where a user put back what the import
    had read before the export. What was kept of a record when exports wrote other fields says
    nothing now; nor does what an export has sent since the record was read.
    """
    if record.written:
        connection.execute(as_left_statement(stage, record))


def as_left_statement(stage: Composable, record: WholeRecord) -> Composed:
    """As `pass_as_left` says; `chunk_record` is the import's table."""
    return sql.SQL(
        """WITH judged AS (
            SELECT record.row, record.outcome, {same} AS same, {earlier} AS earlier
            FROM (
                SELECT *, ctid AS row, lead(n) OVER (PARTITION BY record_id ORDER BY n) AS later
                FROM chunk_record
            ) AS record
            JOIN {stage} AS s ON s.ctid = record.tid
            CROSS JOIN LATERAL (
                SELECT * FROM store.record_link AS link
                WHERE link.record_id = record.record_id AND link.goal = {goal}
                OFFSET 0
            ) AS link
            {links}
            WHERE record.gone IS NULL AND coalesce({known})
                AND link.version = {version} AND link.gone IS NULL AND link.refused IS NULL
                AND link.held[1] = {layout}
                -- Where a record came twice, its last row counts.
                AND (record.outcome IS NULL OR record.later IS NULL)
        )
        UPDATE chunk_record AS record
        SET outcome = CASE WHEN judged.same THEN 'unchanged' END
        FROM judged
        -- By its place: no plan that takes the chunk for small can go through it for each row.
        WHERE record.ctid = judged.row AND judged.same = (judged.outcome IS NULL)
            AND (judged.same OR judged.earlier)"""
    ).format(
        same=_as_left(record),
        earlier=_sent_earlier(record),
        layout=_layout(record),
        stage=stage,
        goal=sql.Literal(record.goal),
        links=sql.SQL(" ").join(_look_up(pair, "link.profile_id") for pair in record.pairs),
        known=sql.SQL(", ").join(
            sql.SQL("{}.held IS NOT NULL").format(pair.link) for pair in record.pairs
        ),
        version=sql.Literal(record.version),
    )


def _as_left(record: WholeRecord) -> Composed:
    """Whether every field is as an export left it, or else as the import read it."""
    same = [sql.SQL("link.held[2] = {}").format(_alone_hash(record))]
    for place, (text, pairs) in enumerate(record.written, 3):
        known = [sql.SQL("{}.held[{}]").format(pair.link, sql.Literal(pair.slot)) for pair in pairs]
        last = sql.SQL(", ").join([*known, sql.SQL("link.held[{}]").format(sql.Literal(place))])
        same.append(sql.SQL("coalesce({}) = {}").format(last, held_hash(text, pairs[0].field)))
    return sql.SQL("coalesce({}, false)").format(sql.SQL(" AND ").join(same))


def _sent_earlier(record: WholeRecord) -> Composed:
    """Whether all that exports know of the record they knew before it was read."""
    return sql.SQL(
        """coalesce(greatest({sent}) < (
            SELECT started_at FROM connections_rungoal WHERE id = {run_goal}
        ), true)"""
    ).format(
        sent=sql.SQL(", ").join(sql.SQL("{}.sent_at").format(pair.link) for pair in record.pairs),
        run_goal=sql.Literal(record.run_goal),
    )


def _layout(record: WholeRecord) -> sql.Literal:
    """Tells which fields were read, and which of them exports wrote."""
    fields = [[text.as_string() for text, _ in record.written]]
    fields.append([text.as_string() for text in record.alone])
    return sql.Literal(zlib.crc32(repr(fields).encode()))


def _alone_hash(record: WholeRecord) -> Composed:
    return sql.SQL("hash_record_extended(ROW({}), 0)").format(sql.SQL(", ").join(record.alone))


def read_hashes(record: WholeRecord) -> Composed:
    """What an import's link keeps of the staged row `s`: of fields alone, and each that is written.

    Before them stands the layout, by which other choices of fields are told apart.

    An array; null where no export writes any of the fields.
    """
    if not record.written:
        return sql.Composed([sql.SQL("NULL::bigint[]")])
    hashes: list[Composable] = [_layout(record), _alone_hash(record)]
    hashes += [held_hash(text, pairs[0].field) for text, pairs in record.written]
    return sql.SQL("ARRAY[{}]::bigint[]").format(sql.SQL(", ").join(hashes))


def refuse_echo(connection: Connection[Any], stage: Composable, rows: Sequence[ReadBack]) -> None:
    """Refuse the rows of a chunk whose text is what Salesforce is known to hold.

    It brings nothing new: an export wrote it, or an import took it over. What the property holds
    now was set here since then, and the next export brings it to Salesforce.
    """
    if rows:
        connection.execute(refuse_statement(stage, rows))


def refuse_statement(stage: Composable, rows: Sequence[ReadBack]) -> Composed:
    """As `refuse_echo` says; `chunk_record` and `chunk_refused` are the import's tables.

    It is said before profiles gain identifiers: what is only read back is no gain.
    """
    return sql.SQL(
        """INSERT INTO chunk_refused (n, place, code)
        SELECT record.n, each.place, 'echo'
        FROM chunk_record AS record
        JOIN {stage} AS s ON s.ctid = record.tid
        {links}
        CROSS JOIN LATERAL (VALUES {rows}) AS each (place, echo)
        WHERE record.outcome IS NULL AND each.echo"""
    ).format(
        stage=stage,
        links=sql.SQL(" ").join(_look_up(pair, "record.link_profile") for pair in _links(rows)),
        rows=sql.SQL(", ").join(
            sql.SQL("({}::smallint, {})").format(sql.Literal(row.place), _is_known(row))
            for row in rows
        ),
    )


def _links(rows: Sequence[ReadBack]) -> list[Pair]:
    """One pair of each export goal."""
    return list({pair.goal: pair for row in rows for pair in row.pairs}.values())


def _look_up(pair: Pair, profile: LiteralString) -> Composed:
    """The export's link of a record, as `record` and its profile `profile` stand in a statement."""
    return sql.SQL(
        """LEFT JOIN LATERAL (
            SELECT known.held, known.sent_at FROM store.record_link AS known
            WHERE known.record_id = record.record_id AND known.goal = {goal}
                AND known.profile_id = {profile} AND known.gone IS NULL
            OFFSET 0
        ) AS {link} ON true"""
    ).format(goal=sql.Literal(pair.goal), link=pair.link, profile=sql.SQL(profile))


def _is_known(row: ReadBack) -> Composed:
    known = sql.SQL(" OR ").join(
        sql.SQL("{}.held[{}] = {}").format(
            pair.link, sql.Literal(pair.slot), held_hash(row.text, pair.field)
        )
        for pair in row.pairs
    )
    return sql.SQL("coalesce({}, false)").format(known)


def keep_taken(connection: Connection[Any], stage: Composable, rows: Sequence[ReadBack]) -> None:
    """Remember what the chunk took over: the exports need not send it back."""
    known = [replace(row, pairs=tuple(pair for pair in row.pairs if pair.slot)) for row in rows]
    for pair in _links(known):
        connection.execute(keep_statement(stage, known, pair))


def keep_statement(stage: Composable, rows: Sequence[ReadBack], of: Pair) -> Composed:
    """As `keep_taken` says, for the links of one export goal."""
    written = {pair.slot: (row, pair) for row in rows for pair in row.pairs if pair.goal == of.goal}
    held, taken, sent = _known(of, "held"), _known(of, "taken_over"), _known(of, "sent")
    for slot, (row, pair) in written.items():
        held[slot - 1] = _when_applied(row, held_hash(row.text, pair.field), held[slot - 1])
        taken[slot - 1] = _when_applied(row, _property_taken(row), taken[slot - 1])
        # What was sent before is no longer there: it goes out should it come back here. Where the
        # rule kept what is here, nothing is known anew of what is to be there.
        sent[slot - 1] = sql.SQL("(CASE WHEN {} AND {} THEN NULL ELSE {} END)").format(
            _applied(row), _took(row), sent[slot - 1]
        )
    return sql.SQL(
        """WITH taken AS MATERIALIZED (
            SELECT known.place, ARRAY[{held}]::bigint[] AS held,
                ARRAY[{taken}]::bigint[] AS taken_over, ARRAY[{sent}]::bigint[] AS sent
            FROM chunk_record AS record
            JOIN {stage} AS s ON s.ctid = record.tid
            -- A look-up for each record, and the update by the link's place: statistics that are
            -- behind make other plans go through the chunk once for each link of the goal.
            CROSS JOIN LATERAL (
                SELECT ctid AS place, link.* FROM store.record_link AS link
                WHERE link.record_id = record.record_id AND link.goal = {goal}
                    AND link.profile_id = record.profile_id AND link.gone IS NULL
                OFFSET 0
            ) AS known
            CROSS JOIN LATERAL (
                SELECT * FROM store.profile AS p WHERE p.profile_id = record.profile_id OFFSET 0
            ) AS p
            WHERE record.outcome IS NULL AND ({applied})
        )
        UPDATE store.record_link AS link
        SET held = taken.held, taken_over = taken.taken_over, sent = taken.sent
        FROM taken
        WHERE link.ctid = taken.place"""
    ).format(
        held=sql.SQL(", ").join(held),
        taken=sql.SQL(", ").join(taken),
        sent=sql.SQL(", ").join(sent),
        stage=stage,
        goal=sql.Literal(of.goal),
        applied=sql.SQL(" OR ").join(_applied(row) for row, _ in written.values()),
    )


def _took(row: ReadBack) -> Composable:
    """Whether the property became what the record brings, or was it before."""
    # Of several records of a profile in one chunk, a later one may have decided the value since.
    if row.decides:
        return sql.SQL("true")
    return sql.SQL("{} IS NOT DISTINCT FROM p.{}").format(row.value, row.column)


def _property_taken(row: ReadBack) -> Composed:
    """The hash of what the field says as a value of the property, kept or not."""
    column = sql.SQL("p.") + row.column
    # Equal numbers can be written with more decimals and fewer.
    return sql.SQL(
        "(CASE WHEN {value} IS NOT DISTINCT FROM {column} THEN {kept} ELSE {read} END)"
    ).format(
        value=row.value, column=column, kept=property_hash(column), read=property_hash(row.value)
    )


def _known(pair: Pair, name: str) -> list[Composable]:
    return [
        sql.SQL("known.{}[{}]").format(sql.Identifier(name), sql.Literal(slot))
        for slot in range(1, pair.slots + 1)
    ]


def _when_applied(row: ReadBack, new: Composable, old: Composable) -> Composed:
    return sql.SQL("(CASE WHEN {} THEN {} ELSE {} END)").format(_applied(row), new, old)


def _applied(row: ReadBack) -> Composed:
    return sql.SQL(
        """({fits} AND NOT EXISTS (
            SELECT FROM chunk_refused AS x WHERE x.n = record.n AND x.place = {place}))"""
    ).format(fits=row.fits or sql.SQL("true"), place=sql.Literal(row.place))


def property_hash(column: Composable) -> Composed:
    """The hash of a property's value, as it is in the table of profiles."""
    return sql.SQL("hashtextextended(coalesce({}::text, ''), 0)").format(column)
