"""Who changed the set-up: the log that triggers of the database write."""

import threading
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from psycopg import Connection as Session

from integration.set_up import new_connection
from isthmus.connections.models import Connection
from isthmus.people import auditing

ALICE = "alice@example.com"


def entries(store: Session[Any], columns: str = "who, how, kind, act") -> list[Any]:
    statement: Any = f"SELECT {columns} FROM store.audit ORDER BY id"  # noqa: S608 - the test's own
    return store.execute(statement).fetchall()


@pytest.fixture
def acme(store: Session[Any]) -> Connection:
    return new_connection("acme")


def test_a_change_is_logged_with_who_how_before_and_after(
    store: Session[Any], acme: Connection
) -> None:
    with auditing.acting(ALICE, auditing.PAGE):
        acme.name = "Acme sales"
        acme.save(update_fields=["name"])
    row = entries(store, "who, how, kind, act, thing, connection, key, name, changes")[-1]
    assert row == (
        *(ALICE, "page", "connection", "changed", acme.id, acme.id, "acme", "Acme sales"),
        {"name": ["acme", "Acme sales"]},
    )


def test_whoever_did_it_is_named_in_and_outside_of_transactions_and_behind_a_rollback(
    store: Session[Any], acme: Connection
) -> None:
    before = len(entries(store))

    def rename(name: str) -> None:
        Connection.objects.filter(id=acme.id).update(name=name)

    def rename_in_vain(name: str) -> None:
        rename(name)
        raise ZeroDivisionError

    with auditing.acting(ALICE, auditing.PAGE):
        rename("one")
        with transaction.atomic():
            rename("two")
            with pytest.raises(ZeroDivisionError), transaction.atomic():
                rename_in_vain("undone")
            rename("three")
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            rename_in_vain("undone too")
        rename("four")
    made = entries(store, "who, changes -> 'name' ->> 1")[before:]
    assert made == [(ALICE, "one"), (ALICE, "two"), (ALICE, "three"), (ALICE, "four")]


def test_all_of_one_action_has_one_number_and_another_action_has_another(
    store: Session[Any], acme: Connection
) -> None:
    before = len(entries(store))
    for names in (("one", "two"), ("three",)):
        with auditing.acting(ALICE, auditing.PAGE):
            for name in names:
                Connection.objects.filter(id=acme.id).update(name=name)
    first, second, third = entries(store, "action, began, at")[before:]
    assert first[:2] == second[:2]
    assert second[2] >= second[1]
    assert third[0] != first[0]


def test_what_comes_from_nobody_known_says_so(store: Session[Any], acme: Connection) -> None:
    store.execute("UPDATE connections_connection SET active = false, name = 'x'")
    user = store.info.user
    assert entries(store)[-1] == (user, "database", "connection", "changed")
    action, other = entries(store, "action")[-2:]
    assert action != other


def test_nobody_goes_on_acting_after_the_end_not_even_in_the_same_session(
    store: Session[Any], acme: Connection
) -> None:
    with auditing.acting(ALICE, auditing.PAGE):
        Connection.objects.filter(id=acme.id).update(name="hers")
        with database.cursor() as cursor:
            cursor.execute("SELECT current_setting('isthmus.actor', true)")
            assert cursor.fetchone()[0] == ""
    session = database.connection
    Connection.objects.filter(id=acme.id).update(name="somebody's")
    assert database.connection is session
    assert [row[0] for row in entries(store)][-2:] == [ALICE, store.info.user]
    assert database.execute_wrappers == []


def test_an_error_of_the_action_ends_it_as_well(store: Session[Any], acme: Connection) -> None:
    def fail() -> None:
        Connection.objects.filter(id=acme.id).update(name="hers")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), auditing.acting(ALICE, auditing.PAGE):
        fail()
    Connection.objects.filter(id=acme.id).update(name="somebody's")
    assert [row[0] for row in entries(store)][-2:] == [ALICE, store.info.user]


def test_an_action_within_another_counts_for_itself_and_the_outer_one_goes_on(
    store: Session[Any], acme: Connection
) -> None:
    with auditing.acting("alice", auditing.PAGE):
        Connection.objects.filter(id=acme.id).update(name="one")
        with auditing.by_nobody(), transaction.atomic():
            Connection.objects.filter(id=acme.id).update(name="two")
        with auditing.by_document():
            Connection.objects.filter(id=acme.id).update(name="three")
        Connection.objects.filter(id=acme.id).update(name="four")
    rows = entries(store, "who, how, action")[-4:]
    assert [row[:2] for row in rows] == [
        ("alice", "page"),
        ("", "by itself"),
        ("alice", "document"),
        ("alice", "page"),
    ]
    assert rows[0][2] == rows[2][2] == rows[3][2] != rows[1][2]


def test_threads_do_not_act_for_each_other(store: Session[Any], acme: Connection) -> None:
    ready, done = threading.Event(), threading.Event()

    def other() -> None:
        ready.wait(10)
        Connection.objects.filter(id=acme.id).update(name="theirs")
        database.close()
        done.set()

    thread = threading.Thread(target=other)
    thread.start()
    with auditing.acting(ALICE, auditing.PAGE):
        Connection.objects.filter(id=acme.id).update(name="hers")
        ready.set()
        assert done.wait(10)
    thread.join()
    assert [row[0] for row in entries(store)][-2:] == [ALICE, store.info.user]


def test_reading_says_nothing_to_the_database(store: Session[Any], acme: Connection) -> None:
    said: list[str] = []

    def note(execute: Any, statement: Any, *rest: Any) -> Any:
        said.append(str(statement))
        return execute(statement, *rest)

    with database.execute_wrapper(note), auditing.acting(lambda: 1 / 0, auditing.PAGE):  # type: ignore[arg-type,return-value]
        assert list(Connection.objects.all())
        with transaction.atomic():
            assert list(Connection.objects.select_for_update(no_key=True))
    assert not [each for each in said if "set_config" in each]


def test_a_change_that_changes_no_set_up_leaves_nothing(
    store: Session[Any], acme: Connection
) -> None:
    before = len(entries(store))
    Connection.objects.filter(id=acme.id).update(due_at="2026-11-30T10:00:00Z", name=acme.name)
    acme.authorization.renewals = 7  # type: ignore[union-attr]
    acme.authorization.sealed_access_token = b"token"  # type: ignore[union-attr]
    acme.authorization.save()  # type: ignore[union-attr]
    assert len(entries(store)) == before


def test_the_log_can_not_be_changed(store: Session[Any], acme: Connection) -> None:
    for statement in (
        "UPDATE store.audit SET who = 'nobody'",
        "DELETE FROM store.audit",
        "TRUNCATE store.audit",
    ):
        with pytest.raises(Exception, match="only added to"):
            store.execute(statement)


def test_emptying_a_table_is_logged(store: Session[Any], acme: Connection) -> None:
    store.execute("TRUNCATE connections_connection CASCADE")
    assert ("connection", "emptied") in [row[2:] for row in entries(store)]
