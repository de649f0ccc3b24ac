"""Who changed the set-up: the log that triggers of the database write."""

import threading
from typing import Any

import pytest
from django.db import connection as database
from django.db import transaction
from django.utils import timezone
from psycopg import Connection as Session
from psycopg.sql import SQL

from integration.set_up import new_connection
from isthmus import blueprint
from isthmus.connections import audit, audit_words
from isthmus.connections.models import Connection, Run, RunState
from isthmus.people import auditing, first_start
from isthmus.profiles import schema
from isthmus.profiles.database import connected
from isthmus.worker.housekeeping import Housekeeping

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


def test_blocks_that_only_read_say_nothing_and_those_that_write_say_who(
    store: Session[Any], acme: Connection
) -> None:
    said: list[Any] = []

    def note(execute: Any, statement: Any, *rest: Any) -> Any:
        said.append(statement)
        return execute(statement, *rest)

    reads = SQL(
        "WITH one AS (SELECT id FROM connections_connection FOR NO KEY UPDATE) SELECT id FROM one"
    )
    writes = SQL(
        "-- Which writes.\nWITH one AS (UPDATE connections_connection SET name = 'x' RETURNING id)"
        " SELECT id FROM one"
    )
    with auditing.acting(ALICE, auditing.PAGE), database.cursor() as cursor:
        with database.execute_wrapper(note):
            assert audit.entries(most=5)
            assert audit.people()
        assert not [each for each in said if "set_config" in str(each)]
        cursor.execute(reads)
        assert cursor.fetchall() == [(acme.id,)]
        cursor.execute(writes)
    assert entries(store)[-1] == (ALICE, "page", "connection", "changed")


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


def test_what_is_older_than_it_is_kept_goes_and_nothing_else(
    store: Session[Any], acme: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.execute("ALTER TABLE store.audit DISABLE TRIGGER kept")
    store.execute(
        "UPDATE store.audit SET began = began - interval '40 days' WHERE kind = 'sign-in'"
    )
    store.execute("ALTER TABLE store.audit ENABLE TRIGGER kept")
    before = [row[2] for row in entries(store)]
    assert "sign-in" in before
    Housekeeping().keep()
    assert [row[2] for row in entries(store)] == before
    monkeypatch.setenv("ISTHMUS_KEEP_AUDIT_DAYS", "30")
    Housekeeping().keep()
    assert [row[2] for row in entries(store)] == [kind for kind in before if kind != "sign-in"]


def test_a_document_is_one_entry_by_whoever_applied_it(store: Session[Any]) -> None:
    document = """
properties:
  - {key: email, label: Email, type: email, identifier: true}
  - {key: last_name, label: Last name, type: text}
segments:
  - {key: known, name: Known, where: {property: email, is_empty: false}}
connections:
  - key: acme
    name: Acme
    labels: [CRM]
    authorization: {flow: client_credentials, login_url: "https://acme.my.salesforce.com",
      client_id: "${ACME_ID}", client_secret: "${ACME_SECRET}"}
    goals:
      - key: leads_in
        import: Lead
        match: [{field: Email, identifier: email}]
        fields: [{field: LastName, property: last_name}]
"""
    read = blueprint.read(
        document, name="a.yaml", environment={"ACME_ID": "key", "ACME_SECRET": "s3cret-of-acme"}
    )
    with auditing.acting("marit", auditing.COMMAND_LINE):
        blueprint.apply(read, offline=True)
    rows = entries(store, "who, how, kind, act, action, changes")
    assert {row[:2] for row in rows} == {("marit", "document")}
    kinds = {(kind, act) for _, _, kind, act, *_ in rows}
    wanted = ("connection", "goal", "sign-in", "property", "segment")
    assert kinds >= {(kind, "made") for kind in wanted}
    assert len({row[4] for row in rows}) == 1
    assert "s3cret-of-acme" not in str(rows)
    (entry,) = audit.entries(most=5)
    headline = audit_words.headline(entry, audit.names(entry.changes))
    assert str(headline[1]).startswith("applied a set-up document: ")
    before = len(rows)
    with auditing.acting("marit", auditing.COMMAND_LINE):
        blueprint.apply(read, offline=True)
    assert len(entries(store)) == before


def test_a_document_that_is_refused_leaves_nothing(store: Session[Any]) -> None:
    read = blueprint.read(
        "segments: [{key: x, name: X, where: {property: nothing, is: [1]}}]",
        name="a.yaml",
        environment={},
    )
    with (
        auditing.acting("marit", auditing.COMMAND_LINE),
        pytest.raises(blueprint.BlueprintInvalid),
    ):
        blueprint.apply(read, offline=True)
    assert entries(store) == []


def test_the_first_account_is_its_own_doing(store: Session[Any]) -> None:
    code = first_start.new_code(timezone.now())
    with auditing.acting("", auditing.PAGE):
        first_start.make_first(code, "Marit@Example.com", "a quiet harbour", "M", timezone.now())
    assert entries(store, "who, how, kind, act, changes -> 'password'") == [
        ("marit@example.com", "first start", "account", "made", [None, {"secret": True}])
    ]


def test_engines_act_for_nobody(store: Session[Any], acme: Connection) -> None:
    with (
        auditing.acting(ALICE, auditing.PAGE),
        connected(application="isthmus sign-in") as session,
    ):
        session.execute("UPDATE connections_authorization SET user_id = '005'")
    assert entries(store)[-1] == ("", "by itself", "sign-in", "changed")


def test_runs_that_nobody_asked_for_by_hand_are_not_logged(
    store: Session[Any], acme: Connection
) -> None:
    before = len(entries(store))
    with auditing.by_nobody():
        Run.objects.create(connection=acme, number=1)
    Run.objects.filter(number=1).update(state=RunState.RUNNING, api_calls=7)
    Run.objects.filter(number=1).update(state=RunState.FINISHED)
    Run.objects.create(connection=acme, number=2, due_at=timezone.now())
    Run.every.create(connection=acme, number=1, preview=True)
    assert len(entries(store)) == before
    with auditing.acting(ALICE, auditing.COMMAND_LINE):
        Run.objects.filter(number=2).update(full=True, goal_keys=["leads_in"])
    row = entries(store, "who, act, key, changes")[-1]
    assert row == (
        *(ALICE, "widened", "2"),
        {"full": [False, True], "goal_keys": [[], ["leads_in"]]},
    )


def test_the_address_of_a_webhook_is_told_only_as_far_as_it_is_no_key(
    store: Session[Any], acme: Connection
) -> None:
    secret = "https://bob:pass@hooks.example.com:8443/services/T00/XXkey?token=1"
    Connection.objects.filter(id=acme.id).update(webhook_url=secret, sealed_webhook_secret=b"abc")
    (changes,) = entries(store, "changes")[-1]
    assert changes == {
        "webhook_url": [None, {"site": "https://hooks.example.com:8443"}],
        "sealed_webhook_secret": [None, {"secret": True}],
    }


def test_a_store_from_before_the_log_gets_it_and_keeps_what_it_has(
    store: Session[Any], acme: Connection
) -> None:
    store.execute("DROP TABLE store.audit CASCADE")
    store.execute("DROP FUNCTION store.audit_change() CASCADE")
    schema.install(store)
    assert entries(store) == []
    Connection.objects.filter(id=acme.id).update(name="after")
    assert [row[2:] for row in entries(store)] == [("connection", "changed")]


@pytest.mark.parametrize("who", ["\0", "\udcff", "'; DROP TABLE store.audit; --", "x" * 10_000])
def test_strange_names_of_whoever_acts_break_nothing(
    store: Session[Any], acme: Connection, who: str
) -> None:
    with auditing.acting(who, auditing.COMMAND_LINE):
        Connection.objects.filter(id=acme.id).update(name="x")
    assert entries(store)[-1][1:] == ("command line", "connection", "changed")
