"""What is typed wrongly: the message shows it and says what is allowed, and the status is 2."""

import json
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection as Session
from typer.testing import CliRunner

from integration import set_up
from integration.connections.worlds import IMPORT
from isthmus.cli import program
from isthmus.cli.status import Status
from isthmus.connections.models import Connection, MailServer, Org

pytestmark = pytest.mark.usefixtures("command_line")

ORG = "00D000000000001EAA"


@pytest.fixture
def bare(store: Session[Any]) -> Connection:
    """A connection that is on and that nobody has signed in to anything."""
    Org.objects.create(org_id=ORG)
    return set_up.new_connection("bare", name="Bare", timezone="Europe/Amsterdam")


def typed(*arguments: str, status: int = Status.DONE, given: str = "") -> tuple[str, str]:
    """What is said on standard output and on standard error, in one line each."""
    answer = CliRunner().invoke(program.app, list(arguments), input=given)
    assert answer.exit_code == status, (arguments, answer.output)
    assert "Traceback" not in answer.output
    return answer.stdout, " ".join(answer.stderr.split())


MISUSED: tuple[tuple[list[str], str], ...] = (
    (["connection", "switch"], "Missing argument 'KEY'. The connection's key, as `connection"),
    (["connection", "switch", "bare"], "How it is to stand. Choose from: on, off"),
    (["connection", "switch", "bare", "up"], "'up' is not one of 'on', 'off'."),
    (["mail", "set", "smtp.example.com"], "'--from'. The address that e-mail comes from."),
    (["audit", "--most", "0"], "'0' is no whole number from 1 to 10000."),
    (["audit", "--most", "many"], "'many' is no whole number from 1 to 10000."),
    (["backup", "--to", ".", "--keep", "0"], "'0' is no whole number from 1 on."),
    (["worker", "--log", "xml"], "'xml' is not one of 'auto', 'json', 'text'."),
    (["connection", "exchange", "bare", "--since", "monday"], "'monday' is no day. Write it as"),
    (["connection", "exchange", "bare", "--csv", "--json"], "--csv and --json can't be had at"),
    (["connection", "schedule", "bare", "--times-a-day", "two"], "'two' is no whole number."),
    (["connection", "schedule", "bare", "--timezone", "UTC"], "runs by hand only, so no time zone"),
    (
        ["connection", "schedule", "bare", "--times-a-day", "1", "--timezone", "Mars"],
        "'Mars' is not a time zone. Write an IANA name such as Europe/Amsterdam or UTC.",
    ),
    (
        ["connection", "schedule", "bare", "--at", "06:00"],
        "Keep one, such as times_a_day: 1. Here each key is an option, such as --times-a-day 1,",
    ),
    (
        ["connection", "schedule", "bare", "--days", "mon"],
        'A schedule with days needs at too: write at least one time, such as at: ["06:00"]. Here',
    ),
    (
        ["connection", "schedule", "bare", "--cron", "0 6 * * *", "--at", "06:00"],
        "'at' is not a key beside cron. Allowed: cron, timezone. Here each key is an option,",
    ),
    (["connection", "notify", "bare", "--to", "ops"], "'ops' is not an e-mail address"),
    (
        ["connection", "notify", "bare", "--when", "probems"],
        "'probems' is not known here. Did you mean 'problems'? Write when: every, when: problems",
    ),
    (["connection", "notify", "bare", "--webhook", "ftp://x"], "Write one such as https://"),
    (["mail", "set", "two words", "--from", "a@b.example"], "'two words' is no host."),
    (["mail", "set", "x", "--from", "nope"], "'nope' is not an e-mail address"),
    (["mail", "set", "x", "--from", "a@b.example", "--port", "0"], "0 is no port."),
    (
        ["mail", "set", "x", "--from", "a@b.example", "--password-stdin"],
        "Standard input has no password in its first line.",
    ),
    (["mail", "test", "nope"], "'nope' is not an e-mail address"),
    (["org", "share", ORG, "101"], "a whole number of percent from 1 to 100, such as 75."),
    (["org", "show", "nope"], "There is no org 'nope'. There are: 00D000000000001EAA."),
    (["alerts", "usual", "7"], "There is no alert '7'. See which there are: isthmus alerts list"),
    (["audit", "--since", "monday"], "--since is 'monday', which is no moment."),
    (["audit", "--kind", "thing"], "no entries of the kind 'thing'. Give one of connection, goal"),
    (["connection", "log", "bear"], "There is no connection 'bear'. There are: bare."),
)


def test_what_is_typed_wrongly_is_shown_with_what_is_allowed(bare: Connection) -> None:
    for arguments, words in MISUSED:
        out, told = typed(*arguments, status=Status.MISUSE)
        assert (out, words in told) == ("", True), (arguments, told)
    bare.refresh_from_db()
    assert (bare.notify_to, bare.webhook_url, bare.schedule) == ([], "", {"by_hand": True})
    assert not MailServer.objects.exists()


def test_a_backup_that_cannot_be_read_is_misuse(bare: Connection, tmp_path: Path) -> None:
    for file in (tmp_path / "none", tmp_path):
        _, told = typed("restore", str(file), status=Status.MISUSE)
        assert f"{file} can't be read" in told
        assert "Give the path of a file that `isthmus backup` has written" in told
    spoilt = tmp_path / "spoilt"
    spoilt.write_text("x")
    typed("restore", str(spoilt), status=Status.FAILED)


def test_a_mail_server_of_the_environment_is_no_misuse(
    bare: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ISTHMUS_SMTP_URL", "smtp://mail.example.com")
    monkeypatch.setenv("ISTHMUS_SMTP_FROM", "a@b.example")
    _, told = typed("mail", "set", "x", "--from", "a@b.example", status=Status.FAILED)
    assert "given by ISTHMUS_SMTP_URL, so it can't be changed here" in told


def test_a_new_secret_is_part_of_the_one_document(bare: Connection) -> None:
    hook = "https://example.com/hook"
    out, _ = typed("connection", "notify", "bare", "--webhook", hook, "--json")
    made = json.loads(out)
    assert (made["webhook"], made["secret"][:6]) == (hook, "whsec_")
    assert "secret" not in json.loads(typed("connection", "notify", "bare", "--json")[0])
    assert typed("connection", "notify", "bare", "--new-secret")[0].startswith("whsec_")


def test_whoever_is_taken_off_a_list_and_was_not_on_it_is_named(bare: Connection) -> None:
    _, told = typed("connection", "notify", "bare", "--remove", "ops@example.com")
    assert told == "ops@example.com was not on the list."


def test_a_schedule_moves_to_another_time_zone_and_is_shown_on_its_clocks(
    store: Session[Any],
) -> None:
    acme = set_up.new_connection("acme", timezone="Europe/Amsterdam")
    set_up.new_goal(acme, IMPORT)
    typed("connection", "schedule", "acme", "--days", "mon", "--at", "06:00")
    out, _ = typed("connection", "schedule", "acme", "--timezone", "Asia/Tokyo")
    assert out.startswith("Monday at 06:00, Asia/Tokyo")
    assert out.count(" 06:00  in ") == 5
    acme.refresh_from_db()
    assert acme.schedule == {"days": ["mon"], "at": ["06:00"], "timezone": "Asia/Tokyo"}
    runs = typed("connection", "show", "acme")[0].partition("next runs")[2]
    assert runs.count(" 06:00") == 5


def test_an_empty_audit_log_says_what_was_asked_for(bare: Connection) -> None:
    _, told = typed("audit", "--by", "nobody", "--kind", "run", "--since", "2026-01-01")
    assert told == "The audit log has no entry of the kind run by nobody since 2026-01-01."
