"""Two profiles made one."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection, sql
from psycopg.errors import SerializationFailure

from integration import set_up
from isthmus.domain.properties import OnMerge, PropertyDefinition, PropertyType
from isthmus.profiles import merging, properties

LARGEST = 2**63 - 1
NUMBER = PropertyType.INTEGER


def definition(key: str, **given: Any) -> PropertyDefinition:
    return PropertyDefinition(key=key, label=key, **given)


def add(store: Connection[Any], **values: Any) -> UUID:
    """A profile with its identifiers; its id."""
    row = store.execute("INSERT INTO store.profile DEFAULT VALUES RETURNING profile_id").fetchone()
    assert row is not None
    numbers, known = properties.numbers(), properties.definitions()
    for key, value in values.items():
        statement = sql.SQL("UPDATE store.profile SET {} = %s WHERE profile_id = %s")
        store.execute(statement.format(sql.Identifier(f"p_{key}")), [value, row[0]])
        if known[key].identifier:
            for each in value if known[key].list else [value]:
                store.execute(
                    "INSERT INTO store.identifier VALUES (%s, %s, %s)",
                    [row[0], numbers[key], str(each)],
                )
    profile_id: UUID = row[0]
    return profile_id


@pytest.mark.parametrize(
    ("given", "newer", "older", "merged"),
    [
        ({"on_merge": OnMerge.NEWER}, "new", "old", "new"),
        ({"on_merge": OnMerge.NEWER}, None, "old", "old"),
        ({"on_merge": OnMerge.OLDER}, "new", "old", "old"),
        ({"on_merge": OnMerge.OLDER}, "new", None, "new"),
        ({"on_merge": OnMerge.HIGHEST}, "B", "a", "a"),
        ({"on_merge": OnMerge.LOWEST}, "B", "a", "B"),
        ({"on_merge": OnMerge.LOWEST}, None, "a", "a"),
        ({"on_merge": OnMerge.BOTH, "list": True}, ["b", "a"], ["c", "a"], ["b", "a", "c"]),
        ({"on_merge": OnMerge.NEWER, "list": True}, ["b"], ["c"], ["b"]),
        ({"on_merge": OnMerge.SUM, "type": NUMBER}, 5, 7, 12),
        ({"on_merge": OnMerge.SUM, "type": NUMBER}, None, 7, 7),
        ({"on_merge": OnMerge.SUM, "type": NUMBER}, 1, LARGEST, 1),
        ({"on_merge": OnMerge.HIGHEST, "type": PropertyType.BOOLEAN}, False, True, True),
    ],
)
def test_the_value_that_stays_is_the_one_the_property_asks_for(
    store: Connection[Any], given: dict[str, Any], newer: Any, older: Any, merged: Any
) -> None:
    set_up.new_properties([definition("value", **given)])
    survivor, loser = add(store, value=newer), add(store, value=older)
    merging.merge(store, survivor, loser)
    rows = store.execute("SELECT profile_id, p_value FROM store.profile").fetchall()
    assert rows == [(survivor, merged)]


def test_the_survivor_is_found_by_all_identifiers_that_it_holds(store: Connection[Any]) -> None:
    set_up.new_properties(
        [definition("email", identifier=True), definition("ids", identifier=True, list=True)]
    )
    survivor = add(store, email="new@x.co", ids=["1", "2"])
    loser = add(store, email="old@x.co", ids=["3"])
    merging.merge(store, survivor, loser)
    rows = store.execute("SELECT value, profile_id FROM store.identifier ORDER BY value").fetchall()
    assert rows == [(value, survivor) for value in ("1", "2", "3", "new@x.co")]


def test_an_identifier_of_the_older_profile_replaces_the_newer_ones_where_it_is_to_stay(
    store: Connection[Any],
) -> None:
    set_up.new_properties([definition("email", identifier=True, on_merge=OnMerge.OLDER)])
    survivor, loser = add(store, email="new@x.co"), add(store, email="old@x.co")
    merging.merge(store, survivor, loser)
    rows = store.execute("SELECT value, profile_id FROM store.identifier").fetchall()
    assert rows == [("old@x.co", survivor)]


def test_what_belongs_to_the_loser_belongs_to_the_survivor(store: Connection[Any]) -> None:
    survivor, loser = add(store), add(store)
    store.execute(
        "INSERT INTO store.record_link (record_id, goal, object, profile_id) "
        "VALUES ('R', 1, 'Lead', %s)",
        [loser],
    )
    store.execute("UPDATE store.profile SET permission_level = 1 WHERE profile_id = %s", [loser])
    merging.merge(store, survivor, loser)
    assert store.execute("SELECT profile_id FROM store.record_link").fetchall() == [(survivor,)]
    level = store.execute("SELECT permission_level FROM store.profile").fetchall()
    assert level == [(1,)]


def test_the_ids_of_profiles_that_went_lead_to_the_one_that_is_there(
    store: Connection[Any],
) -> None:
    first, second, third = add(store), add(store), add(store)
    merging.merge(store, second, first)
    merging.merge(store, third, second)
    rows = store.execute("SELECT profile_id, survivor FROM store.profile_merge").fetchall()
    assert dict(rows) == {first: third, second: third}


def test_the_journal_keeps_what_both_had(store: Connection[Any]) -> None:
    set_up.new_properties([definition("title"), definition("note", on_merge=OnMerge.OLDER)])
    survivor = add(store, title="new", note="new")
    loser = add(store, title="old", note="old")
    merging.merge(store, survivor, loser)
    rows = dict(store.execute("SELECT profile_id, old FROM store.change").fetchall())
    assert rows == {survivor: {"note": "new"}, loser: {"title": "old", "note": "old"}}


def test_a_profile_that_is_not_there_is_not_merged(store: Connection[Any]) -> None:
    set_up.new_properties([definition("title")])
    survivor = add(store, title="new")
    with pytest.raises(SerializationFailure):
        merging.merge(store, survivor, uuid4())
    assert store.execute("SELECT p_title FROM store.profile").fetchall() == [("new",)]


def test_what_exports_hold_back_of_the_loser_goes_but_for_what_is_not_known(
    store: Connection[Any],
) -> None:
    set_up.new_properties([definition("name")])
    survivor, loser = add(store, name="new"), add(store, name="old")
    for goal, profile, code in (
        (1, loser, "REFUSED"),
        (2, loser, "outcome_unknown"),
        (2, survivor, "REFUSED"),
    ):
        store.execute(
            """INSERT INTO store.export_hold (goal, profile_id, code, row_hash, failures, next_at)
            VALUES (%s, %s, %s, uuidv7(), 3, now())""",
            [goal, profile, code],
        )
    for profile in (survivor, loser):
        store.execute(
            """INSERT INTO store.export_skip (goal, profile_id, run_goal, reason)
            VALUES (1, %s, 1, 'no_match')""",
            [profile],
        )
    merging.merge(store, survivor, loser)
    held = store.execute("SELECT goal, profile_id, code, row_hash FROM store.export_hold")
    assert held.fetchall() == [(2, survivor, "outcome_unknown", None)]
    skipped = store.execute("SELECT profile_id FROM store.export_skip")
    assert skipped.fetchall() == [(survivor,)]
