"""What waits to be told and what was given up, by command."""

import json
from typing import Any

import pytest
from django.utils import timezone
from psycopg import Connection as Session
from typer.testing import CliRunner

from integration import set_up
from isthmus.cli import program
from isthmus.connections.models import Letter

pytestmark = pytest.mark.usefixtures("command_line")

OPS = "ops@example.com"


def said(*arguments: str, status: int = 0) -> str:
    answer = CliRunner().invoke(program.app, ["mail", *arguments])
    assert answer.exit_code == status, answer.output
    return answer.output


def test_what_was_given_up_is_shown_with_whom_it_was_for_and_tried_again(
    store: Session[Any],
) -> None:
    acme = set_up.new_connection("acme", notify_to=[OPS])
    now = timezone.now()
    letter = Letter.objects.create(
        channel=Letter.EMAIL,
        key="x",
        connection=acme,
        given_up_at=now,
        missed=[OPS],
        refused={OPS: "It is not taken (code 550)."},
    )
    assert f"{OPS} of acme: It is not taken (code 550)." in " ".join(said("show", status=3).split())
    lost = json.loads(said("show", "--json", status=3))["waiting"][0]["lost"]
    assert (lost["letters"], lost["missed"][0]["address"]) == (1, OPS)
    assert said("again") == "1 is tried again now, as soon as a worker runs.\n"
    letter.refresh_from_db()
    assert (letter.to, letter.refused, letter.missed) == ([OPS], {}, [])
    assert (letter.given_up_at, letter.due_at <= timezone.now()) == (None, True)
    Letter.objects.all().delete()
    assert said("again") == "Nothing waits to be tried again.\n"
