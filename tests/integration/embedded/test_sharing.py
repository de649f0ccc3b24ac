"""Several users share one server; it lives exactly as long as they do."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

from integration.embedded.users import User, server_processes
from isthmus import embedded


def test_two_processes_share_one_server_and_the_last_one_stops_it(
    home: Path, user: Callable[..., User]
) -> None:
    first, second = user(home), user(home)
    assert first.said()["pid"] == second.said()["pid"]

    assert first.leave() == 0
    assert embedded.status(home).state == "running"

    assert second.leave() == 0
    assert embedded.status(home).state == "stopped"
    assert server_processes(home) == []


def test_six_processes_that_start_at_once_get_one_server(
    new_home: Path, user: Callable[..., User]
) -> None:
    users = [user(new_home) for _ in range(6)]
    assert len({each.said()["pid"] for each in users}) == 1

    assert [each.leave() for each in users] == [0] * 6
    assert server_processes(new_home) == []


def test_threads_of_one_process_share_one_server(new_home: Path) -> None:
    together = Barrier(4)

    def use(_number: int) -> int | None:
        with embedded.running(new_home):
            together.wait()
            pid = embedded.status(new_home).process_id
            together.wait()
        return pid

    with ThreadPoolExecutor(4) as threads:
        assert len(set(threads.map(use, range(4)))) == 1
    assert server_processes(new_home) == []


def test_processes_that_come_and_go_always_get_a_server_that_answers(
    home: Path, user: Callable[..., User]
) -> None:
    with embedded.running(home):
        pass
    for _ in range(5):
        users = [user(home) for _ in range(3)]
        assert [each.leave() for each in users] == [0, 0, 0]
    assert server_processes(home) == []


class ChildLeavesError(Exception):
    """Carries a forked child out of its parent's block."""


def fork_within_the_block(home: Path) -> tuple[int, str]:
    """Return the child's exit status, and the server's state after the child left the block."""
    with embedded.running(home):
        child = os.fork()
        if child == 0:
            raise ChildLeavesError
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return status, embedded.status(home).state


def test_a_forked_child_that_leaves_does_not_stop_its_parents_server(home: Path) -> None:
    try:
        after = fork_within_the_block(home)
    except ChildLeavesError:
        os._exit(7)
    assert after == (7, "running")


def test_stop_ends_a_server_that_is_in_use(home: Path, user: Callable[..., User]) -> None:
    using = user(home)
    using.said()
    assert embedded.status(home).in_use

    assert embedded.stop(home)

    assert server_processes(home) == []
    assert not embedded.stop(home)
    assert using.leave() == 0


def test_a_user_who_comes_after_a_stop_starts_the_server_again(
    home: Path, user: Callable[..., User]
) -> None:
    using = user(home)
    using.said()
    embedded.stop(home)

    with embedded.running(home):
        assert embedded.status(home).state == "running"

    assert embedded.status(home).state == "running", "the first user is still there"
    assert using.leave() == 0


def test_the_status_of_a_folder_that_does_not_exist_is_absent(
    new_home: Path,
) -> None:
    assert embedded.status(new_home).state == "absent"
    assert not new_home.exists()
