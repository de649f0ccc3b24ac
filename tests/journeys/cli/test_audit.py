"""`isthmus audit`: the log of who changed what, on the command line."""

import os
import pwd
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from journeys.processes import Isthmus

ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture
def used(isthmus: Isthmus) -> Isthmus:
    """A store in which somebody who pretends to be another has made an account and an app."""
    command = isthmus.set(LOGNAME="marit@example.com", USER="marit@example.com")
    words = ("user", "add", "ann@example.com", "--name", "Ann", "--password-stdin")
    ended = command.run(*words, stdin="a quiet harbour\n")
    assert ended.status == 0, ended
    command.expect("app", "save", "Integration", "--client-id", "3MVG9")
    return command


def entries(isthmus: Isthmus, *words: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = isthmus.json("audit", *words)["entries"]
    return found


def kinds(isthmus: Isthmus, *words: str) -> list[str]:
    return [each["changes"][0]["kind"] for each in entries(isthmus, *words)]


def test_the_log_is_read_by_command_and_names_who_really_ran_it(used: Isthmus) -> None:
    newest, oldest = entries(used)
    assert [newest["changes"][0]["kind"], oldest["changes"][0]["kind"]] == ["app", "account"]
    assert {each["account"] for each in (newest, oldest)} == {ME}
    assert {each["way"] for each in (newest, oldest)} == {"command line"}
    assert "a quiet harbour" not in str(entries(used))
    (told,) = [each for each in oldest["changes"][0]["settings"] if each["label"] == "E-mail"]
    assert (told["before"], told["after"]) == ("", "ann@example.com")
    shown = used.expect("audit").out
    assert shown.splitlines()[0].split() == ["time", "who", "way", "what"]
    assert "made the account" in shown


def test_the_log_is_asked_by_who_what_and_when(used: Isthmus) -> None:
    assert kinds(used, "--kind", "app") == ["app"]
    assert kinds(used, "--by", ME, "--most", "1") == ["app"]
    assert kinds(used, "--by", "marit@example.com") == []
    now = datetime.now(UTC)
    assert len(kinds(used, "--since", f"{now - timedelta(days=1):%Y-%m-%d}")) == 2
    assert kinds(used, "--since", f"{now + timedelta(hours=1):%Y-%m-%dT%H:%M}") == []
    assert len(kinds(used, "--since", "0001-01-01T00:00+14:00")) == 2
    nothing = used.expect("audit", "--by", "nobody")
    assert (nothing.out, nothing.err) == ("", "The audit log has no entry by nobody.\n")


@pytest.mark.parametrize(
    ("words", "status", "says"),
    [
        (("--since", "yesterday"), 2, "--since is 'yesterday', which is no moment."),
        (("--since", ""), 2, "--since is '', which is no moment."),
        (("--kind", "moon"), 2, "There are no entries of the kind 'moon'. Give one of connection"),
        (("--kind", ""), 2, "There are no entries of the kind ''."),
        (("--connection", "nowhere"), 2, "nowhere"),
        (("--connection", ""), 2, "connection"),
        (("--most", "0"), 2, "--most"),
        (("--most", "many"), 2, "--most"),
    ],
)
def test_what_can_not_be_asked_for_is_refused_in_words(
    standing: Isthmus, words: tuple[str, ...], status: int, says: str
) -> None:
    ended = standing.run("audit", *words)
    assert ended.status == status, ended
    assert ended.out == ""
    assert says in ended.err
    assert "Traceback" not in ended.err
