"""What letters say, in text and in HTML, and what they never say."""

import re
from typing import Any

from django.test import Client, override_settings
from django.utils import timezone

from integration import set_up
from integration.letters.conftest import TEAM, ended
from integration.web.planted import EMAIL, NAME, RECORD, plant
from isthmus.connections import guards, letter_drawing, letter_payload, letter_words, page_address
from isthmus.connections.models import (
    Alert,
    Authorization,
    Connection,
    Letter,
    PageAddress,
    Run,
    RunGoal,
    RunState,
)
from isthmus.domain.goals import ImportGoal, MatchRow
from isthmus.domain.objects import LEAD
from isthmus.domain.roles import Role
from isthmus.people import accounts

MATCH = (MatchRow(field="Id", identifier="ids"),)


def _whole(words: letter_words.Words) -> str:
    text, html = letter_drawing.drawn(words)
    return f"{words.subject}\n{text}\n{html}"


def _part(run: Run, name: str = "Import leads", **given: Any) -> RunGoal:
    number = run.connection.goals.count()
    goal = set_up.new_goal(
        run.connection, ImportGoal(key=f"g{number}", name=name, object=LEAD, match=MATCH)
    )
    return RunGoal.objects.create(run=run, goal=goal, key=goal.key, direction="import", **given)


def test_the_subject_says_connection_outcome_and_number(acme: Connection) -> None:
    run = ended(acme, RunState.PROBLEMS)
    assert letter_words.of_run(run).subject == "Acme: run #1 finished with problems"


def test_moments_in_a_time_zone_that_is_not_known_here_are_said_by_utc(acme: Connection) -> None:
    run = ended(acme, RunState.FAILED, started_at=timezone.now())
    Connection.objects.update(timezone="Mars/Olympus")
    run.refresh_from_db()
    assert dict(letter_words.of_run(run).facts)["Started"].endswith(" (UTC)")


def test_counts_are_said_by_goal(acme: Connection) -> None:
    run = ended(acme, RunState.PROBLEMS, started_at=timezone.now())
    counts = {"received": 7655, "created": 28, "skipped": {"no_match": 7620}, "failed": {"X": 7}}
    _part(run, state=RunState.PROBLEMS, counts={**counts, "problems": 17})
    text, html = letter_drawing.drawn(letter_words.of_run(run))
    said = "7,655 received: 28 created, 7,620 skipped, 7 failed, 17 problems of single fields"
    assert said in text
    assert said in html


def test_a_letter_holds_no_value_and_no_id_of_a_record(store: Any) -> None:
    world = plant(store)
    whole = _whole(letter_words.of_run(world.run))
    assert "1 problem" in whole
    assert "not_a_date" in whole
    assert "field Name" in whole
    message = f"Record {RECORD} of profile {world.profile_id}: '{NAME}' and {EMAIL} can't be."
    RunGoal.objects.update(state=RunState.FAILED, message=message)
    Run.objects.update(state=RunState.FAILED)
    run = Run.objects.get()
    failed = _whole(letter_words.of_run(run))
    assert "can't be." in failed or "can&#x27;t be." in failed
    letter = Letter(channel="webhook", key="run 1", run=run, id=1)
    for said in (whole, failed, letter_payload.body(letter).decode()):
        for hidden in (NAME, EMAIL, RECORD, str(world.profile_id), "zinnia"):
            assert hidden not in said


def test_who_started_a_run_is_not_said(acme: Connection) -> None:
    whole = _whole(letter_words.of_run(ended(acme, RunState.FAILED, asked_by="Marit Jansen")))
    assert "Marit" not in whole


HOSTILE = (
    "Acme\r\nBcc: all@example.com\n<script>alert(1)</script>\u202egnp\u2066 \u0000x" + "y" * 500
)


def test_a_hostile_name_stays_a_name(acme: Connection) -> None:
    hostile = HOSTILE.replace("\u0000", "")
    Connection.objects.update(name=hostile)
    acme.refresh_from_db()
    run = ended(acme, RunState.PROBLEMS)
    _part(run, name=hostile, state=RunState.FAILED, message=f"\u202e<img src=x>{hostile}")
    words = letter_words.of_run(run)
    made = letter_drawing.message(
        words, sender="a@example.com", to=TEAM[0], message_id="<1@x>", now=timezone.now()
    )
    head = made.as_bytes().partition(b"\r\n\r\n")[0]
    assert re.findall(rb"^Bcc", head, re.MULTILINE) == []
    assert made["Bcc"] is None
    assert str(made["Subject"]).startswith("Acme Bcc: all@example.com <script>")
    assert len(str(made["Subject"])) < 200
    _, html = letter_drawing.drawn(words)
    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert "\u202e" not in str(made["Subject"])


def test_a_foreign_name_arrives_as_it_is(acme: Connection) -> None:
    for name in ("Vantaan tuotanto \u2013 \u0430\u0431\u0432", "\u05d0\u05d1\u05d2 Ltd"):
        _arrives(acme, name)


def _arrives(acme: Connection, name: str) -> None:
    Connection.objects.update(name=name)
    acme.refresh_from_db()
    words = letter_words.of_run(ended(acme, RunState.FAILED))
    made = letter_drawing.message(
        words, sender="a@example.com", to=TEAM[0], message_id="<1@x>", now=timezone.now()
    )
    assert made.as_bytes().isascii()
    assert str(made["Subject"]).startswith(name)
    assert f"<bdi>{name}</bdi>" in letter_drawing.drawn(words)[1]


def test_looks_are_in_the_letter_and_nothing_is_loaded(acme: Connection) -> None:
    html = letter_drawing.drawn(letter_words.of_run(ended(acme, RunState.FAILED)))[1]
    for part in ("<style", "<script", "<img", "<link", "url(", "class="):
        assert part not in html


def test_a_lost_sign_in_is_said_first_and_leads_to_the_connection(acme: Connection) -> None:
    Authorization.objects.update(lost_at=timezone.now())
    words = letter_words.of_run(ended(acme, RunState.FAILED))
    assert words.subject == "Acme: run #1 failed; the sign-in to Salesforce is lost"
    assert words.links[0].path == "/connections/acme"
    assert "connects again" in words.sentences[0]


def test_a_run_that_nobody_agreed_to_says_so(acme: Connection) -> None:
    run = ended(acme, RunState.STOPPED, message="Nobody agreed to it in time. Goal x would…")
    assert letter_words.of_run(run).subject == "Acme: run #1 ended without a yes"


def test_a_question_says_how_much_would_change(acme: Connection) -> None:
    run = ended(acme, RunState.CONFIRMING, confirm_until=timezone.now())
    part = _part(run, state=RunState.CONFIRMING)
    guards.ask(part, guards.Size(updated=370, of=1000), 1)
    letter = Letter(channel="email", key="x", run=run, asks=part)
    words = letter_words.of(letter)
    assert words.subject == "Acme: run #1 waits for confirmation"
    assert "would update 370 records: 37 % of" in words.sentences[0]
    assert "Without an answer it ends at" in words.sentences[0]


def test_an_alert_is_said_in_its_own_words(acme: Connection) -> None:
    alert = Alert.objects.create(
        kind="did_not_start",
        about="connection 1",
        connection=acme,
        facts={"since": timezone.now().isoformat()},
    )
    words = letter_words.of(Letter(channel="email", key="x", alert=alert))
    assert words.subject == "Acme did not start"
    assert "no run began" in words.sentences[0]
    said = letter_payload.body(Letter(channel="webhook", key="x", alert=alert, id=1))
    assert b'"kind": "did_not_start"' in said


def test_links_lead_to_where_the_pages_are(acme: Connection) -> None:
    run = ended(acme, RunState.FAILED)
    with override_settings(PUBLIC_URL="https://isthmus.example.com"):
        text, html = letter_drawing.drawn(letter_words.of_run(run))
        assert "https://isthmus.example.com/connections/acme/runs/1\n" in text
        assert 'href="https://isthmus.example.com/connections/acme/runs/1"' in html
        assert "ISTHMUS_URL" not in text


def test_without_a_known_address_letters_say_how_to_find_the_run(acme: Connection) -> None:
    text, html = letter_drawing.drawn(letter_words.of_run(ended(acme, RunState.FAILED)))
    assert "/connections/acme/runs/1" in text
    assert "ISTHMUS_URL" in text
    assert "href" not in html


def test_the_address_that_the_pages_were_served_at_last_is_taken(acme: Connection) -> None:
    page_address.keep("http://localhost:8000/")
    page_address.keep("http://localhost:8001")
    assert PageAddress.objects.count() == 1
    text, _ = letter_drawing.drawn(letter_words.of_run(ended(acme, RunState.FAILED)))
    assert "http://localhost:8001/connections/acme/runs/1" in text
    assert "work on the machine that serves the pages" in text


def test_all_paths_in_letters_are_pages(store: Any) -> None:
    world = plant(store)
    quick = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with override_settings(PASSWORD_HASHERS=quick, ALLOWED_HOSTS=["testserver"]):
        accounts.add("a@example.com", "a quiet harbour", role=Role.ADMINISTRATOR)
        browser = Client()
        browser.post("/sign-in", {"email": "a@example.com", "password": "a quiet harbour"})
        links = letter_words.of_run(world.run).links
        assert [each.words for each in links] == [
            "Open the run",
            "Problems by cause",
            "Connection acme",
        ]
        found = [browser.get(each.path) for each in links]
    assert [each.status_code for each in found] == [200, 200, 200]
    assert "Run #1" in found[0].content.decode()
    assert "Problems of run #1" in found[1].content.decode()
