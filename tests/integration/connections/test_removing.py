"""Connections and goals are deleted with all that only they knew, and nothing of others."""

from typing import Any

import psycopg
import pytest
from django.db import transaction
from django.utils import timezone
from psycopg import Connection, sql

from integration.connections.worlds import EXPORT, IMPORT, ended
from integration.set_up import new_connection, new_goal
from isthmus.connections import alerts, letters, models, removing, sizes
from isthmus.connections.errors import RunAlreadyGoing
from isthmus.connections.exchange import Unique
from isthmus.connections.models import (
    Alert,
    Authorization,
    Goal,
    Letter,
    Run,
    RunGoal,
    RunState,
)
from isthmus.connections.runs import RUN_LOCK
from isthmus.domain.roles import Role
from isthmus.people import accounts

OF_GOALS = ("record_link", "export_open", "export_hold", "export_skip")
OF_RUNS = ("export_row", "export_job", "import_query")
EXCHANGED = ("exchanged_profile", "exchanged_sum")
JOURNAL = ("run_record", "run_problem", "change")

_INSERTS = {
    "record_link": "(profile_id, goal, record_id, object) VALUES (uuidv7(), {goal}, '1', 'Lead')",
    "export_open": "(profile_id, goal) VALUES (uuidv7(), {goal})",
    "export_hold": "(profile_id, next_at, goal, failures, code)"
    " VALUES (uuidv7(), now(), {goal}, 1, 'X')",
    "export_skip": "(profile_id, goal, run_goal, reason) VALUES (uuidv7(), {goal}, {part}, 'x')",
    "export_row": "(profile_id, run_goal, part, operation, row_hash, cells, sent)"
    " VALUES (uuidv7(), {part}, 1, 'update', uuidv7(), '{{}}', '{{}}')",
    "export_job": "(run_goal, operation, part, job_id, fields, places)"
    " VALUES ({part}, 'update', 1, '', '{{}}', '{{}}')",
    "import_query": "(run_goal, condition) VALUES ({part}, '')",
    "exchanged_profile": "(profile_id, connection, goal, again, day, exported)"
    " VALUES (uuidv7(), {connection}, {goal}, 0, now(), {exported})",
    "exchanged_sum": "(connection, goal, day, exported, profiles, firsts)"
    " VALUES ({connection}, {goal}, now(), {exported}, 1, 1)",
    "run_record": "(run_goal, outcome) VALUES ({part}, 'created')",
    "run_problem": "(run_goal, code, message) VALUES ({part}, 'x', 'x')",
    "change": "(profile_id, run_goal, old) VALUES (uuidv7(), {part}, '{{}}')",
}


def plant(store: Connection[Any], key: str) -> models.Connection:
    """A connection with two goals that ran once, and a row of theirs in every table."""
    connection = new_connection(key)
    goals = [new_goal(connection, IMPORT), new_goal(connection, EXPORT)]
    run = ended(connection, dict.fromkeys(goals, RunState.FINISHED))
    for part in run.goals.all():
        for table, insert in _INSERTS.items():
            store.execute(
                sql.SQL("INSERT INTO store.{} " + insert).format(
                    sql.Identifier(table),
                    goal=sql.Literal(part.goal_id),
                    part=sql.Literal(part.id),
                    connection=sql.Literal(connection.id),
                    exported=sql.Literal(part.direction == "export"),
                )
            )
        store.execute(
            sql.SQL("CREATE TABLE stage.{} ()").format(sql.Identifier(f"import_{part.id}"))
        )
    return connection


def rows(store: Connection[Any], tables: tuple[str, ...]) -> dict[str, int]:
    found = {}
    for table in tables:
        counting = sql.SQL("SELECT count(*) FROM store.{}").format(sql.Identifier(table))
        row = store.execute(counting).fetchone()
        found[table] = row[0] if row else -1
    return found


def staged(store: Connection[Any]) -> int:
    row = store.execute(
        "SELECT count(*) FROM pg_tables WHERE schemaname = 'stage' AND tablename ~ '^import_'"
    ).fetchone()
    return row[0] if row else -1


def test_a_deleted_connection_leaves_no_orphans_and_takes_nothing_of_another(
    store: Connection[Any],
) -> None:
    doomed, kept = plant(store, "doomed"), plant(store, "kept")
    doomed.favoured_by.add(accounts.add("alice@example.com", "a quiet harbour", role=Role.VIEWER))
    tables = (*OF_GOALS, *OF_RUNS, *EXCHANGED)
    both = rows(store, tables)
    removing.delete_connection(doomed)
    assert rows(store, tables) == {table: number // 2 for table, number in both.items()}
    assert rows(store, JOURNAL) == dict.fromkeys(JOURNAL, 4)
    assert staged(store) == 2
    left = (models.Connection, Run, Authorization)
    assert [kind.objects.count() for kind in left] == [1, 1, 1]
    assert Goal.objects.filter(connection=kept).count() == Goal.objects.count() == 2
    assert RunGoal.objects.filter(run__connection=kept).count() == RunGoal.objects.count() == 2
    removing.delete_connection(doomed)


def test_what_was_told_of_a_connection_and_is_open_about_it_goes_with_it(
    store: Connection[Any],
) -> None:
    for key in ("doomed", "kept"):
        connection = plant(store, key)
        connection.notify_to, connection.webhook_url = ["ops@example.com"], "https://example.com/x"
        connection.save()
        run = connection.runs.get()
        run.state, part = RunState.FAILED, run.goals.latest("id")
        letters.post_run(run)
        letters.post_question(part)
        letters.post_alert(
            Alert.objects.create(
                kind="rows_held", about=key, connection=connection, goal=part.goal, run=run
            )
        )
    assert Letter.objects.count() == 12
    removing.delete_connection(models.Connection.objects.get(key="doomed"))
    assert {each.about for each in Alert.objects.all()} == {"kept"}
    assert Letter.objects.filter(connection__key="kept").count() == Letter.objects.count() == 6


def test_an_alert_of_a_sign_in_that_others_share_outlives_a_connection_and_is_told_once(
    store: Connection[Any],
) -> None:
    first = new_connection("first", notify_to=["first@example.com"])
    new_connection("second", authorization=first.authorization, notify_to=["second@example.com"])
    now = timezone.now()
    Authorization.objects.update(lost_at=now)
    alerts.evaluate(now)
    assert Letter.objects.get().to == ["first@example.com", "second@example.com"]
    removing.delete_connection(first)
    alerts.evaluate(now)
    assert Alert.objects.get().connection == models.Connection.objects.get(key="second")
    assert Letter.objects.count() == 1


def test_a_connection_without_sign_in_goals_and_runs_can_be_deleted(
    store: Connection[Any],
) -> None:
    removing.delete_connection(new_connection(authorization=None))
    assert not models.Connection.objects.exists()


def test_a_deleted_goal_takes_its_links_and_leaves_its_runs_in_history(
    store: Connection[Any],
) -> None:
    connection = plant(store, "acme")
    goal = connection.goals.get(key="leads_in")
    with transaction.atomic():
        removing.delete_goal(goal)
    assert rows(store, (*OF_GOALS, *OF_RUNS)) == dict.fromkeys((*OF_GOALS, *OF_RUNS), 1)
    assert rows(store, EXCHANGED) == dict.fromkeys(EXCHANGED, 2)
    assert [part.goal_id is None for part in RunGoal.objects.order_by("id")] == [True, False]
    assert staged(store) == 1


def test_nothing_is_deleted_while_a_process_runs_the_connection(store: Connection[Any]) -> None:
    connection = plant(store, "acme")
    before = rows(store, OF_GOALS)
    store.execute("SELECT pg_advisory_lock(%s, %s)", [RUN_LOCK, connection.id])
    with pytest.raises(RunAlreadyGoing, match="Nothing was changed"):
        removing.delete_connection(connection)
    with pytest.raises(RunAlreadyGoing), transaction.atomic():
        removing.delete_goal(connection.goals.get(key="leads_in"))
    assert rows(store, OF_GOALS) == before
    assert models.Connection.objects.exists()


def test_what_would_be_lost_is_counted_before(store: Connection[Any]) -> None:
    connection = plant(store, "acme")
    plant(store, "other")
    lost = sizes.losses_of_connection(connection)
    assert (lost.goals, lost.runs, lost.links.number) == (2, 1, 2)
    assert lost.exchanged == Unique(imported=1, exported=1)
    assert lost.journal.number == 6
    goal = connection.goals.get(key="leads_in")
    lost = sizes.losses_of_goal(goal)
    assert (lost.links.number, lost.journal.number, lost.exchanged) == (1, 3, None)


def test_what_takes_too_long_to_count_is_estimated_and_says_so(
    store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = new_connection()
    goal = new_goal(connection, IMPORT)
    store.execute(
        "INSERT INTO store.record_link (profile_id, goal, record_id, object)"
        " SELECT uuidv7(), %s, n::text, 'Lead' FROM generate_series(1, 300000) AS n",
        [goal.id],
    )
    store.execute("ANALYZE store.record_link")
    monkeypatch.setattr(sizes, "PATIENCE_MS", 3)
    found = sizes.losses_of_connection(connection).links
    assert not found.is_exact
    assert 250_000 < found.number < 350_000


def test_two_that_delete_at_once_do_it_once(store: Connection[Any]) -> None:
    connection = plant(store, "acme")
    conninfo = store.info.dsn
    with psycopg.connect(conninfo, password=store.info.password or None) as other:
        other.execute("SELECT pg_advisory_xact_lock(%s, %s)", [RUN_LOCK, connection.id])
        with pytest.raises(RunAlreadyGoing):
            removing.delete_connection(connection)
    removing.delete_connection(connection)
    removing.delete_connection(connection)
    assert not models.Connection.objects.exists()
