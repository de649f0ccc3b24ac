"""Data folders in odd places, owned by various accounts."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from integration.embedded.users import User, server_processes
from isthmus import embedded
from isthmus.embedded import binaries
from isthmus.embedded.folder import locate

NOBODY = 65534
NAMELESS = 54_321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")


def works(home: Path) -> embedded.Server:
    with embedded.running(home) as server:
        with psycopg.connect(server.conninfo) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert Path(server.host).is_dir()
    assert server_processes(home) == []
    return server


@pytest.mark.parametrize(
    "name",
    ["with spaces and 'quotes\"", "Zoë · 客户 Ω", "a,b", "back\\slash $HOME %d #", "x" * 200],
)
def test_any_folder_name_works(base: Path, name: str) -> None:
    works(base / name / "home")


def test_a_path_longer_than_postgresql_takes_works(base: Path) -> None:
    works(base.joinpath(*["d" * 250] * 6))


@as_root
def test_a_path_longer_than_postgresql_takes_works_for_an_ordinary_user(
    new_home: Path, user: Callable[..., User]
) -> None:
    make_folder_of(NOBODY, new_home)
    long = new_home.joinpath(*["d" * 250] * 6)
    using = user(long, NOBODY)
    assert "conninfo" in using.said()
    assert using.leave() == 0
    assert server_processes(long) == []


def test_a_socket_folder_outside_the_data_folder_is_private_and_goes_with_the_server(
    base: Path,
) -> None:
    home = base / ("x" * 150)
    with embedded.running(home) as server:
        outside = Path(server.host)
        assert not outside.is_relative_to(home)
        assert outside.stat().st_mode & 0o777 == 0o700
        assert outside.stat().st_uid == server.data.stat().st_uid
    assert not outside.exists()


def test_users_of_a_long_path_find_the_server_after_it_was_started_again(base: Path) -> None:
    home = base / ("x" * 150)
    with embedded.running(home) as server:
        embedded.stop(home)
        with embedded.running(home):
            psycopg.connect(server.conninfo).close()


def test_a_stranger_who_takes_the_name_of_the_socket_folder_is_not_trusted(base: Path) -> None:
    home = base / ("x" * 150)
    with embedded.running(home) as server:
        taken = Path(server.host)
    taken.mkdir()
    taken.chmod(0o777)
    try:
        with embedded.running(home) as server:
            chosen = Path(server.host)
            assert chosen.stat().st_mode & 0o077 == 0
    finally:
        taken.rmdir()
    assert chosen != taken


def test_a_symbolic_link_and_its_target_are_one_data_folder(home: Path, base: Path) -> None:
    link = base / "link"
    link.symlink_to(home)
    with embedded.running(home) as server, embedded.running(link) as same:
        assert same == server


def test_a_data_folder_that_was_moved_works_and_keeps_its_rows(home: Path, base: Path) -> None:
    with embedded.running(home) as server, psycopg.connect(server.conninfo) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 42 AS n")
    home.rename(base / "moved")
    with (
        embedded.running(base / "moved") as server,
        psycopg.connect(server.conninfo) as connection,
    ):
        assert connection.execute("SELECT n FROM kept").fetchone() == (42,)


def make_folder_of(user_id: int, folder: Path) -> None:
    folder.mkdir(mode=0o700)
    os.chown(folder, user_id, user_id)


@as_root
def test_an_ordinary_user_runs_its_own_server(new_home: Path, user: Callable[..., User]) -> None:
    make_folder_of(NOBODY, new_home)
    using = user(new_home, NOBODY)
    assert "conninfo" in using.said()
    assert {process.uids().real for process in server_processes(new_home)} == {NOBODY}
    assert using.leave() == 0


@as_root
def test_a_user_without_a_name_uses_a_database_that_exists(
    home: Path, user: Callable[..., User]
) -> None:
    subprocess.run(["chown", "-R", str(NAMELESS), home], check=True)
    using = user(home, NAMELESS)
    assert "conninfo" in using.said()
    assert using.leave() == 0


@as_root
def test_root_does_not_run_the_server_as_root(new_home: Path) -> None:
    with embedded.running(new_home):
        running_as = {process.uids().real for process in server_processes(new_home)}
    assert len(running_as) == 1
    assert 0 not in running_as


@as_root
def test_the_folders_above_stay_closed_to_the_servers_account(base: Path) -> None:
    closed = base / "closed"
    closed.mkdir(mode=0o700)
    works(closed / "home")
    assert closed.stat().st_mode & 0o777 == 0o700
    assert closed.stat().st_uid == 0


@as_root
def test_root_and_the_owner_of_a_folder_share_one_server(
    new_home: Path, user: Callable[..., User]
) -> None:
    make_folder_of(NOBODY, new_home)
    with embedded.running(new_home) as by_root:
        using = user(new_home, NOBODY)
        assert using.said()["host"] == by_root.host
        assert {process.uids().real for process in server_processes(new_home)} == {NOBODY}
    assert embedded.status(new_home).state == "running", "its owner is still there"
    assert using.leave() == 0


@as_root
def test_a_cluster_that_root_restored_is_given_to_the_servers_account(
    home: Path, base: Path
) -> None:
    with embedded.running(home):
        pass
    restored = base / "restored"
    shutil.copytree(home, restored)
    assert (locate(restored).data / "base").stat().st_uid == 0
    works(restored)


@as_root
def test_programs_in_a_closed_folder_are_copied_to_where_the_account_may_run_them(
    new_home: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed = binaries.find().folder
    closed = base / "closed"
    target = closed / binaries.PACKAGE / installed.name
    shutil.copytree(installed, target)
    shutil.copytree(
        installed.parent.with_name(f"{binaries.PACKAGE}.libs"), closed / f"{binaries.PACKAGE}.libs"
    )
    (closed / binaries.PACKAGE / "__init__.py").touch()
    closed.chmod(0o700)
    monkeypatch.setattr(sys, "path", [str(closed), *sys.path])
    monkeypatch.setattr(binaries, "COPIES", base / "copies")
    monkeypatch.delitem(sys.modules, binaries.PACKAGE, raising=False)

    works(new_home)

    assert list((base / "copies").glob(f"*/{binaries.PACKAGE}/*/bin/postgres"))
