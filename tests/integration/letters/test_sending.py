"""Letters on their way to a real mail server, whatever mood that is in."""

import logging
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.utils import timezone

from integration import set_up
from integration.letters import post_office
from integration.letters.conftest import TEAM, ended
from integration.letters.post_office import PostOffice, opened
from isthmus.connections import (
    letter_words,
    letters,
    lost_letters,
    mail_server,
    mailing,
    sending,
    trying,
)
from isthmus.connections.models import Connection, Letter, MailServer, Run, RunState
from isthmus.worker import rounds


def _post(acme: Connection) -> Letter:
    letters.post_run(ended(acme, RunState.FAILED, started_at=timezone.now()))
    return Letter.objects.latest("id")


def _again() -> None:
    """The time of the next try has come."""
    Letter.objects.filter(sent_at=None).update(due_at=timezone.now(), held_until=None)


def test_everybody_gets_a_letter_of_their_own(office: PostOffice, acme: Connection) -> None:
    letter = _post(acme)
    assert sending.send_mail() == 1
    letter.refresh_from_db()
    assert (letter.to, letter.heard, letter.tries) == ([], 2, 1)
    assert letter.sent_at is not None
    assert [to for to, _ in office.taken] == TEAM
    for to, each in office.taken:
        assert str(each["To"]) == to
        assert str(each["From"]) == "Isthmus <isthmus@example.com>"
        assert str(each["Auto-Submitted"]) == "auto-generated"
        assert str(each["List-Id"]) == "<acme.isthmus.example.com>"
        sent_at = each["Date"].datetime
        assert abs(timezone.now() - sent_at) < timedelta(minutes=1)
        text, html = post_office.texts(each)
        assert "Run #1 failed" in text
        assert "Run #1</h1>" in html
        assert "Failed</span>" in html
    assert sending.send_mail() == 0
    assert len(office.taken) == 2


def test_a_server_that_is_down_is_tried_again_after_growing_pauses(
    closed_office: PostOffice, acme: Connection
) -> None:
    letter = _post(acme)
    pauses = []
    for _ in range(4):
        before = timezone.now()
        assert sending.send_mail() == 0
        letter.refresh_from_db()
        pauses.append(letter.due_at - before)
        assert letter.to == TEAM
        _again()
    assert pauses == sorted(pauses)
    assert pauses[0] < timedelta(minutes=1)
    assert "refused the connection" in letter.trouble
    (mail, _) = letters.standing()
    assert (mail.waiting, mail.oldest) == (1, letter.written_at)
    assert "refused the connection" in mail.trouble
    with opened(closed_office):
        assert sending.send_mail() == 1
    assert [to for to, _ in closed_office.taken] == TEAM


def test_after_days_it_is_given_up_and_that_is_said(
    closed_office: PostOffice, acme: Connection
) -> None:
    letter = _post(acme)
    Letter.objects.update(written_at=timezone.now() - sending.GIVE_UP)
    sending.send_mail()
    letter.refresh_from_db()
    assert letter.given_up_at is not None
    assert letter.trouble
    (mail, _) = letters.standing()
    assert (mail.waiting, mail.given_up) == (0, 1)
    with opened(closed_office):
        assert sending.send_mail() == 0


def test_an_address_that_is_refused_for_good_keeps_no_other(
    office: PostOffice, acme: Connection
) -> None:
    office.refused["ops@example.com"] = "550 5.1.1 no such user"
    letter = _post(acme)
    assert sending.send_mail() == 1
    letter.refresh_from_db()
    assert list(letter.refused) == ["ops@example.com"]
    assert "code 550" in letter.refused["ops@example.com"]
    assert letter.sent_at is not None
    assert [to for to, _ in office.taken] == ["crm@example.com"]


def test_an_address_that_is_refused_for_now_is_tried_again_alone(
    office: PostOffice, acme: Connection
) -> None:
    office.refused["ops@example.com"] = "450 4.2.1 greylisted"
    letter = _post(acme)
    assert sending.send_mail() == 0
    letter.refresh_from_db()
    assert (letter.to, letter.sent_at) == (["ops@example.com"], None)
    office.refused.clear()
    _again()
    assert sending.send_mail() == 1
    assert [to for to, _ in office.taken] == ["crm@example.com", "ops@example.com"]


def test_a_letter_that_nobody_can_get_is_given_up(office: PostOffice, acme: Connection) -> None:
    office.refused |= dict.fromkeys(TEAM, "550 no")
    letter = _post(acme)
    sending.send_mail()
    letter.refresh_from_db()
    assert (letter.sent_at, letter.trouble) == (None, sending.NOBODY_TAKES_IT)
    assert letter.given_up_at is not None


def test_a_letter_is_lost_until_something_reached_those_whom_it_was_for(
    office: PostOffice, acme: Connection
) -> None:
    office.refused |= dict.fromkeys(TEAM, "550 no")
    _post(acme)
    sending.send_mail()
    other = set_up.new_connection("other", notify_to=["eve@example.com"])
    _post(other)
    assert sending.send_mail() == 1
    assert [each.address for each in letters.standing()[0].lost.missed] == sorted(TEAM)
    assert "code 550" in letters.standing()[0].lost.missed[0].why
    del office.refused["ops@example.com"]
    _post(acme)
    sending.send_mail()
    assert [each.address for each in letters.standing()[0].lost.missed] == ["crm@example.com"]
    office.refused.clear()
    assert trying.try_mail("crm@example.com").is_good
    assert letters.standing()[0].lost == lost_letters.Lost()


def test_what_was_given_up_is_tried_once_more_for_those_who_got_nothing_since(
    closed_office: PostOffice, acme: Connection
) -> None:
    letter, waits = _post(acme), _post(acme)
    Letter.objects.filter(id=letter.id).update(written_at=timezone.now() - sending.GIVE_UP)
    sending.send_mail()
    Letter.objects.filter(id=waits.id).update(due_at=timezone.now() + timedelta(hours=1))
    lost_letters.reached(Letter.EMAIL, "ops@example.com")
    assert sending.try_again() == 2
    sending.send_mail()
    letter.refresh_from_db()
    assert letter.given_up_at is not None, "its three days are over"
    assert letter.missed == ["crm@example.com"]
    with opened(closed_office):
        assert sending.try_again() == 2
        assert sending.send_mail() == 2
        assert sending.try_again() == 0
    assert sorted(to for to, _ in closed_office.taken) == sorted([*TEAM, "crm@example.com"])
    assert letters.standing()[0].lost == lost_letters.Lost()


def test_a_server_that_lets_nobody_send_unless_signed_in_loses_no_letter(
    office: PostOffice, acme: Connection
) -> None:
    office.refused |= dict.fromkeys(TEAM, "554 5.7.1 Relay access denied")
    letter = _post(acme)
    sending.send_mail()
    letter.refresh_from_db()
    assert (letter.to, letter.refused, letter.given_up_at) == (TEAM, {}, None)
    assert "sign in" in letter.trouble


def test_a_server_that_dies_in_the_middle_gets_only_what_it_did_not_confirm(
    office: PostOffice, acme: Connection
) -> None:
    office.dies_after = 1
    letter = _post(acme)
    assert sending.send_mail() == 0
    letter.refresh_from_db()
    assert (letter.to, letter.heard) == (["crm@example.com"], 1)
    _again()
    assert sending.send_mail() == 1
    assert [to for to, _ in office.taken] == ["ops@example.com", *["crm@example.com"] * 2]
    first, second = office.of("crm@example.com")
    assert first["Message-ID"] == second["Message-ID"]
    assert first["Message-ID"] != office.of("ops@example.com")[0]["Message-ID"]


def test_a_process_that_is_killed_while_it_sends_leaves_the_letter_to_another(
    office: PostOffice, acme: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    letter = _post(acme)

    class Killed(BaseException):
        pass

    def die(*_: object, **_more: object) -> None:
        raise Killed

    with monkeypatch.context() as patch:
        patch.setattr(mailing.Session, "send", die)
        with pytest.raises(Killed):
            sending.send_mail()
    assert sending.send_mail() == 0, "while the dead process might still send it"
    letter.refresh_from_db()
    assert letter.held_until is not None
    Letter.objects.update(held_until=timezone.now())
    assert sending.send_mail() == 1
    assert [to for to, _ in office.taken] == TEAM


def test_whoever_lost_a_letter_to_another_stops_sending_it(
    office: PostOffice, acme: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    _post(acme)
    real = mailing.Session.send

    def slowly(self: mailing.Session, made: Any, to: str) -> None:
        real(self, made, to)
        Letter.objects.update(tries=99)  # another process has taken it

    monkeypatch.setattr(mailing.Session, "send", slowly)
    assert sending.send_mail() == 0
    assert len(office.taken) == 1


def test_of_two_processes_each_letter_is_sent_by_one(office: PostOffice, acme: Connection) -> None:
    for _ in range(20):
        _post(acme)
    chore = next(each for each in rounds.CHORES if each.name == "letters")
    from isthmus.worker import chores

    both = [threading.Thread(target=chores.do, args=(chore,)) for _ in range(2)]
    for each in both:
        each.start()
    for each in both:
        each.join()
    assert not letters.waiting().exists()
    assert len(office.taken) == 40
    assert len({letter["Message-ID"] for _, letter in office.taken}) == 40


def test_who_was_taken_off_the_list_meanwhile_gets_nothing(
    office: PostOffice, acme: Connection
) -> None:
    _post(acme)
    Connection.objects.update(notify_to=["CRM@example.com"])
    assert sending.send_mail() == 1
    assert [to for to, _ in office.taken] == ["crm@example.com"]


def test_a_question_that_was_answered_meanwhile_is_not_told(
    office: PostOffice, acme: Connection
) -> None:
    from integration.letters.test_posting import _waiting

    run = _waiting(acme).run
    Run.objects.filter(id=run.id).update(state=RunState.RUNNING)
    assert sending.send_mail() == 1
    assert office.taken == []
    assert not Letter.objects.exists()


def test_without_a_mail_server_letters_wait_and_that_is_said(acme: Connection) -> None:
    letter = _post(acme)
    sending.send_mail()
    letter.refresh_from_db()
    assert letter.trouble == sending.NO_SERVER
    assert letters.standing()[0].waiting == 1


def test_a_stored_server_with_starttls_and_a_password_takes_letters(
    acme: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context, trusted = post_office.certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    office = PostOffice(port=post_office.free_port(), tls=context, password="a quiet harbour")
    server = mail_server.Server(
        host="localhost",
        port=office.port,
        username="isthmus",
        password=office.password,
        sender="isthmus@example.com",
    )
    mail_server.save(server)
    assert b"harbour" not in bytes(MailServer.objects.get().sealed_password)
    _post(acme)
    with opened(office):
        assert sending.send_mail() == 1
    assert len(office.taken) == 2


@pytest.fixture
def secured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> PostOffice:
    context, trusted = post_office.certificate(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(trusted))
    monkeypatch.setenv("ISTHMUS_SMTP_FROM", "isthmus@example.com")
    return PostOffice(port=post_office.free_port(), tls=context, password="a quiet harbour")


def _of(office: PostOffice, password: str) -> mail_server.Server:
    return mail_server.Server(
        host="localhost",
        port=office.port,
        username=office.user,
        password=password,
        sender="isthmus@example.com",
    )


@pytest.mark.parametrize("unknown", [[], ["PLAIN"]])
def test_a_user_and_a_password_with_accents_sign_in(
    store: Any, secured: PostOffice, unknown: list[str]
) -> None:
    secured.user, secured.password = "j\u00fcrgen", "Gr\u00fc\u00dfe \u20ac 2"
    secured.unknown = unknown
    mail_server.save(_of(secured, secured.password))
    with opened(secured):
        assert trying.try_mail("alice@example.com").is_good
        mail_server.save(_of(secured, "Gr\u00fc\u00dfe"))
        tested = trying.try_mail("alice@example.com")
        assert "does not accept the user name or the password (code 535)" in tested.words
    assert len(secured.taken) == 1


def test_a_server_that_knows_no_way_to_take_accents_is_said(
    store: Any, secured: PostOffice
) -> None:
    secured.password, secured.unknown = "Gr\u00fc\u00dfe", ["PLAIN", "LOGIN"]
    mail_server.save(_of(secured, secured.password))
    with opened(secured):
        assert "no password with accents" in trying.try_mail("alice@example.com").words


def _tried(monkeypatch: pytest.MonkeyPatch, url: str) -> trying.Tested:
    monkeypatch.setenv("ISTHMUS_SMTP_URL", url)
    return trying.try_mail("alice@example.com")


def test_a_test_says_that_the_letter_was_taken(
    store: Any, secured: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(secured):
        found = _tried(monkeypatch, secured.url.replace(" ", "%20"))
    assert found.is_good, found
    assert [to for to, _ in secured.taken] == ["alice@example.com"]


WRONG = (
    (("a quiet harbour", "wrong"), "does not accept the user name or the password (code 535)"),
    (("isthmus:a quiet harbour@", ""), "takes e-mail only from those who sign in"),
    (("localhost", "127.0.0.1"), "is not trusted"),
    (("smtp://", "smtps://"), "did not agree on encryption"),
    (("localhost", "nowhere.invalid"), "There is no host 'nowhere.invalid'"),
)


def test_a_test_says_what_is_wrong_and_what_to_do(
    store: Any, secured: PostOffice, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(secured):
        for change, says in WRONG:
            found = _tried(monkeypatch, secured.url.replace(*change).replace(" ", "%20"))
            assert not found.is_good
            assert says in found.words
            assert "harbour" not in f"{found}"
    assert secured.taken == []


def test_a_test_says_that_starttls_is_not_offered(
    office: PostOffice, store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = _tried(monkeypatch, office.url.partition("?")[0])
    assert "offers no STARTTLS" in found.words


def test_a_test_says_what_the_server_says_of_an_address(office: PostOffice, store: Any) -> None:
    office.refused["alice@example.com"] = "550 5.1.1 No such user here"
    found = trying.try_mail("alice@example.com")
    assert "does not take e-mail for this address (code 550)" in found.words
    assert found.said == "5.1.1 No such user here"


def test_a_server_that_says_nothing_is_given_up_in_time(
    closed_office: PostOffice, acme: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trying, "_ANSWER_SECONDS", 0.2)
    monkeypatch.setattr(mailing, "ANSWER_SECONDS", 0.2)
    with post_office.silent(closed_office.port):
        assert "did not answer in time" in trying.try_mail("a@example.com").words
        letter = _post(acme)
        began = timezone.now()
        with monkeypatch.context() as patch:
            patch.setattr(mailing.Session.__init__, "__kwdefaults__", _QUICK)
            assert sending.send_mail() == 0
        assert timezone.now() - began < timedelta(seconds=5)
    letter.refresh_from_db()
    assert "did not answer in time" in letter.trouble


_QUICK = {"answer_seconds": 0.2, "seconds": 5.0}


def test_a_server_that_dribbles_is_given_up_in_time(closed_office: PostOffice, store: Any) -> None:
    server = mail_server.current()
    assert server is not None
    began = timezone.now()
    with (
        post_office.saying(closed_office.port, b"220-wait\r\n"),
        mailing.Session(server, answer_seconds=20, seconds=0.3) as session,
        pytest.raises(mailing.MailTrouble),
    ):
        session.check()
    assert timezone.now() - began < timedelta(seconds=5)


def test_the_log_holds_no_address(
    office: PostOffice, acme: Connection, caplog: pytest.LogCaptureFixture
) -> None:
    office.refused["ops@example.com"] = "450 4.2.1 ops@example.com greylisted"
    _post(acme)
    with caplog.at_level(logging.INFO, "isthmus"):
        sending.send_mail()
    said = "\n".join(f"{each.getMessage()} {each.__dict__}" for each in caplog.records)
    assert "letter not sent yet" in said
    assert "@example.com" not in said


def test_a_letter_that_meets_an_error_of_ours_keeps_no_other(
    office: PostOffice, acme: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = _post(acme), _post(acme)
    real = letter_words.of

    def breaks(letter: Letter) -> letter_words.Words:
        if letter.id == first.id:
            raise KeyError(letter.id)
        return real(letter)

    monkeypatch.setattr(letter_words, "of", breaks)
    assert sending.send_mail() == 1
    first.refresh_from_db()
    second.refresh_from_db()
    assert second.sent_at is not None
    assert "could not be put into words (KeyError)" in first.trouble
    assert first.due_at > timezone.now()


def test_a_server_that_takes_no_more_just_now_is_tried_again(
    office: PostOffice, acme: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.busy = True
    letter = _post(acme)
    assert sending.send_mail() == 0
    letter.refresh_from_db()
    assert "takes no e-mail just now (code 421)" in letter.trouble
    office.busy = False
    _again()
    assert sending.send_mail() == 1
