"""A store as pages meet it after years: many profiles, many runs, and a run that met problems."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from psycopg import Connection

from bench import import_first

LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
RUNS = 10_000
ORG_ID = "00DgL0000000001UAA"  # localorg's
PROBLEMS = 100_000
EMAIL, PASSWORD = "administrator@example.com", "a quiet harbour"

_PROFILES = """
INSERT INTO store.profile (profile_id, p_salesforce_id, p_email, p_first_name, p_last_name, p_title,
    p_company, p_phone, p_street, p_city, p_postal_code, p_country, p_sources, p_industry,
    p_revenue, p_employees, p_newsletter, made_by, made_on)
SELECT
    uuidv7(), ARRAY['00Q' || to_char(n, 'FM000000000000') || 'ZZZ'],
    'person' || n || '@example.com',
    'First ' || n %% 5000, 'Last ' || n, 'Title ' || n %% 300, 'Company ' || n %% 9000,
    '+31 20 ' || n, 'Long street ' || n, 'City ' || n %% 900, 'PC ' || n %% 9000,
    (ARRAY['Netherlands', 'Germany', 'France', 'Norway'])[1 + n %% 4], ARRAY['Web', 'Fair'],
    'Industry ' || n %% 30, n, n %% 1000, n %% 2 = 0, %(goal)s, current_date - n %% 300
FROM generate_series(1, %(count)s) AS n
"""

_IDENTIFIERS = """
INSERT INTO store.identifier (property, value, profile_id)
SELECT property, value COLLATE "C", profile_id
FROM (
    SELECT %(ids)s AS property, p_salesforce_id[1] AS value, profile_id FROM store.profile
    UNION ALL
    SELECT %(emails)s, p_email, profile_id FROM store.profile
) AS held
ORDER BY 1, 2
"""

_LINKS = """
INSERT INTO store.record_link (record_id, goal, profile_id, object, stamp, hash, version)
SELECT p_salesforce_id[1], %(goal)s, profile_id, 'Lead', now() - interval '1 day', 0, 0
FROM store.profile ORDER BY 1
"""

_EXCHANGED = (
    """
    INSERT INTO store.exchanged_profile (profile_id, connection, goal, again, day, exported, made)
    SELECT profile_id, %(connection)s, made_by, 0, made_on, false, true FROM store.profile
    """,
    """
    INSERT INTO store.exchanged_sum (day, connection, goal, profiles, firsts, exported)
    SELECT day, connection, goal, count(*), count(*), exported
    FROM store.exchanged_profile
    GROUP BY day, connection, goal, exported
    """,
)

_RUNS = """
INSERT INTO connections_run (connection_id, number, state, "full", goal_keys, asked_by,
    confirmed_by, queued_at, started_at, finished_at, fence, api_calls, message,
    preview, "only")
SELECT %(connection)s, n, CASE WHEN n = %(last)s THEN 'problems' ELSE 'finished' END, false, '[]',
    'benchmark', '', at, at, at + interval '9 seconds', 1, 12, '', false, ''
FROM generate_series(1, %(last)s) AS n
CROSS JOIN LATERAL (SELECT now() - (%(last)s - n + 1) * interval '10 minutes' AS at) AS moment
"""

_RUN_GOALS = """
INSERT INTO connections_rungoal (run_id, goal_id, key, direction, state, counts, jobs, seconds,
    step, done, tries, started_at, finished_at, message)
SELECT id, %(goal)s, 'leads_in', 'import', state,
    jsonb_build_object('received', 3 * %(problems)s, 'created', 0, 'updated', 2 * %(problems)s,
        'unchanged', 0, 'removed', 0, 'skipped', jsonb_build_object('duplicate', %(problems)s),
        'failed', '{}'::jsonb,
        'problems', CASE WHEN number = %(last)s THEN %(problems)s ELSE 0 END),
    '[]', '{"ask": 1.5, "fetch": 2.0, "merge": 5.5}', '', 3 * %(problems)s, 1, started_at,
    finished_at, ''
FROM connections_run ORDER BY number
"""

_TRACES = (
    """
    INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome, reason)
    SELECT profile_id, %(part)s, record_id, outcome,
        CASE outcome WHEN 'skipped' THEN 'duplicate' END
    FROM (SELECT profile_id, record_id FROM store.record_link LIMIT %(problems)s) AS link
    CROSS JOIN unnest(ARRAY['updated', 'updated', 'skipped']) AS outcome
    """,
    """
    INSERT INTO store.run_problem (profile_id, run_goal, record_id, field, property, code, message,
        value)
    SELECT profile_id, %(part)s, record_id, 'NumberOfEmployees', 'employees', 'not_a_whole_number',
        'The value of NumberOfEmployees is no whole number', 'about ' || record_id
    FROM store.record_link LIMIT %(problems)s
    """,
    """
    INSERT INTO store.change (profile_id, run_goal, record_id, old)
    SELECT profile_id, %(part)s, record_id, jsonb_build_object('title', 'before', 'city', NULL)
    FROM (SELECT profile_id, record_id FROM store.record_link LIMIT %(problems)s) AS link
    CROSS JOIN generate_series(1, 3)
    """,
)


@dataclass(frozen=True, kw_only=True)
class Busy:
    """What there is to look at: what the places in addresses are filled with."""

    places: dict[str, str]
    under_way: int  # number of the run that the worker will work on


MANY_ROWS = 500
MANY_GOAL = "many"


@contextmanager
def filled(address: str, size: int) -> Iterator[Busy]:
    """Fill the store that Django is set up for with `size` profiles and all that they went through.

    `address` is the org's. Nothing of the org's records is in the store yet.
    """
    from isthmus.connections.models import App, Goal, RunGoal
    from isthmus.profiles import database

    import_first.set_up(address)
    user_id = _people_and_segments()
    goal = Goal.objects.get()
    # As after an import long ago: the org's leads have all changed since, and none is missing.
    goal.read_until, goal.read_version = LONG_AGO, goal.version
    goal.save()
    problems = min(PROBLEMS, size)
    given: dict[str, Any] = {
        "count": size,
        "goal": goal.id,
        "connection": goal.connection_id,
        "last": RUNS,
        "problems": problems,
    }
    _many_rows(goal)
    _calls(goal.connection)
    with database.connected() as session:
        session.execute("SET work_mem = '512MB'")
        session.execute(_PROFILES.encode(), given)
        session.execute(_IDENTIFIERS, _numbers())
        for statement in (_LINKS, *_EXCHANGED, _RUNS, _RUN_GOALS):
            session.execute(statement.encode(), given)
        given["part"] = RunGoal.objects.get(run__number=RUNS).id
        for statement in _TRACES:
            session.execute(statement.encode(), given)
        _tidy(session)
        row = session.execute(
            "SELECT profile_id, record_id FROM store.change ORDER BY random() LIMIT 1"
        ).fetchone()
        action = session.execute("SELECT action FROM store.audit LIMIT 1").fetchone()
    assert row is not None  # noqa: S101 - as many as there are problems
    assert action is not None  # noqa: S101 - what was set up above
    places = {
        "user_id": user_id,
        "profile_id": row[0],
        "record_id": row[1],
        "connection_key": "org",
        "goal_key": "leads_in",
        "property_key": "city",
        "segment_key": "dutch",
        "type_key": "salesforce",
        "number": RUNS,
        "authorization_id": goal.connection.authorization_id,
        "alert_id": 1,
        "action_id": action[0],
        "org_id": ORG_ID,
        "app_id": App.objects.create(name="Marketing", client_id="localorg").id,
    }
    yield Busy(places={name: str(value) for name, value in places.items()}, under_way=RUNS + 1)


def _many_rows(goal: Any) -> None:
    """Another goal of 500 rows over 500 fields, with what is known of them: nothing is asked."""
    from dataclasses import replace

    from django.utils import timezone

    from isthmus.connections.models import KnownObject
    from isthmus.domain.goals import ImportField
    from isthmus.domain.objects import OBJECTS

    field = {"type": "string", "length": 255, "filterable": True}
    fields = [
        {**field, "name": f"Many_{n}__c", "label": f"Many things number {n}"}
        for n in range(MANY_ROWS)
    ]
    for of in OBJECTS.values():
        KnownObject.objects.update_or_create(
            authorization=goal.connection.authorization,
            sobject=of.name,
            defaults={
                "described_at": timezone.now(),
                "description": {"name": of.sobject, "fields": fields},
                "samples": {
                    each["name"]: [f"{each['label']} {n}" for n in range(3)] for each in fields
                },
                "records": 1_000_000,
            },
        )
    rows = tuple(ImportField(field=str(each["name"]), property="city") for each in fields)
    many = replace(goal.definition, key=MANY_GOAL, name="Many rows", fields=rows, active=False)
    goal.connection.goals.create(
        key=MANY_GOAL, direction=goal.direction, position=2, document=many.plain()
    )


def _calls(connection: Any) -> None:
    """API calls of each hour that counts, and a schedule: when it runs next is on many pages."""
    from datetime import timedelta

    from django.utils import timezone

    from isthmus.connections.models import Org, OrgCalls

    now = timezone.now()
    org = Org.objects.create(
        org_id=ORG_ID, calls_limit=1_000_000, calls_used=90_000, others_used=60_000, measured_at=now
    )
    hour = now.replace(minute=0, second=0, microsecond=0)
    OrgCalls.objects.bulk_create(
        OrgCalls(org=org, connection=connection.id, hour=hour - timedelta(hours=n), calls=1_200)
        for n in range(24)
    )
    connection.org_id = ORG_ID
    connection.schedule = {"days": ["mon"], "at": ["06:00"], "timezone": "Europe/Amsterdam"}
    connection.save()


def _people_and_segments() -> int:
    from isthmus.domain.roles import Role
    from isthmus.people import accounts
    from isthmus.profiles.models import Segment

    Segment.objects.create(
        key="dutch",
        name="Dutch readers",
        where={
            "all": [
                {"property": "country", "is": ["Netherlands"]},
                {"property": "newsletter", "is": True},
            ]
        },
    )
    user = accounts.add(EMAIL, PASSWORD, role=Role.ADMINISTRATOR, sees_personal_data=True)
    for number in range(30):
        accounts.add(f"viewer{number}@example.com", PASSWORD, role=Role.VIEWER)
    return user.id


def _numbers() -> dict[str, int]:
    from isthmus.profiles import properties

    numbers = properties.numbers()
    return {"ids": numbers["salesforce_id"], "emails": numbers["email"]}


def _tidy(session: Connection[Any]) -> None:
    session.execute("VACUUM (ANALYZE)")
    session.execute("CHECKPOINT")
