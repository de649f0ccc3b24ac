"""What somebody should look at beyond single runs, as the store shows it at a moment.

Each function reads with one or two statements, however many connections there are, and says what is
so now; `alerts` keeps what it finds.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from django.db import connection as database

from isthmus.connections import approvals, certificates, letters
from isthmus.connections.models import IMPORT
from isthmus.domain.usual import LEARNS, Amount, share_of_usual, strange, too_long
from isthmus.profiles import statements
from isthmus.salesforce import API_ENABLED

QUERIES = statements.load("isthmus.connections", "alerts.sql")


class Kind(StrEnum):
    """What an alert may be about."""

    SIGN_IN_LOST = "sign_in_lost"
    DID_NOT_START = "did_not_start"
    UNSTEADY_SIGN_IN = "unsteady_sign_in"
    NO_API = "no_api"
    CERTIFICATE_ENDS = "certificate_ends"
    TOO_MANY_SIGN_INS = "too_many_sign_ins"
    FEWER_RECORDS = "fewer_records"
    ROWS_HELD = "rows_held"
    LONG_RUN = "long_run"
    MORE_RECORDS = "more_records"
    WAITS_FOR_CALLS = "waits_for_calls"
    LETTERS_WAIT = "letters_wait"


OF_AMOUNTS: Final = (Kind.FEWER_RECORDS, Kind.MORE_RECORDS)

FAILURES: Final = (Kind.SIGN_IN_LOST, Kind.DID_NOT_START, Kind.UNSTEADY_SIGN_IN)
"""Of these nothing runs at all."""

LATE: Final = timedelta(minutes=15)
GOES_ON: Final = timedelta(minutes=10)
WAITS: Final = timedelta(hours=6)
LETTERS_WAIT: Final = timedelta(hours=1)
COMPARED: Final = timedelta(days=100)
MOST_COMPARED: Final = 400
MOST_ASKED: Final = 10_000
"""What the last 400 make look strange is asked of so many: those of every few minutes know no week
from 400."""

_AT_ONCE: Final = 10
"""Goals of which so many are read at a time."""

RUNS_IN_VAIN: Final = 3
STAYS_STRANGE: Final = timedelta(days=7)
"""After so long with other amounts they are what is usual."""

CERTIFICATE_DAYS: Final = (30, 14, 3, 0)
"""So many days before a certificate ends it is told, each time anew."""


@dataclass(frozen=True, kw_only=True)
class Sign:
    """Something that is so."""

    kind: Kind
    about: str
    connections: Sequence[int]  # row ids of those that it concerns; none: all of the store
    goal: int | None = None
    run: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def late(now: datetime) -> list[Sign]:
    """Connections that did not start in time; the longest first."""
    return [
        Sign(
            kind=Kind.DID_NOT_START,
            about=f"connection {row['connection']}",
            connections=[row["connection"]],
            run=row["run"],
            facts={"since": row["since"].isoformat(), "run": row["number"]},
        )
        for row in _rows("late", before=now - LATE)
    ]


def long_runs(now: datetime) -> Iterator[Sign]:
    """Runs under way for much longer than those before."""
    names = {"before": now - GOES_ON, "oldest": now - COMPARED, "most": MOST_COMPARED}
    for row in _rows("under_way", **names):
        starts = row["starts"]
        share = share_of_usual(row["started_at"], starts) if starts else 1.0
        took = too_long((now - row["started_at"]).total_seconds(), row["past"], share=share)
        if took is not None:
            yield Sign(
                kind=Kind.LONG_RUN,
                about=f"run {row['run']}",
                connections=[row["connection"]],
                run=row["run"],
                facts={
                    "run": row["number"],
                    "since": row["started_at"].isoformat(),
                    "usual_seconds": round(took.usual),
                    "compared": took.compared,
                },
            )


@dataclass(frozen=True, kw_only=True)
class Known:
    """What is known of a goal's amounts: from which part on they count, or up to which."""

    usual_from: Mapping[int, int] = field(default_factory=dict)  # somebody took these as usual
    strange_from: Mapping[int, int] = field(default_factory=dict)  # these are told of already


def amounts(now: datetime, since: datetime, known: Known) -> list[Sign]:
    """Goals whose last run got far fewer or more records than usual.

    Looked at are those with a result since then, and those that are told of already.
    """
    goals = [row["goal"] for row in _rows("goals", since=since, kinds=list(OF_AMOUNTS))]
    looked = _found(goals, now - COMPARED, MOST_COMPARED, known, timedelta())
    suspected = [sign.goal for sign in looked if sign.goal is not None]
    return [
        sign
        for place in range(0, len(suspected), _AT_ONCE)
        for sign in _found(
            suspected[place : place + _AT_ONCE], now - COMPARED, MOST_ASKED, known, LEARNS
        )
    ]


def _found(
    goals: Sequence[int], oldest: datetime, most: int, known: Known, learns: timedelta
) -> list[Sign]:
    found: dict[int, list[dict[str, Any]]] = defaultdict(list)
    names = {"goals": list(goals), "oldest": oldest, "most": most}
    for row in _rows("amounts", **names) if goals else ():
        found[row["goal"]].append(row)
    signs = (amount(goal, parts, known, learns) for goal, parts in found.items())
    return [sign for sign in signs if sign is not None]


def amount(
    goal: int, parts: Sequence[Mapping[str, Any]], known: Known, learns: timedelta
) -> Sign | None:
    """What is strange about the goal's last comparable part; `parts` come newest first."""
    like = list(_comparable(parts))
    if not like:
        return None
    last, begin = like[0], known.strange_from.get(goal, like[0]["part"])
    past = [each for each in like[1:] if each["part"] < begin]
    past = [each for each in past if each["part"] >= known.usual_from.get(goal, 0)]
    found = strange(_of(last), [_of(each) for each in past], learns=learns)
    if found is None:
        return None
    return Sign(
        kind=Kind.MORE_RECORDS if found.is_more else Kind.FEWER_RECORDS,
        about=f"goal {goal}",
        connections=[last["connection"]],
        goal=goal,
        run=last["run"],
        facts={
            "run": last["number"],
            "records": last["received"],
            "usual": found.usual,
            "compared": found.compared,
            "since_part": begin,
        },
    )


def _comparable(parts: Sequence[Mapping[str, Any]]) -> Iterator[Mapping[str, Any]]:
    """Parts that took the same kind of records, back to the last change of the goal's set-up.

    An import that takes everything says nothing about what changed. Where nobody asked for it, it
    was the first, or the set-up had changed. An export always looks at all members.
    """
    for part in parts:
        if part["direction"] == IMPORT:
            if part["is_whole"] and not part["is_full"]:
                return
            if part["is_whole"]:
                continue
        elif part["version"] != parts[0]["version"]:
            return
        yield part


def _of(part: Mapping[str, Any]) -> Amount:
    return Amount(records=part["received"], at=part["finished_at"], seconds=part["seconds"])


def held() -> Iterator[Sign]:
    """Exports with rows that Salesforce refused again and again."""
    for row in _rows("held"):
        yield Sign(
            kind=Kind.ROWS_HELD,
            about=f"goal {row['goal']}",
            connections=[row["connection"]],
            goal=row["goal"],
            run=row["run"],
            facts={
                "rows": row["rows"],
                "run": row["number"],
                "code": row["code"] or "",
                "failures": row["failures"] or 0,
            },
        )


def sign_ins(now: datetime) -> Iterator[Sign]:
    """Sign-ins that are lost or about to be."""
    for row in _rows("sign_ins", api_enabled=API_ENABLED):
        about, connections = f"authorization {row['authorization']}", row["connections"]
        if row["lost_at"] is not None:
            yield Sign(
                kind=Kind.SIGN_IN_LOST,
                about=about,
                connections=connections,
                facts={"since": row["lost_at"].isoformat()},
            )
            continue
        if row["lacks_api"]:
            yield Sign(kind=Kind.NO_API, about=about, connections=connections)
        ends = _ends_at(row["certificate"]) if row["certificate"] else None
        if ends is not None and (days := _days_left(ends, now)) is not None:
            # Each of the days has an alert of its own, so that each is told.
            yield Sign(
                kind=Kind.CERTIFICATE_ENDS,
                about=f"{about} within {days} days",
                connections=connections,
                facts={"ends": ends.isoformat(), "ended": ends <= now},
            )


def _days_left(ends: datetime, now: datetime) -> int | None:
    """The least of the days at which it is told that has come; None: none has."""
    come = [each for each in CERTIFICATE_DAYS if ends - now <= timedelta(days=each)]
    return come[-1] if come else None


@lru_cache(maxsize=4096)
def _ends_at(certificate: str) -> datetime | None:
    try:
        return certificates.ends_at(certificate)
    except ValueError:
        return None


def crowded() -> Iterator[Sign]:
    """Users with more sign-ins by browser than Salesforce keeps."""
    for row in _rows("crowded", most=approvals.MOST):
        yield Sign(
            kind=Kind.TOO_MANY_SIGN_INS,
            about=f"authorization {row['authorization']}",
            connections=row["connections"],
            facts={"sign_ins": row["sign_ins"]},
        )


def unsteady() -> Iterator[Sign]:
    """Connections that got no further than signing in, several times in a row."""
    for row in _rows("unsteady", runs=RUNS_IN_VAIN):
        yield Sign(
            kind=Kind.UNSTEADY_SIGN_IN,
            about=f"connection {row['connection']}",
            connections=[row["connection"]],
            run=row["run"],
            facts={"run": row["number"], "since": row["since"].isoformat(), "runs": RUNS_IN_VAIN},
        )


def waiting(now: datetime) -> Iterator[Sign]:
    """Runs that have waited for API calls for long."""
    for row in _rows("waiting", before=now - WAITS):
        yield Sign(
            kind=Kind.WAITS_FOR_CALLS,
            about=f"run {row['run']}",
            connections=[row["connection"]],
            run=row["run"],
            facts={"run": row["number"], "since": row["since"].isoformat()},
        )


def waiting_letters(now: datetime) -> Iterator[Sign]:
    """Channels by which somebody has been told nothing for a while. Of the store as a whole."""
    for each in letters.standing():
        waits = each.trouble and each.oldest is not None and each.oldest < now - LETTERS_WAIT
        lost = each.lost
        since = [at for at in (each.oldest if waits else None, lost.since) if at is not None]
        if since:
            yield Sign(
                kind=Kind.LETTERS_WAIT,
                about=f"letters by {each.channel}",
                connections=[],
                facts={
                    "channel": each.channel,
                    "waiting": each.waiting if waits else 0,
                    "lost": lost.letters,
                    "missed": lost.addresses,
                    "since": min(since).isoformat(),
                },
            )


def _rows(block: str, **names: Any) -> Iterable[dict[str, Any]]:
    with database.cursor() as cursor:
        cursor.execute(QUERIES[block], names)
        columns = [column.name for column in cursor.description]
        return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
