from collections.abc import Callable

import psycopg
import pytest
import typer
from django.db.utils import OperationalError as DjangoOperationalError

from isthmus.blueprint.errors import BlueprintInvalid, Problem
from isthmus.cli import failures
from isthmus.cli.errors import Misuse
from isthmus.cli.status import Status
from isthmus.connections.errors import NoSuchThing, NothingToRun, RunAlreadyGoing
from isthmus.errors import Final, Retryable
from isthmus.profiles.errors import NotComparable, NotThere

PROBLEM = Problem(file="store.yaml", line=3, column=5, message="It is wrong.")


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (Misuse("x"), Status.MISUSE),
        (NoSuchThing("goal", ["a"], ["b"]), Status.MISUSE),
        (NotThere("x"), Status.MISUSE),
        (NotComparable("x"), Status.MISUSE),
        (BlueprintInvalid([PROBLEM]), Status.MISUSE),
        (NothingToRun("x"), Status.FAILED),
        (RunAlreadyGoing("x"), Status.FAILED),
        (Final("x"), Status.FAILED),
        (Retryable("x"), Status.FAILED),
        (psycopg.OperationalError("x"), Status.FAILED),
        (OSError(28, "No space left on device"), Status.FAILED),
        (ZeroDivisionError("x"), Status.FAILED),
    ],
)
def test_a_failure_has_its_status(error: Exception, status: Status) -> None:
    assert failures.explain(error)[1] is status


def test_each_problem_of_a_document_has_a_line_of_its_own() -> None:
    other = Problem(file="store.yaml", line=1, column=1, message="It is wrong too.")

    message, _ = failures.explain(BlueprintInvalid([PROBLEM, other]))

    assert message.splitlines() == [
        "The document has 2 problems; nothing was changed.",
        "store.yaml:1:1: It is wrong too.",
        "store.yaml:3:5: It is wrong.",
    ]


def test_a_database_that_goes_away_under_django_is_said_to_have_gone() -> None:
    error = DjangoOperationalError("server closed the connection\n\tunexpectedly")
    error.__cause__ = psycopg.OperationalError("server closed the connection\n\tunexpectedly")

    message, _ = failures.explain(error)

    assert "(server closed the connection unexpectedly)" in message
    assert "start it again" in message


def test_a_full_disk_is_said_to_be_full() -> None:
    message, _ = failures.explain(psycopg.errors.DiskFull("could not extend file"))

    assert "disk is full" in message
    assert "Make room" in message


def test_something_unexpected_says_what_and_how_to_see_more() -> None:
    message, _ = failures.explain(ZeroDivisionError("division by zero"))

    assert "ZeroDivisionError: division by zero" in message
    assert "ISTHMUS_DEBUG=1" in message


def ends_with(body: Callable[[], None]) -> int:
    with pytest.raises(SystemExit) as ended:
        failures.reported(body)()
    code = ended.value.code
    assert isinstance(code, int)
    return code


def interrupted() -> None:
    raise KeyboardInterrupt


def refused() -> None:
    raise Final("It can't be done. Do this instead.")


def test_a_command_that_fails_leaves_a_sentence_and_no_traceback(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert ends_with(refused) == 1

    shown = capsys.readouterr()
    assert (shown.out, shown.err) == ("", "Error: It can't be done. Do this instead.\n")


def test_a_command_that_is_interrupted_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    assert ends_with(interrupted) == 130

    assert capsys.readouterr().err == "Stopped: nothing more is done.\n"


def test_a_traceback_is_shown_to_those_who_ask(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("ISTHMUS_DEBUG", "1")

    assert ends_with(refused) == 1

    assert "in refused" in capsys.readouterr().err


def test_a_status_that_a_command_chose_stays() -> None:
    def chosen() -> None:
        raise typer.Exit(3)

    with pytest.raises(typer.Exit):
        failures.reported(chosen)()
