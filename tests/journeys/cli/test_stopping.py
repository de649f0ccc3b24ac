"""Ctrl-C, SIGTERM and kill -9 during a run, and others that look on meanwhile."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from isthmus import embedded
from journeys.processes import Isthmus, LocalOrg

WRITER_LOCK = "SELECT pg_advisory_lock(7301881, 2)"
"""What an import holds while it writes a chunk: who has it keeps the run waiting there."""

RUN = ("connection", "run", "acme", "--goal", "leads_in")


@contextmanager
def session(isthmus: Isthmus) -> Iterator[psycopg.Connection[Any]]:
    with (
        embedded.running(isthmus.home) as server,
        psycopg.connect(server.conninfo, autocommit=True) as found,
    ):
        yield found


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_run_that_is_asked_to_stop_finishes_its_chunk_and_the_next_run_does_the_rest(
    ready: Isthmus, number: signal.Signals
) -> None:
    with session(ready) as blocking, ready.start(*RUN) as run:
        blocking.execute(WRITER_LOCK)
        run.wait_for("leads_in: matching and merging")
        run.send(number)
        run.wait_for("Stopping: what is under way is finished first.")
        blocking.execute("SELECT pg_advisory_unlock_all()")
        ended = run.end()

    assert ended.status == 130
    assert "Run 1 of acme: stopped" in ended.out
    assert "The run was stopped." in ended.out
    assert "Traceback" not in ended.err
    assert ready.json("connection", "runs", "acme")["runs"][0]["state"] == "stopped"
    applied = ready.json("profiles", "count")["profiles"]
    assert applied > 0
    again = ready.json(*RUN)["goals"][0]
    assert (again["created"], again["updated"]) == (0, 0)
    assert ready.json("profiles", "count")["profiles"] == applied


def test_a_run_stopped_while_signing_in_runs_no_goal(ready: Isthmus, org: LocalOrg) -> None:
    org.process.send_signal(signal.SIGSTOP)
    with ready.start("connection", "run", "acme", "--json") as run, session(ready) as looking:
        wait_for_run(looking)
        run.send(signal.SIGINT)
        run.wait_for("Stopping")
        org.process.send_signal(signal.SIGCONT)
        ended = run.end()

    assert ended.status == 130
    assert ended.json["state"] == "stopped"
    assert [(goal["state"], goal["received"]) for goal in ended.json["goals"]] == [
        ("stopped", 0),
        ("stopped", 0),
    ]


def wait_for_run(looking: psycopg.Connection[Any]) -> None:
    """Wait until somebody works on a run."""
    for _ in range(600):
        if looking.execute("SELECT 1 FROM connections_rungoal").fetchone():
            return
        looking.execute("SELECT pg_sleep(0.1)")
    raise AssertionError("no run began")


def test_a_second_ctrl_c_ends_at_once_and_loses_nothing(ready: Isthmus) -> None:
    with session(ready) as blocking, ready.start(*RUN) as run:
        blocking.execute(WRITER_LOCK)
        run.wait_for("leads_in: matching and merging")
        run.send(signal.SIGINT)
        run.wait_for("Ctrl-C again ends at once.")
        run.send(signal.SIGINT)
        ended = run.end()

    assert ended.status == 130
    assert ended.err.splitlines()[-1] == "Stopped: nothing more is done."
    assert "Traceback" not in ended.err
    assert ended.out == ""
    assert ready.json("profiles", "count") == {"profiles": 0}
    assert ready.json("connection", "runs", "acme")["runs"][0]["state"] == "stopped"
    assert ready.json(*RUN)["goals"][0]["created"] > 0


def test_a_run_whose_process_was_killed_is_gone_on_with(ready: Isthmus) -> None:
    with session(ready) as blocking, ready.start(*RUN) as run:
        blocking.execute(WRITER_LOCK)
        run.wait_for("leads_in: matching and merging")
        going_on = ready.json("connection", "runs", "acme")["runs"][0]
        run.send(signal.SIGKILL)
        run.end()

    assert (going_on["state"], going_on["finished_at"]) == ("running", None)
    shown = ready.expect("connection", "runs", "acme").out
    assert "Run 1 of acme was left behind by a process that ended." in shown
    listed = ready.expect("connection", "list").out.split()
    assert {"running,", "left", "behind"} <= set(listed)

    ready.expect("connection", "run", "acme", "--goal", "leads_in")

    runs = {run["number"]: run for run in ready.json("connection", "runs", "acme")["runs"]}
    assert {number: run["state"] for number, run in runs.items()} == {1: "finished", 2: "finished"}
    assert runs[1]["goals"][0]["created"] == ready.json("profiles", "count")["profiles"] > 0
    assert runs[2]["goals"][0]["created"] == 0


def test_a_run_that_was_left_behind_can_be_stopped(ready: Isthmus) -> None:
    with session(ready) as blocking, ready.start(*RUN) as run:
        blocking.execute(WRITER_LOCK)
        run.wait_for("leads_in: matching and merging")
        run.send(signal.SIGKILL)
        run.end()

    assert ready.expect("connection", "stop", "acme").out == "Run 1 of acme: stopped.\n"
    assert ready.json("profiles", "count") == {"profiles": 0}


def test_two_runs_of_a_connection_never_overlap_and_others_may_look_on(ready: Isthmus) -> None:
    with session(ready) as blocking, ready.start(*RUN) as run:
        blocking.execute(WRITER_LOCK)
        run.wait_for("leads_in: matching and merging")
        with ready.start(*RUN) as second:
            second.wait_for("Run 2 is queued behind run 1, which is under way.")
            third = ready.expect(*RUN, "--no-wait")
            listed = ready.expect("connection", "list")
            logged = ready.expect("connection", "log", "acme")
            blocking.execute("SELECT pg_advisory_unlock_all()")
            assert run.end().status == 0
            assert second.end().status == 0

    assert third.out == "Run 2 of acme is queued.\n"
    assert "queued" in listed.out
    assert "Run 1 of acme: running." in logged.out
    runs = ready.json("connection", "runs", "acme")["runs"]
    assert [(run["number"], run["state"]) for run in runs] == [(2, "finished"), (1, "finished")]
    assert runs[1]["finished_at"] <= runs[0]["started_at"]


def test_a_command_that_reads_does_not_wait_for_one_that_writes(ready: Isthmus) -> None:
    with session(ready) as writing, writing.transaction():
        writing.execute(
            "INSERT INTO store.record_link (record_id, goal, object) VALUES ('x', 1, 'Lead')"
        )
        writing.execute("LOCK TABLE store.record_link, store.profile IN ROW EXCLUSIVE MODE")

        ready.expect("connection", "list")
        ready.expect("profiles", "count")
