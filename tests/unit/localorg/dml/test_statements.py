import sqlite3
from typing import Any, cast

from localorg.dml import Change, Operation, Target, Writer, save_chunk
from unit.localorg.dml.dml_org import START_STORED, DmlOrg


class Counting:
    """A connection that counts what it is asked to run."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.asked = 0

    def execute(self, *arguments: Any) -> sqlite3.Cursor:
        self.asked += 1
        return self._connection.execute(*arguments)

    def getlimit(self, category: int) -> int:
        return self._connection.getlimit(category)

    def executemany(self, *arguments: Any) -> sqlite3.Cursor:
        self.asked += 1
        return self._connection.executemany(*arguments)


def statements_for(org: DmlOrg, count: int) -> int:
    """How many statements an upsert of so many contacts runs, half of which are there."""
    contact = org.store.schema.object("Contact")
    for number in range(0, count, 2):
        org.inserted("Contact", LastName="L", Isthmus_Id__c=f"{count}-{number}")
    target = Target(
        schema=org.store.schema,
        object_type=contact,
        operation=Operation.UPSERT,
        key_field=contact.field("Isthmus_Id__c"),
    )
    changes = [
        Change(values={"Isthmus_Id__c": f"{count}-{number}", "LastName": "L"})
        for number in range(count)
    ]
    with org.store.write() as connection:
        counting = Counting(connection)
        writer = Writer(
            connection=cast("sqlite3.Connection", counting),
            store=org.store,
            user_id="005",
            stamp=START_STORED,
        )
        save_chunk(writer, target, changes)
    assert [change.errors for change in changes] == [[]] * count
    return counting.asked


def test_a_chunk_takes_as_many_statements_however_many_records_it_has(org: DmlOrg) -> None:
    assert statements_for(org, 2) == statements_for(org, 200)


def test_what_the_org_does_not_use_costs_no_statement(org: DmlOrg) -> None:
    lead = org.store.schema.object("Lead")
    target = Target(schema=org.store.schema, object_type=lead, operation=Operation.INSERT)
    changes = [Change(values={"LastName": "L", "Company": "C"}) for _ in range(200)]
    with org.store.write() as connection:
        counting = Counting(connection)
        writer = Writer(
            connection=cast("sqlite3.Connection", counting),
            store=org.store,
            user_id="005",
            stamp=START_STORED,
        )
        save_chunk(writer, target, changes)
    assert counting.asked == 1
