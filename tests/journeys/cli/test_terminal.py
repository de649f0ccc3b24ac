"""Terminals of all kinds: with colours, without, and such that know only ASCII."""

import re
from pathlib import Path

from journeys.processes import TERMINAL_COLUMNS, Isthmus

COLOUR = re.compile(r"\x1b\[[0-9;]*3[0-9][0-9;]*m")
CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


def test_an_error_is_red_on_a_terminal_and_plain_without_colours(place: Path) -> None:
    away = Isthmus(home=place / "home").set(DATABASE_URL="postgresql://127.0.0.1:9/isthmus")

    red = away.on_terminal("connection", "list")
    plain = away.set(NO_COLOR="1").on_terminal("connection", "list")

    assert (red.status, plain.status) == (1, 1)
    assert "\x1b[1;31mError\x1b[0m: The database went away" in red.out
    assert not COLOUR.search(plain.out)
    assert "Error" in plain.out


def test_a_run_draws_its_progress_on_a_terminal(ready: Isthmus) -> None:
    ran = ready.on_terminal("connection", "run", "acme")

    assert ran.status == 3
    assert COLOUR.search(ran.out)
    shown = CONTROL.sub("", ran.out)
    assert "leads_in: " not in shown  # the lines for pipes
    assert re.search(r"leads_in +finished in [0-9.]+ s +\S+ +300", shown)
    assert "Run 1 of acme: finished with problems" in shown
    lines = [line.rstrip() for line in re.split(r"[\r\n]+", shown)]
    assert max(map(len, lines)) <= TERMINAL_COLUMNS


def test_a_terminal_that_cannot_draw_gets_lines(ready: Isthmus) -> None:
    ran = ready.set(TERM="dumb").on_terminal("connection", "run", "acme", "--goal", "leads_in")

    assert ran.status == 0
    assert "leads_in: matching and merging\n" in ran.out


def test_a_terminal_that_knows_only_ascii_gets_stand_ins(ready: Isthmus, document: Path) -> None:
    document.write_text(document.read_text().replace("name: Acme", "name: Acmé → Zürich"))

    planned = ready.set(PYTHONIOENCODING="ascii").expect("config", "plan", str(document), status=2)

    assert planned.out.splitlines()[0] == (
        "change connection acme: name: 'Acme' -> 'Acm? -> Z?rich'"
    )


def test_documents_are_utf_8_whatever_the_terminal_knows(ready: Isthmus, document: Path) -> None:
    document.write_text(document.read_text().replace("name: Acme", "name: Acmé"))
    narrow = ready.set(PYTHONIOENCODING="ascii")
    narrow.expect("config", "apply", str(document))

    assert 'name: "Acmé"' in narrow.expect("config", "export").out or (
        "name: Acmé" in narrow.expect("config", "export").out
    )
    assert narrow.json("connection", "show", "acme")["name"] == "Acmé"
