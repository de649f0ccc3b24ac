"""Making one profile of two, with all that belongs to them."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any
from uuid import UUID

from psycopg import Connection, sql
from psycopg.errors import SerializationFailure
from psycopg.pq import TransactionStatus
from psycopg.sql import Composable, Composed

from isthmus.domain.properties import OnMerge, PropertyDefinition
from isthmus.profiles import properties, statements
from isthmus.profiles.properties import column_type

QUERIES = statements.load("isthmus.profiles", "merging.sql")
COMMA = sql.SQL(",\n")
SMALLEST, LARGEST = -(2**63), 2**63 - 1


def prepare(connection: Connection[Any]) -> None:
    """Make the session's table of pairs; it is empty at the start of each transaction."""
    connection.execute(QUERIES["make_merging_pair"])


def keep_owners(connection: Connection[Any]) -> None:
    """Let no profile become part of another one until the open transaction ends.

    For whoever gives links or counts to profiles, and is not the writer who merges: it asks for
    this before it reads which profile stands for which, and writes to no row that others write to
    before it has it. Otherwise what it gives could be left with a profile that is gone.
    """
    connection.execute(QUERIES["keep_owners"])


@contextmanager
def changing_owners(connection: Connection[Any]) -> Iterator[None]:
    """Have nobody give links or counts to profiles meanwhile, for a transaction within the block.

    One that sees a snapshot has to see all that was given before it merges, so this comes before
    it begins. Only the writer may ask for this, and only once it is the writer: a rehearsal can be
    that for minutes, and no export should wait for it.
    """
    connection.execute(QUERIES["lock_owners"])
    try:
        yield
    finally:
        if connection.info.transaction_status == TransactionStatus.IDLE:
            connection.execute(QUERIES["unlock_owners"])


def merge(connection: Connection[Any], survivor: UUID, loser: UUID) -> None:
    """Make one profile of two, in a transaction of its own. The survivor counts as the newer one.

    What is linked, exported or identified by the loser belongs to the survivor afterwards, and the
    loser's id leads to it (`store.profile_merge`). Raises `SerializationFailure` where one of the
    two is not there.
    """
    prepare(connection)
    with connection.transaction():
        # As chunks of imports do: two that lock several profiles would do so in other orders.
        connection.execute(QUERIES["wait_for_writer"])
        connection.execute(QUERIES["change_owners"])
        pair = {"survivor": survivor, "loser": loser}
        connection.execute(QUERIES["add_pair"], pair)
        merge_pairs(connection)


def merge_pairs(
    connection: Connection[Any], *, run_goal: int | None = None, both: Collection[str] = ()
) -> None:
    """Merge the pairs of `merging_pair`, and empty it, in the open transaction.

    Unless that is rolled back it is one of the writer, who lets nobody give anything to profiles
    meanwhile: see `changing_owners`.

    `both` names list properties that keep the values of both sides, whatever they are set to.
    """
    there, wanted = connection.execute(QUERIES["lock_pairs"]).fetchone() or (0, 0)
    if there != wanted:
        raise SerializationFailure("a profile that should be merged went away")
    definitions = _definitions(both)
    connection.execute(journal_statement(definitions), {"run_goal": run_goal})
    connection.execute(update_statement(definitions), {"run_goal": run_goal})
    connection.execute(identifier_statement(definitions, properties.numbers()))
    for name in _MOVES:
        connection.execute(QUERIES[name])
    connection.execute(QUERIES["note_merges"], {"run_goal": run_goal})
    for name in ("drop_losers", "empty_pairs"):
        connection.execute(QUERIES[name])


_MOVES = (
    *("move_links", "move_exchanged", "forget_made"),
    *("move_holds", "forget_holds", "forget_skips", "follow_merges"),
)


def _definitions(both: Collection[str]) -> list[PropertyDefinition]:
    """All properties. A list of identifiers only grows: what found a profile goes on finding it."""
    return [
        replace(each, on_merge=OnMerge.BOTH)
        if each.list and (each.identifier or each.key in both)
        else each
        for each in properties.definitions().values()
    ]


def merged_value(definition: PropertyDefinition) -> Composable:
    """The value that stays: of the survivor `p`, which is the newer one, and the loser `q`."""
    names = {
        "newer": sql.Identifier("p", definition.column),
        "older": sql.Identifier("q", definition.column),
        "smallest": sql.Literal(SMALLEST),
        "largest": sql.Literal(LARGEST),
        "type": column_type(definition),
        "collate": sql.SQL(' COLLATE "C"' if definition.type.is_text else ""),
    }
    return sql.SQL(_VALUES[definition.on_merge]).format(**names)


_VALUES: Mapping[OnMerge, Any] = {
    OnMerge.NEWER: "coalesce({newer}, {older})",
    OnMerge.OLDER: "coalesce({older}, {newer})",
    OnMerge.HIGHEST: "greatest({newer}{collate}, {older}{collate})",
    OnMerge.LOWEST: "least({newer}{collate}, {older}{collate})",
    OnMerge.BOTH: """(CASE WHEN {newer} IS NULL OR {older} IS NULL THEN coalesce({newer}, {older})
        ELSE {newer} || ARRAY(
            SELECT element FROM unnest({older}) WITH ORDINALITY AS u (element, place)
            WHERE element <> ALL ({newer}) ORDER BY place) END)""",
    OnMerge.SUM: """(CASE WHEN {newer} IS NULL OR {older} IS NULL THEN coalesce({newer}, {older})
        WHEN pg_typeof({newer}) = 'bigint'::regtype
            AND {newer}::numeric + {older} NOT BETWEEN {smallest} AND {largest} THEN {newer}
        ELSE ({newer}::numeric + {older})::{type} END)""",
}
"""An integer that would overflow stays as the newer profile has it."""


def update_statement(definitions: list[PropertyDefinition]) -> Composed:
    """The survivors with what they gain, and the journal of what they had."""
    return sql.SQL(
        """WITH merged AS (
            UPDATE store.profile AS p
            SET updated_at = now(),
                created_at = least(p.created_at, q.created_at),
                permission_level = least(p.permission_level, q.permission_level),
                legislation = coalesce(p.legislation, q.legislation)
                {sets}
            FROM merging_pair AS pair
            JOIN store.profile AS q ON q.profile_id = pair.loser
            WHERE p.profile_id = pair.survivor
            RETURNING p.profile_id, {old} AS old
        )
        INSERT INTO store.change (profile_id, run_goal, old)
        SELECT profile_id, %(run_goal)s, old FROM merged WHERE old <> '{{}}'::jsonb"""
    ).format(
        sets=sql.SQL("").join(map(_set, definitions)),
        old=_objects(map(_old_value, definitions)),
    )


def _set(definition: PropertyDefinition) -> Composed:
    return sql.SQL(", {} = {}").format(sql.Identifier(definition.column), merged_value(definition))


def _objects(parts: Any) -> Composable:
    return sql.SQL(" || ").join([sql.SQL("'{}'::jsonb"), *parts])


def _old_value(definition: PropertyDefinition) -> Composed:
    return sql.SQL(
        """CASE WHEN old.{column} IS DISTINCT FROM new.{column}
            THEN jsonb_build_object({key}, old.{column}) ELSE '{{}}'::jsonb END"""
    ).format(column=sql.Identifier(definition.column), key=sql.Literal(definition.key))


def journal_statement(definitions: list[PropertyDefinition]) -> Composed:
    """All that the losers had, as the journal keeps it."""
    return sql.SQL(
        """INSERT INTO store.change (profile_id, run_goal, old)
        SELECT q.profile_id, %(run_goal)s, jsonb_strip_nulls({old})
        FROM merging_pair AS pair JOIN store.profile AS q ON q.profile_id = pair.loser"""
    ).format(
        old=_objects(
            sql.SQL("jsonb_build_object({}, q.{})").format(
                sql.Literal(each.key), sql.Identifier(each.column)
            )
            for each in definitions
        )
    )


def identifier_statement(
    definitions: list[PropertyDefinition], numbers: Mapping[str, int]
) -> Composed:
    """Identifiers that both had go to the survivor, but for those that it does not hold."""
    held: list[Composable] = [
        sql.SQL(
            "SELECT {}::smallint, {} FROM store.profile AS p WHERE p.profile_id = pair.survivor"
        ).format(sql.Literal(numbers[each.key]), _texts(each))
        for each in definitions
        if each.identifier
    ]
    held = held or [sql.SQL("SELECT NULL::smallint, NULL::text")]
    return sql.SQL(
        """WITH there AS (
            SELECT pair.survivor, held.property, held.value
            FROM merging_pair AS pair
            CROSS JOIN LATERAL ({held}) AS held (property, value)
        ),
        dropped AS (
            DELETE FROM store.identifier AS identifier
            USING merging_pair AS pair
            WHERE identifier.profile_id IN (pair.survivor, pair.loser)
                AND NOT EXISTS (
                    SELECT FROM there
                    WHERE there.survivor = pair.survivor
                        AND there.property = identifier.property
                        AND there.value = identifier.value
                )
        )
        UPDATE store.identifier AS identifier
        SET profile_id = pair.survivor
        FROM merging_pair AS pair, there
        WHERE identifier.profile_id = pair.loser
            AND there.survivor = pair.survivor
            AND there.property = identifier.property
            AND there.value = identifier.value"""
    ).format(held=sql.SQL(" UNION ALL ").join(held))


def _texts(definition: PropertyDefinition) -> Composed:
    column = sql.Identifier("p", definition.column)
    if definition.list:
        return sql.SQL('unnest({})::text COLLATE "C"').format(column)
    return sql.SQL('{}::text COLLATE "C"').format(column)
