import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from isthmus.connections import secrets

KEY_1, KEY_2 = secrets.new_key(), secrets.new_key()


@pytest.fixture(autouse=True)
def data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "isthmus"
    monkeypatch.setenv("ISTHMUS_HOME", str(folder))
    monkeypatch.delenv("ISTHMUS_SECRET_KEY", raising=False)
    return folder


def test_what_is_sealed_opens_again_and_does_not_show() -> None:
    sealed = secrets.seal("open sésame")
    assert b"same" not in sealed
    assert secrets.unseal(sealed) == "open sésame"
    assert secrets.unseal(memoryview(sealed)) == "open sésame"
    assert secrets.seal("open sésame") != sealed


def test_the_first_use_makes_a_key_that_only_its_owner_reads(data_folder: Path) -> None:
    secrets.seal("x")
    assert [path.name for path in data_folder.iterdir()] == ["secret.key"]
    assert stat.S_IMODE((data_folder / "secret.key").stat().st_mode) == 0o600
    assert stat.S_IMODE(data_folder.stat().st_mode) == 0o700


def test_the_key_in_the_environment_comes_before_the_file(
    data_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", KEY_1)
    assert secrets.unseal(secrets.seal("x")) == "x"
    assert not data_folder.exists()


def test_a_key_is_replaced_without_losing_what_is_sealed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", KEY_1)
    sealed = secrets.seal("x")
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", f"{KEY_2}, {KEY_1}")
    assert secrets.unseal(sealed) == "x"
    again = secrets.seal_again(sealed)
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", KEY_2)
    assert secrets.unseal(again) == "x"
    with pytest.raises(secrets.SecretUnreadable):
        secrets.unseal(sealed)


def test_the_file_may_hold_several_keys_too(data_folder: Path) -> None:
    sealed = secrets.seal("x")
    file = data_folder / "secret.key"
    file.write_text(f"{KEY_1}\n{file.read_text()}")
    assert secrets.unseal(sealed) == "x"
    file.write_text(KEY_1)
    with pytest.raises(secrets.SecretUnreadable, match=r"another key than those in .*secret\.key"):
        secrets.unseal(sealed)


def test_another_key_gives_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    sealed = secrets.seal("x")
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", KEY_1)
    with pytest.raises(
        secrets.SecretUnreadable, match=r"in ISTHMUS_SECRET_KEY\. Put the old key back"
    ):
        secrets.unseal(sealed)


def test_a_sealed_value_that_was_changed_does_not_open() -> None:
    sealed = bytearray(secrets.seal("x"))
    sealed[20] ^= 1
    with pytest.raises(secrets.SecretUnreadable):
        secrets.unseal(bytes(sealed))


@pytest.mark.parametrize(
    "key", ["password", f"{KEY_1},short", "é" * 44], ids=["word", "one of two", "not ascii"]
)
def test_what_is_no_key_is_refused_and_not_repeated(
    key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", key)
    with pytest.raises(secrets.SecretKeyInvalid, match="something that is no key") as caught:
        secrets.seal("x")
    assert key not in str(caught.value)


def test_an_empty_key_file_is_not_replaced_by_itself(data_folder: Path) -> None:
    data_folder.mkdir()
    (data_folder / "secret.key").write_text("\n")
    with pytest.raises(secrets.SecretKeyInvalid, match="holds no key"):
        secrets.seal("x")
    assert (data_folder / "secret.key").read_text() == "\n"


def test_a_data_folder_that_cannot_be_made_is_an_error_that_says_what_to_do(
    data_folder: Path,
) -> None:
    data_folder.write_text("a file where the folder should be")
    with pytest.raises(secrets.SecretKeyInvalid, match="or put a key into ISTHMUS_SECRET_KEY"):
        secrets.seal("x")


def test_threads_that_start_together_agree_on_one_key(data_folder: Path) -> None:
    with ThreadPoolExecutor(16) as pool:
        sealed = list(pool.map(secrets.seal, map(str, range(64))))
    assert [secrets.unseal(each) for each in sealed] == list(map(str, range(64)))
    assert [path.name for path in data_folder.iterdir()] == ["secret.key"]


def test_processes_that_start_together_agree_on_one_key(data_folder: Path) -> None:
    program = (
        "import sys; from isthmus.connections import secrets; print('ready', flush=True); "
        "sys.stdin.readline(); print(secrets.seal('x').hex())"
    )
    pipe = subprocess.PIPE
    started = [
        subprocess.Popen([sys.executable, "-c", program], stdin=pipe, stdout=pipe, text=True)
        for _ in range(4)
    ]
    ready = [process.stdout.readline() for process in started if process.stdout]
    assert ready == ["ready\n"] * 4
    for process in started:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    outputs = [process.communicate()[0] for process in started]
    assert [secrets.unseal(bytes.fromhex(output)) for output in outputs] == ["x"] * 4
    assert [path.name for path in data_folder.iterdir()] == ["secret.key"]
