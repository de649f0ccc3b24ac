"""Reading the audit log: entries, filters, pages of them, and what they say in words."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from psycopg import Connection as Session

from integration.connections.worlds import IMPORT
from integration.set_up import new_connection, new_goal
from isthmus.connections import audit, audit_table, audit_words, queueing
from isthmus.connections.audit import Change, Wanted
from isthmus.connections.audit_words import Reader
from isthmus.connections.models import Connection, Goal
from isthmus.people import auditing

SEEING = Reader(sees_personal_data=True, conditions=str)
BLIND = Reader(sees_personal_data=False, conditions=lambda _: "hidden")


@pytest.fixture
def acme(store: Session[Any]) -> Connection:
    return new_connection("acme", name="Acme")


@contextmanager
def alice() -> Iterator[None]:
    with auditing.acting("alice@example.com", auditing.PAGE):
        yield


def said(wanted: Wanted = audit.EVERYTHING, most: int = 50) -> list[str]:
    found = audit.entries(wanted, most=most)
    names = audit.names([change for entry in found for change in entry.changes])
    lines = []
    for entry in found:
        _, sentence, more = audit_words.headline(entry, names)
        lines.append(f"{sentence}{f' and {more}' if more else ''}")
    return lines


def settings_of(change: Change, reader: Reader = SEEING) -> list[str]:
    told = audit_words.settings(change, audit.names([change]), reader)
    return [
        f"{each.label}: {' | '.join(each.rows) or each.said or f'{each.before} > {each.after}'}"
        for each in told
    ]


def last_change() -> Change:
    return audit.entries(most=1)[0].changes[-1]


def change_document(goal: Goal, **parts: Any) -> None:
    with alice():
        goal.document = {**goal.document, **parts}
        goal.save()


def test_entries_say_what_was_done_in_words(acme: Connection) -> None:
    with alice():
        goal = new_goal(acme, IMPORT)
    name = goal.definition.name
    with alice():
        Connection.objects.filter(id=acme.id).update(active=False)
    with alice():
        Connection.objects.filter(id=acme.id).update(labels=["CRM"], description="x", active=True)
    with alice():
        run = queueing.ask(Connection.objects.get(id=acme.id), by="Alice")
    with alice():
        queueing.stop(run)
    change_document(goal, active=False)
    with alice():
        goal.delete()
    with alice():
        Connection.objects.filter(id=acme.id).update(authorization=None)
    assert said()[:8] == [
        "disconnected Acme",
        f"deleted the goal {name} of Acme",
        f"switched off {name} of Acme",
        "stopped run #1 of Acme",
        "asked for run #1 of Acme",
        "changed the switch, the description and the labels of Acme",
        "switched off Acme",
        f"made the goal {name} of Acme",
    ]


def test_rows_of_a_mapping_are_told_one_by_one(acme: Connection) -> None:
    goal = new_goal(acme, IMPORT)
    rows = [
        {"field": name, "property": name.lower(), "rule": "set", "keep_when_empty": False}
        for name in ("Title", "Fax", "Phone")
    ]
    change_document(goal, fields=rows)
    changed = [{**rows[0], "rule": "set_if_empty"}, rows[2], {**rows[1], "field": "Mobile"}]
    change_document(goal, fields=changed)
    (told,) = settings_of(last_change())
    assert told == (
        "Mapping: \N{MINUS SIGN} Fax → fax (rule set) | "
        "Title → title: rule set → set if empty | + Mobile → fax (rule set)"
    )
    change_document(goal, fields=changed[::-1])
    assert settings_of(last_change()) == ["Mapping: in another order"]


def test_settings_are_told_before_and_after(acme: Connection) -> None:
    with alice():
        Connection.objects.filter(id=acme.id).update(
            sealed_webhook_secret=b"x",
            webhook_url="https://hooks.example.com/key-of-it",
            notify_to=["ops@example.com"],
            schedule={"times_a_day": 4},
        )
    change = last_change()
    assert settings_of(change) == [
        "Addresses for e-mail:  > ops@example.com",
        "Webhook:  > https://hooks.example.com/…",
        "Secret of the webhook: set; what it is is not kept here",
        *[each for each in settings_of(change) if each.startswith("Schedule: ")],
    ]
    assert settings_of(change, BLIND)[0] == "Addresses for e-mail:  > ••••••"
    assert settings_of(change)[-1].startswith("Schedule: By hand only > 4 times a day")


def test_filters_hold_at_once(acme: Connection) -> None:
    other = new_connection("other", name="Other")
    with auditing.acting("bob", auditing.COMMAND_LINE):
        Connection.objects.filter(id=acme.id).update(name="Acme 2")
        Connection.objects.filter(id=other.id).update(name="Other 2")
    with alice():
        Connection.objects.filter(id=acme.id).update(name="Acme 3")
    now = timezone.now()
    assert said(Wanted(who="alice@example.com")) == ["changed the title of Acme 3"]
    assert said(Wanted(how="command line", connection=other.id)) == ["changed the title of Other 2"]
    assert said(Wanted(how="command line")) == ["changed the title of Acme 2 and 1 more"]
    assert said(Wanted(kind="connection", thing=acme.id, who="bob")) == [
        "changed the title of Acme 2"
    ]
    assert said(Wanted(since=now + timedelta(minutes=1))) == []
    assert said(Wanted(until=now - timedelta(days=1))) == []
    assert said(Wanted(who="bob", since=now - timedelta(days=1), until=now)) != []
    assert said(Wanted(who="\0")) == said(Wanted(how="\ud800")) == []


def test_entries_are_pages_of_which_none_repeats_or_leaves_one_out(acme: Connection) -> None:
    for number in range(23):
        with alice():
            Connection.objects.filter(id=acme.id).update(name=f"Acme {number}")
            Connection.objects.filter(id=acme.id).update(description=f"{number}")
    every = [entry.action for entry in audit.entries(most=100)]
    seen, behind = [], None
    while page := audit.entries(behind=behind, most=5):
        seen += [entry.action for entry in page]
        behind = (page[-1].began, page[-1].action)
    assert seen == every
    assert len(set(seen)) == len(seen)


def test_an_entry_of_many_changes_is_read_in_parts_and_none_is_left_out(
    acme: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "COUNTED", 10)
    with alice():
        for number in range(35):
            Connection.objects.filter(id=acme.id).update(name=f"Acme {number}")
    entry = audit.entries(Wanted(who="alice@example.com"), most=1, shown=10)[0]
    assert (entry.number, len(entry.changes)) == (10, 10)
    every = list(audit.every(Wanted(who="alice@example.com")))
    assert [change.name for change in every] == [f"Acme {number}" for number in range(35)]
    behind = audit.changes_of(entry.action, behind=every[29].id, most=50)
    assert [change.name for change in behind] == [f"Acme {number}" for number in range(30, 35)]


def test_the_table_has_a_line_for_each_setting_and_no_formulas(acme: Connection) -> None:
    with alice():
        Connection.objects.filter(id=acme.id).update(name="=1+1", description="@x")
    lines = list(audit_table.rows(audit.every(Wanted(who="alice@example.com")), SEEING))
    told = [dict(zip(audit_table.COLUMNS, line, strict=True)) for line in lines]
    assert [(each["setting"], each["before"], each["after"]) for each in told] == [
        ("Title", "Acme", "=1+1"),
        ("Description", "", "@x"),
    ]
    assert {each["account"] for each in told} == {"alice@example.com"}
    assert [audit_table.neutral(each) for each in ("=1+1", "@x", "-1", "x=1")] == [
        "'=1+1",
        "'@x",
        "'-1",
        "x=1",
    ]
