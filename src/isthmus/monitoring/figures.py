"""The figures by name: what there is to say of an installation, in the words of Prometheus."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from psycopg import Connection

import isthmus
from isthmus.domain.counts import GoalCounts
from isthmus.profiles import database, statements, upkeep

QUERIES = statements.load("isthmus.monitoring")

MOST_CONNECTIONS = 1_000
MOST_GOALS = 1_000
"""With more of them there would be more series than anybody looks at, and than are served in time:
all connections are counted, and those (or their goals) beyond are left out by name."""

SETTINGS = "-c statement_timeout=4s"

Labels = tuple[str, ...]
Samples = Iterable[tuple[Labels, float]]
Session = Connection[Any]

OPEN = ("queued", "running", "confirming", "waiting", "stopping")
ENDED = ("finished", "problems", "failed", "stopped")


@dataclass(frozen=True, kw_only=True)
class Figure:
    """One name, what it says, and how its values are told apart."""

    name: str
    help: str
    labels: Labels = ()
    counts: bool = False  # it only ever grows

    def family(self, samples: Samples) -> Metric:
        """Itself with its values."""
        kind = CounterMetricFamily if self.counts else GaugeMetricFamily
        made = kind(self.name, self.help, labels=self.labels)
        for labels, value in samples:
            made.add_metric(labels, value)
        return made


def _gauge(name: str, words: str, *labels: str) -> Figure:
    return Figure(name=f"isthmus_{name}", help=words, labels=labels)


BUILD = _gauge("build_info", "Always 1; the version that answers.", "version")
UP = _gauge("database_up", "1 where the database answers, else 0: then there is nothing more.")
SIZE = _gauge("database_size_bytes", "What the database takes on disk.")
PROFILES = _gauge("profiles", "Profiles, as the database estimates them.")
WORKERS = _gauge("workers", "Workers that stand ready or work.")
PROBLEMS = _gauge("run_problems", "Problems of runs that are kept, as the database estimates them.")
HELD = _gauge("held", "1 where the store was restored and waits for isthmus resume, else 0.")
BACKUP = _gauge("last_backup_timestamp_seconds", "When isthmus backup last ended well.")
TIDIED = _gauge("last_housekeeping_timestamp_seconds", "When a worker last kept house.")
CONNECTIONS = _gauge("connections", "Connections: on, off, or signed_out of Salesforce.", "state")
RUNS = Figure(
    name="isthmus_runs", help="Runs that have ended, by how.", labels=("state",), counts=True
)
OPEN_RUNS = _gauge("open_runs", "Runs that have not ended, by how they stand.", "state")
OPEN_AGE = _gauge(
    "oldest_open_run_age_seconds",
    "For how long the oldest of them has been queued or under way.",
    "state",
)
LAST_END = _gauge(
    "last_run_end_timestamp_seconds", "When a connection's last run ended.", "connection"
)
LAST_STATE = _gauge(
    "last_run_state", "1 for how a connection's last run ended.", "connection", "state"
)
LAST_SECONDS = _gauge(
    "last_run_duration_seconds", "How long a connection's last run took.", "connection"
)
LAST_CALLS = _gauge(
    "last_run_api_calls", "API calls that a connection's last run made.", "connection"
)
LAST_RECORDS = _gauge(
    "last_run_records",
    "Records of a goal in its connection's last run: received, written, skipped, failed.",
    "connection",
    "goal",
    "direction",
    "outcome",
)
LEFT_OUT = _gauge("goals_left_out", "1 where there are too many goals for all to be shown, else 0.")
CALLS_USED = _gauge(
    "org_api_calls_used", "API calls of an org in 24 hours, by everybody, as measured last.", "org"
)
CALLS_LIMIT = _gauge("org_api_calls_limit", "API calls that an org has in 24 hours.", "org")
CALLS_AT = _gauge(
    "org_api_calls_measured_timestamp_seconds", "When Salesforce last said so.", "org"
)
LETTERS = _gauge("letters_waiting", "E-mails and webhooks that are still to be sent.", "channel")
LETTER_AGE = _gauge(
    "oldest_waiting_letter_age_seconds", "For how long the oldest of them has waited.", "channel"
)
ALERTS = _gauge("open_alerts", "Alerts that are open, by kind.", "kind")

ALL = tuple(each for each in list(globals().values()) if isinstance(each, Figure))


class Collector:
    """Asks the database each time it is asked: any process gives the same figures."""

    def collect(self) -> Iterator[Metric]:
        """All figures; without a database only that there is none."""
        yield BUILD.family([((isthmus.__version__,), 1.0)])
        try:
            with database.connected(application="isthmus metrics", settings=SETTINGS) as session:
                found = [made for part in _PARTS for made in part(session)]
        except database.DatabaseGone:
            yield UP.family([((), 0.0)])
            return
        yield UP.family([((), 1.0)])
        yield from found

    def describe(self) -> list[Metric]:
        """Nothing: a registry would otherwise collect all to learn the names."""
        return []


def _rows(session: Session, name: str, **names: object) -> list[Any]:
    return session.execute(QUERIES[name], names).fetchall()


def _store(session: Session) -> Iterator[Metric]:
    size, profiles, workers, problems = _rows(session, "store")[0]
    for figure, value in ((SIZE, size), (PROFILES, profiles), (WORKERS, workers)):
        yield figure.family([((), float(value))])
    yield PROBLEMS.family([((), float(problems))])
    noted = dict(_rows(session, "upkeep"))
    yield HELD.family([((), float(upkeep.HELD in noted))])
    for figure, what in ((BACKUP, upkeep.BACKUP), (TIDIED, upkeep.TIDIED)):
        yield figure.family([((), noted[what])] if what in noted else [])


def _connections(session: Session) -> Iterator[Metric]:
    yield CONNECTIONS.family(_of(_rows(session, "connections"), ("on", "off", "signed_out")))


def _runs(session: Session) -> Iterator[Metric]:
    yield RUNS.family(_of(_rows(session, "ended"), ENDED))
    rows = _rows(session, "open")
    yield OPEN_RUNS.family(_of([row[:2] for row in rows], OPEN))
    yield OPEN_AGE.family(_of([(state, age) for state, _, age in rows], OPEN))


def _last_runs(session: Session) -> Iterator[Metric]:
    rows = _rows(session, "last_runs", most=MOST_CONNECTIONS)
    yield LAST_END.family(((key,), ended) for key, _, _, ended, _, _ in rows)
    yield LAST_STATE.family(((key, state), 1.0) for key, _, state, _, _, _ in rows)
    yield LAST_SECONDS.family(
        ((key,), seconds) for key, _, _, _, seconds, _ in rows if seconds is not None
    )
    yield LAST_CALLS.family(((row[0],), float(row[-1])) for row in rows)
    keys = {row[1]: row[0] for row in rows}
    goals = _rows(session, "last_goals", runs=list(keys), most=MOST_GOALS + 1)
    yield LEFT_OUT.family([((), float(len(goals) > MOST_GOALS))])
    yield LAST_RECORDS.family(
        ((keys[run], goal, direction, outcome), number)
        for run, goal, direction, counts in goals[:MOST_GOALS]
        for outcome, number in _records(counts).items()
    )


def _records(counts: Mapping[str, Any]) -> dict[str, float]:
    known = GoalCounts.from_plain(dict(counts))
    return {
        "received": float(known.received),
        "written": float(known.created + known.updated + known.removed),
        "skipped": float(known.skipped.total()),
        "failed": float(known.failed.total()),
    }


def _orgs(session: Session) -> Iterator[Metric]:
    rows = _rows(session, "orgs", most=MOST_CONNECTIONS)
    for place, figure in enumerate((CALLS_USED, CALLS_LIMIT, CALLS_AT), 1):
        yield figure.family(((row[0],), row[place]) for row in rows if row[place] is not None)


def _letters(session: Session) -> Iterator[Metric]:
    rows, channels = _rows(session, "letters"), ("email", "webhook")
    yield LETTERS.family(_of([row[:2] for row in rows], channels))
    yield LETTER_AGE.family(_of([(channel, age) for channel, _, age in rows], channels))
    yield ALERTS.family(((kind,), float(number)) for kind, number in _rows(session, "alerts"))


def _of(rows: Sequence[tuple[str, float]], known: Labels) -> Samples:
    """A value for each that there can be: what does not happen is 0, not absent."""
    found = dict(rows)
    return [((each,), float(found.get(each, 0.0))) for each in known]


_PARTS: tuple[Callable[[Session], Iterator[Metric]], ...] = (
    _store,
    _connections,
    _runs,
    _last_runs,
    _orgs,
    _letters,
)
