import sqlite3
from contextlib import closing

from localorg.dml import Change, Operation, Target, Writer, save_chunk
from unit.localorg.dml.dml_org import START_STORED, DmlOrg


def statements_for(org: DmlOrg, count: int) -> int:
    """How many statements an upsert of so many leads runs."""
    ran: list[str] = []
    lead = org.store.schema.object("Lead")
    target = Target(
        schema=org.store.schema,
        object_type=lead,
        operation=Operation.UPSERT,
        key_field=lead.field("Isthmus_Id__c"),
    )
    changes = [
        Change(values={"Isthmus_Id__c": f"k{number}", "LastName": "L", "Company": "C"})
        for number in range(count)
    ]
    with org.store.write() as connection:
        connection.set_trace_callback(ran.append)
        writer = Writer(connection=connection, store=org.store, user_id="005", stamp=START_STORED)
        save_chunk(writer, target, changes)
        connection.set_trace_callback(None)
    # executemany reports each row; the kinds of statements are what counts.
    return len({statement.split("VALUES")[0].split("WHERE")[0] for statement in ran})


def test_a_chunk_takes_as_many_statements_however_many_records_it_has(org: DmlOrg) -> None:
    assert statements_for(org, 2) == statements_for(org, 200)


def test_sqlite_is_new_enough_for_update_from() -> None:
    with closing(sqlite3.connect(":memory:")):
        assert sqlite3.sqlite_version_info >= (3, 33)
