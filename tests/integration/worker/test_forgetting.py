"""What is past keeping goes, and what is not stays."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.db import connection
from django.db.models import Model
from django.test.utils import CaptureQueriesContext
from psycopg import Connection as Database

from integration.set_up import new_connection
from isthmus.connections import news
from isthmus.connections.models import Alert, App, Letter, SignInAttempt
from isthmus.profiles import database, upkeep
from isthmus.profiles.keeping import Keeping
from isthmus.worker import forgetting
from isthmus.worker.housekeeping import Housekeeping

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)
KEEPING = Keeping(outcomes_days=10, log_days=20)


def ago(days: float) -> datetime:
    return NOW - timedelta(days=days)


def names(model: type[Model], field: str) -> set[str]:
    return set(model._default_manager.values_list(field, flat=True))  # noqa: SLF001


def keep() -> None:
    forgetting.forget(NOW, KEEPING)


@pytest.mark.usefixtures("store")
def test_letters_go_once_they_wait_no_longer() -> None:
    for key, written, more in (
        ("sent", 11, {"sent_at": ago(11)}),
        ("given up", 11, {"given_up_at": ago(1)}),
        ("waits", 40, {}),
        ("young", 9, {"sent_at": ago(9)}),
    ):
        Letter.objects.create(channel="email", key=key, written_at=ago(written), **more)
    keep()
    assert names(Letter, "key") == {"waits", "young"}


@pytest.mark.usefixtures("store")
def test_alerts_go_some_time_after_they_were_closed() -> None:
    for about, opened, closed in (("old", 50, 21), ("young", 50, 19), ("open", 50, None)):
        Alert.objects.create(
            kind="late",
            about=about,
            opened_at=ago(opened),
            closed_at=None if closed is None else ago(closed),
        )
    keep()
    assert names(Alert, "about") == {"young", "open"}


@pytest.mark.usefixtures("store")
def test_what_was_taken_as_usual_stays_as_long_as_runs_are_compared_with_it() -> None:
    for about, closed in (("over", 101), ("compared", 99)):
        facts = {"taken_by": "ann", "since_part": 1}
        Alert.objects.create(
            kind="few", about=about, opened_at=ago(50), closed_at=ago(closed), facts=facts
        )
    keep()
    assert names(Alert, "about") == {"compared"}


@pytest.mark.usefixtures("store")
def test_sign_ins_that_were_begun_long_ago_go() -> None:
    app = App.objects.create(name="one", client_id="x")
    for name, days in (("old", 21), ("young", 19)):
        SignInAttempt.objects.create(
            state_digest=name,
            session_digest="",
            connection=new_connection(name),
            app=app,
            login_url="https://login.salesforce.com",
            redirect_uri="",
            sealed_verifier=b"",
            begun_by="ann",
            begun_at=ago(days),
        )
    keep()
    assert names(SignInAttempt, "state_digest") == {"young"}


@pytest.mark.usefixtures("store")
def test_browser_sessions_go_when_they_end() -> None:
    for key, days in (("over", 0.1), ("goes on", -0.1)):
        Session.objects.create(session_key=key, session_data="", expire_date=ago(days))
    keep()
    assert names(Session, "session_key") == {"goes on"}


@pytest.mark.usefixtures("store")
def test_many_rows_go_a_few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forgetting, "BATCH", 3)
    for number in range(10):
        Session.objects.create(session_key=str(number), session_data="", expire_date=ago(1))
    with CaptureQueriesContext(connection) as captured:
        keep()
    assert Session.objects.count() == 0
    statements = [each["sql"] for each in captured.captured_queries]
    assert sum(each.startswith('DELETE FROM "django_session"') for each in statements) == 4


def test_news_that_nobody_took_for_a_day_goes(store: Database[Any]) -> None:
    for key in ("old", "young"):
        news.tell(new_connection(key).id)
    store.execute(
        "UPDATE procrastinate_events SET at = at - interval '25 hours' "
        "WHERE job_id = (SELECT min(id) FROM procrastinate_jobs)"
    )
    with database.connected() as session:
        forgetting.forget_news(session)
    assert store.execute("SELECT count(*) FROM procrastinate_jobs").fetchone() == (1,)


def test_that_it_was_done_is_noted(store: Database[Any]) -> None:
    Housekeeping().keep()
    assert upkeep.last(store, upkeep.TIDIED) is not None
