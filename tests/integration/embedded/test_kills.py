"""kill -9 of anything at any time: the next start works and committed rows are there."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import psutil
import psycopg
import pytest

from integration.embedded.users import User, lives, server_processes
from isthmus import embedded
from isthmus.embedded.account import account_for
from isthmus.embedded.folder import locate

KILL = signal.SIGKILL


def commit_a_row(conninfo: str) -> None:
    with psycopg.connect(conninfo) as connection:
        connection.execute("CREATE TABLE kept (n int)")
        connection.execute("INSERT INTO kept VALUES (42)")


def rows(conninfo: str) -> list[tuple[object, ...]]:
    with psycopg.connect(conninfo) as connection:
        return connection.execute("SELECT n FROM kept").fetchall()


def kill_and_wait(pid: int) -> None:
    """Kill a process and wait for its end; its parent may not have asked for its status yet."""
    process = psutil.Process(pid)
    process.kill()
    while lives(process):
        os.sched_yield()


def test_a_server_whose_only_user_was_killed_is_taken_over(
    home: Path, user: Callable[..., User]
) -> None:
    first = user(home)
    pid = first.said()["pid"]
    first.receive(KILL)
    assert embedded.status(home).state == "running"
    assert not embedded.status(home).in_use

    second = user(home)
    assert second.said()["pid"] == pid
    assert second.leave() == 0
    assert server_processes(home) == []


def test_committed_rows_survive_a_kill_of_the_server(home: Path, user: Callable[..., User]) -> None:
    first = user(home)
    answer = first.said()
    commit_a_row(answer["conninfo"])
    kill_and_wait(answer["pid"])

    second = user(home)
    again = second.said()
    assert again["pid"] != answer["pid"]
    assert rows(again["conninfo"]) == [(42,)]

    assert first.leave() == 0
    assert embedded.status(home).state == "running", "the second user is still there"
    assert second.leave() == 0


def test_committed_rows_survive_a_kill_of_everything_at_once(
    home: Path, user: Callable[..., User]
) -> None:
    first = user(home)
    answer = first.said()
    commit_a_row(answer["conninfo"])
    for process in [psutil.Process(first.process.pid), *server_processes(home)]:
        process.kill()

    with embedded.running(home) as server:
        assert rows(server.conninfo) == [(42,)]


def test_a_backend_that_outlives_its_killed_server_is_ended(
    home: Path, user: Callable[..., User]
) -> None:
    first = user(home)
    answer = first.said()
    commit_a_row(answer["conninfo"])
    with psycopg.connect(answer["conninfo"]) as connection:
        backend = psutil.Process(connection.info.backend_pid)
        backend.suspend()
        kill_and_wait(answer["pid"])

        with embedded.running(home) as server:
            assert rows(server.conninfo) == [(42,)]
            assert not lives(backend)
        connection.pgconn.finish()
    assert first.leave() == 0


def test_the_process_id_of_a_stranger_in_a_stale_file_does_not_prevent_the_start(
    home: Path,
) -> None:
    """After a container's restart the id in postmaster.pid often belongs to another program."""
    with embedded.running(home) as server:
        commit_a_row(server.conninfo)
        pid_file = server.data / "postmaster.pid"
        lines = pid_file.read_text().splitlines()
        kill_and_wait(int(lines[0]))
    account = account_for(locate(home).path, server.data)
    # PostgreSQL minds only processes of its own account.
    with subprocess.Popen(["sleep", "60"], **account.process_options(Path("/"))) as stranger:
        pid_file.write_text("\n".join([str(stranger.pid), *lines[1:]]))
        with embedded.running(home) as server:
            assert rows(server.conninfo) == [(42,)]
        assert stranger.poll() is None
        stranger.kill()


def wait_for(path: Path, process: User) -> None:
    while not path.exists():
        assert process.process.poll() is None
        os.sched_yield()


@pytest.mark.parametrize("appeared", ["PG_VERSION", "global/pg_control", "isthmus.password"])
def test_a_kill_while_the_database_is_created_leaves_nothing_half_done(
    new_home: Path, user: Callable[..., User], appeared: str
) -> None:
    first = user(new_home)
    wait_for(locate(new_home).unfinished / appeared, first)
    first.receive(KILL)

    with embedded.running(new_home) as server, psycopg.connect(server.conninfo) as connection:
        assert connection.execute("SELECT 1").fetchone() == (1,)
    assert not locate(new_home).unfinished.exists()


def test_a_killed_initdb_is_reported_and_the_next_start_works(
    new_home: Path, user: Callable[..., User]
) -> None:
    first = user(new_home)
    wait_for(locate(new_home).unfinished / "PG_VERSION", first)
    for process in server_processes(new_home):
        if process.name() == "initdb":
            process.kill()
    assert first.said()["error"] == "CreateFailed"

    with embedded.running(new_home):
        assert embedded.status(new_home).state == "running"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_owner_that_is_asked_to_end_leaves_no_process_behind(
    home: Path, user: Callable[..., User], number: signal.Signals
) -> None:
    owner = user(home)
    owner.said()
    assert owner.receive(number) != 0
    assert server_processes(home) == []
    assert embedded.status(home).state == "stopped"
    assert not (embedded.status(home).data / "postmaster.pid").exists(), "stopped in order"


@pytest.mark.parametrize("appeared", ["data.new/PG_VERSION", "data/postmaster.pid"])
def test_an_owner_that_is_interrupted_while_it_starts_leaves_no_process_behind(
    new_home: Path, user: Callable[..., User], appeared: str
) -> None:
    owner = user(new_home)
    wait_for(locate(new_home).path / appeared, owner)
    owner.receive(signal.SIGINT)
    assert server_processes(new_home) == []
    assert not embedded.status(new_home).in_use


def test_a_second_interrupt_does_not_cut_the_stop_short(
    home: Path, user: Callable[..., User]
) -> None:
    owner = user(home)
    connection = psycopg.connect(owner.said()["conninfo"])
    backend = psutil.Process(connection.info.backend_pid)
    backend.suspend()
    try:
        os.killpg(owner.process.pid, signal.SIGINT)
        while "stopping" not in (locate(home).data / "postmaster.pid").read_text():
            os.sched_yield()
        os.killpg(owner.process.pid, signal.SIGINT)
        with pytest.raises(subprocess.TimeoutExpired):
            owner.process.wait(1)
    finally:
        backend.resume()
        connection.close()
    owner.process.wait(60)
    assert server_processes(home) == []


def test_an_interrupt_in_one_terminal_does_not_reach_the_server_that_another_uses(
    home: Path, user: Callable[..., User]
) -> None:
    starter = user(home)
    pid = starter.said()["pid"]
    other = user(home)
    other.said()
    starter.receive(signal.SIGINT)
    assert embedded.status(home).process_id == pid
    assert other.leave() == 0
