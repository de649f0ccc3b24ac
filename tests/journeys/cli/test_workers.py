"""Workers as processes: they work off runs, take over from each other, and leave when asked."""

import json
import os
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import pytest

from isthmus import embedded
from journeys.cli.conftest import STORE
from journeys.cli.test_stopping import WRITER_LOCK, session
from journeys.processes import PATIENCE_SECONDS, Going, Isthmus, LocalOrg, running_org

ENDS = ("finished", "problems", "failed", "stopped")
LEADS_IN = ("--goal", "leads_in")
MIB = 1024**2


@pytest.fixture
def quick(ready: Isthmus) -> Isthmus:
    """The command with the set-up applied; its workers look around often."""
    return ready.set(ISTHMUS_WORKER_LOOK_SECONDS="0.2")


@contextmanager
def working(isthmus: Isthmus, *options: str) -> Iterator[Going]:
    """A worker that stands ready."""
    with isthmus.start("worker", *options) as worker:
        worker.wait_for("worker ready")
        yield worker


def runs(isthmus: Isthmus, key: str = "acme") -> dict[int, Any]:
    return {run["number"]: run for run in isthmus.json("connection", "runs", key)["runs"]}


def wait_until(isthmus: Isthmus, number: int, *states: str, key: str = "acme") -> Any:
    """The run, once it is in one of the states."""
    limit = time.monotonic() + PATIENCE_SECONDS
    while (run := runs(isthmus, key)[number])["state"] not in states:
        assert time.monotonic() < limit, run
        time.sleep(0.2)
    return run


def lines_of(text: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in text.splitlines() if line.startswith("{")]


def test_a_worker_works_off_what_is_queued_and_leaves_nothing_behind(quick: Isthmus) -> None:
    with working(quick) as worker:
        queued = quick.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")
        run = wait_until(quick, 1, *ENDS)
        memory = psutil.Process(worker.process.pid).memory_info().rss
        worker.send(signal.SIGTERM)
        ended = worker.end()

    assert (queued.out, queued.err) == ("Run 1 of acme is queued.\n", "")
    assert (run["state"], run["asked_by"]) == ("finished", "command line")
    assert ended.status == 0
    assert memory < 200 * MIB
    events = [line["event"] for line in lines_of(ended.err)]
    assert [event for event in events if event != "step"] == [
        "worker ready",
        "run begun",
        "goal begun",
        "goal ended",
        "run ended",
        "worker leaves",
        "worker left",
    ]
    with session(quick) as looking:
        left = looking.execute("SELECT count(*) FROM procrastinate_jobs").fetchone()
    assert left == (0,)


def test_the_log_says_what_happened_and_holds_no_value(quick: Isthmus) -> None:
    quick.expect("connection", "run", "acme", "--no-wait")

    ended = quick.expect("worker", "--once", status=3)

    lines = lines_of(ended.err)
    assert len(lines) == len(ended.err.splitlines())
    assert all({"time", "level", "event", "process"} <= set(line) for line in lines)
    done = next(line for line in lines if line["event"] == "goal ended")
    assert (done["connection"], done["run"], done["goal"]) == ("acme", 1, "leads_in")
    assert done["counts"]["created"] == quick.json("profiles", "count")["profiles"]
    assert set(done["seconds"]) >= {"merge"}
    assert "merge" in [line["step"] for line in lines if line["event"] == "step"]
    found = quick.json("profiles", "find", "--property", "sources=web", "--limit", "1000")
    for profile in found["profiles"]:
        for name in ("email", "last_name"):
            value = profile["properties"][name]
            assert value is None or f'"{value}"' not in ended.err


def test_a_worker_of_once_ends_when_nothing_is_left(quick: Isthmus) -> None:
    assert quick.expect("worker", "--once").err == ""
    quick.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")

    shown = quick.expect("worker", "--once", "--log", "text").err

    assert "run begun connection=acme run=1" in shown
    assert runs(quick)[1]["state"] == "finished"


def test_two_workers_and_one_run_do_its_work_once(quick: Isthmus) -> None:
    with working(quick) as one, working(quick) as other:
        quick.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")
        run = wait_until(quick, 1, *ENDS)
        said = []
        for worker in (one, other):
            worker.send(signal.SIGTERM)
            said += lines_of(worker.end().err)

    assert run["state"] == "finished"
    assert [line["event"] for line in said].count("run begun") == 1
    assert "run resumed" not in [line["event"] for line in said]
    assert run["goals"][0]["created"] == quick.json("profiles", "count")["profiles"]


def test_a_worker_takes_over_from_one_that_was_killed(quick: Isthmus) -> None:
    with session(quick) as blocking:
        with working(quick) as worker:
            blocking.execute(WRITER_LOCK)
            quick.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")
            worker.wait_for('"step":"merge"')
            worker.send(signal.SIGKILL)
            worker.end()
        blocking.execute("SELECT pg_advisory_unlock_all()")
        assert runs(quick)[1]["state"] == "running"
        with working(quick) as second:
            run = wait_until(quick, 1, *ENDS)
            second.send(signal.SIGTERM)
            said = [line["event"] for line in lines_of(second.end().err)]

    assert run["state"] == "finished"
    assert "run resumed" in said
    assert run["goals"][0]["created"] == quick.json("profiles", "count")["profiles"] > 0


def test_a_connection_does_not_wait_for_another(
    quick: Isthmus, org: LocalOrg, place: Path, org_template: Path
) -> None:
    shutil.copy(org_template, place / "other.db")
    with running_org(place / "other.db") as other:
        both = quick.set(OTHER_URL=other.url, ISTHMUS_SALESFORCE_HOSTS=f"{org.host},{other.host}")
        text = STORE.read_text().replace("key: acme\n", "key: other\n", 1)
        document = place / "other.yaml"
        document.write_text(text.replace("LOCALORG_URL", "OTHER_URL"))
        both.expect("config", "apply", str(document))
        org.process.send_signal(signal.SIGSTOP)
        with working(both, "--concurrency", "2"):
            both.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")
            wait_until(both, 1, "running")
            both.expect("connection", "run", "other", *LEADS_IN, "--no-wait")
            wait_until(both, 1, "finished", key="other")
            assert runs(both)[1]["state"] == "running"
            org.process.send_signal(signal.SIGCONT)
            wait_until(both, 1, "finished")


def test_a_worker_that_leaves_ends_its_chunk_and_another_goes_on(quick: Isthmus) -> None:
    with session(quick) as blocking, working(quick) as worker:
        blocking.execute(WRITER_LOCK)
        quick.expect("connection", "run", "acme", "--no-wait")
        worker.wait_for('"step":"merge"')
        worker.send(signal.SIGTERM)
        worker.wait_for("worker leaves")
        blocking.execute("SELECT pg_advisory_unlock_all()")
        ended = worker.end()
        left = runs(quick)[1]
        quick.expect("worker", "--once", status=3)
        done = runs(quick)[1]

    assert ended.status == 0
    assert "run left" in [line["event"] for line in lines_of(ended.err)]
    assert [left["state"], left["goals"][1]["state"]] == ["running", "queued"]
    assert [done["state"], done["goals"][0]["state"]] == ["problems", "finished"]
    assert done["goals"][0]["created"] == quick.json("profiles", "count")["profiles"]


def test_a_worker_that_cannot_end_its_step_leaves_within_5_seconds(quick: Isthmus) -> None:
    with session(quick) as blocking, working(quick) as worker:
        blocking.execute(WRITER_LOCK)
        quick.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")
        worker.wait_for('"step":"merge"')
        asked_at = time.monotonic()
        worker.send(signal.SIGTERM)
        ended = worker.end()
        took = time.monotonic() - asked_at

    assert ended.status == 0
    assert took < 5
    assert runs(quick)[1]["state"] == "running"
    quick.expect("worker", "--once")
    assert runs(quick)[1]["goals"][0]["created"] == quick.json("profiles", "count")["profiles"]


def test_a_second_signal_ends_a_worker_at_once(quick: Isthmus) -> None:
    with session(quick) as blocking, working(quick) as worker:
        blocking.execute(WRITER_LOCK)
        quick.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")
        worker.wait_for('"step":"merge"')
        worker.send(signal.SIGINT)
        worker.wait_for("worker leaves")
        asked_at = time.monotonic()
        worker.send(signal.SIGINT)
        ended = worker.end()

    assert ended.status == 130
    assert time.monotonic() - asked_at < 3
    assert "Traceback" not in ended.err


@pytest.mark.parametrize("whole", [True, False], ids=["server", "backend"])
def test_a_worker_outlives_its_database(quick: Isthmus, *, whole: bool) -> None:
    with working(quick) as worker:
        with session(quick) as blocking:
            blocking.execute(WRITER_LOCK)
            quick.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")
            worker.wait_for('"step":"merge"')
            server = embedded.status(quick.home).process_id
            assert server is not None
            backend = blocking.info.backend_pid
            os.kill(server if whole else backend, signal.SIGKILL)
        worker.wait_for("database back")
        run = wait_until(quick, 1, *ENDS)
        worker.send(signal.SIGTERM)
        ended = worker.end()

    assert ended.status == 0
    assert run["state"] == "finished"
    events = [line["event"] for line in lines_of(ended.err)]
    assert "database gone" in events
    assert "run resumed" in events
    assert run["goals"][0]["created"] == quick.json("profiles", "count")["profiles"]


def test_a_worker_waits_for_a_database_that_is_not_its_to_start(quick: Isthmus) -> None:
    with embedded.running(quick.home) as server:
        url = server.conninfo
    with working(quick.set(DATABASE_URL=url)) as worker:
        embedded.stop(quick.home)
        worker.wait_for("database still gone")
        with embedded.running(quick.home):
            worker.wait_for("database back")
        quick.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")
        wait_until(quick, 1, "finished")
        embedded.stop(quick.home)
        worker.wait_for("database gone")
        asked_at = time.monotonic()
        worker.send(signal.SIGTERM)
        ended = worker.end()
        took = time.monotonic() - asked_at

    assert (ended.status, took < 5) == (0, True)
    assert "Traceback" not in ended.err


def test_a_run_that_a_worker_does_is_shown_as_if_it_were_ones_own(quick: Isthmus) -> None:
    with session(quick) as blocking, working(quick) as worker:
        blocking.execute(WRITER_LOCK)
        with quick.start("connection", "run", "acme", *LEADS_IN, "--json") as run:
            run.wait_for("leads_in: matching and merging")
            blocking.execute("SELECT pg_advisory_unlock_all()")
            ended = run.end()
        worker.send(signal.SIGTERM)
        said = lines_of(worker.end().err)

    assert ended.status == 0
    assert ended.json["goals"][0]["created"] == quick.json("profiles", "count")["profiles"]
    assert "leads_in: finished in" in ended.err
    assert "run ended" in [line["event"] for line in said]


def test_ctrl_c_stops_a_run_that_a_worker_does(quick: Isthmus) -> None:
    with session(quick) as blocking, working(quick):
        blocking.execute(WRITER_LOCK)
        with quick.start("connection", "run", "acme") as run:
            run.wait_for("leads_in: matching and merging")
            run.send(signal.SIGINT)
            run.wait_for("Stopping")
            wait_until(quick, 1, "stopping")
            blocking.execute("SELECT pg_advisory_unlock_all()")
            ended = run.end()

    assert ended.status == 130
    assert "Run 1 of acme: stopped" in ended.out
    assert runs(quick)[1]["goals"][1]["state"] == "stopped"


def test_a_worker_goes_on_with_a_run_whose_command_was_killed(quick: Isthmus) -> None:
    with session(quick) as blocking, quick.start("connection", "run", "acme", *LEADS_IN) as run:
        blocking.execute(WRITER_LOCK)
        run.wait_for("leads_in: matching and merging")
        run.send(signal.SIGKILL)
        run.end()
    with working(quick):
        done = wait_until(quick, 1, *ENDS)

    assert done["state"] == "finished"
    assert done["goals"][0]["created"] == quick.json("profiles", "count")["profiles"]


def test_a_run_is_queued_once_and_widened(quick: Isthmus) -> None:
    first = quick.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")
    second = quick.expect("connection", "run", "acme", "--full", "--no-wait")

    assert first.out == second.out == "Run 1 of acme is queued.\n"
    assert "No worker runs, so it waits. Start one: isthmus worker" in first.err
    (queued,) = runs(quick).values()
    assert (queued["state"], queued["full"], queued["started_at"]) == ("queued", True, None)
    shown = quick.expect("connection", "runs", "acme").out
    assert "Run 1 of acme is queued since" in shown
    assert "asked for by command line" in shown
    assert "queued" in quick.expect("connection", "show", "acme").out
    waiting = {each["what"]: each for each in quick.json("doctor", status=3)["findings"]}
    assert waiting["worker"]["ok"] is False
    assert "nobody works on run 1 of acme" in waiting["worker"]["detail"]


def test_a_queued_run_can_be_stopped_and_then_there_is_none(quick: Isthmus) -> None:
    quick.expect("connection", "run", "acme", "--no-wait")

    assert quick.expect("connection", "stop", "acme").out == "Run 1 of acme: stopped.\n"

    nothing = quick.expect("connection", "stop", "acme", status=1)
    assert "has no run to stop" in nothing.err
    again = quick.expect("connection", "stop", "acme", "1", status=1)
    assert "can't be stopped: it is stopped" in again.err
    assert "There is no run '9'" in quick.expect("connection", "stop", "acme", "9", status=2).err


def test_a_doctor_says_that_a_worker_runs(quick: Isthmus) -> None:
    with working(quick):
        found = {each["what"]: each for each in quick.json("doctor")["findings"]}

    assert found["worker"]["ok"] is True
    assert found["worker"]["detail"].startswith("one runs at least")


def test_a_run_that_waits_for_api_calls_says_until_when(quick: Isthmus) -> None:
    quick.expect("connection", "run", "acme", *LEADS_IN, "--no-wait")
    with session(quick) as writing:
        writing.execute(
            "UPDATE connections_run SET state = 'waiting', message = 'None are left.', "
            "started_at = now(), wait_until = now() + interval '1 hour'"
        )

    shown = quick.expect("connection", "runs", "acme").out

    assert "Run 1 of acme waits for API calls until 2" in shown
    assert "None are left." in shown
    assert quick.expect("worker", "--once").err == ""
    listed = " ".join(quick.expect("connection", "list").out.split())
    assert "waiting for API calls" in listed
    assert "until 2" in listed


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (("--concurrency", "0"), "--concurrency"),
        (("--concurrency", "many"), "--concurrency"),
        (("--log", "xml"), "--log"),
        (("--onse",), "--onse"),
    ],
)
def test_a_worker_refuses_what_it_does_not_know(
    place: Path, options: tuple[str, ...], says: str
) -> None:
    ended = Isthmus(home=place / "home").expect("worker", *options, status=2)

    assert says in ended.err
    assert not (place / "home").exists()


def test_a_worker_refuses_a_pause_that_is_none(isthmus: Isthmus) -> None:
    ended = isthmus.set(ISTHMUS_WORKER_LOOK_SECONDS="often").expect("worker", status=1)

    assert "ISTHMUS_WORKER_LOOK_SECONDS is 'often'" in ended.err
    assert "Give a number of seconds" in ended.err
