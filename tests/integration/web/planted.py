"""A small world whose every page can be asked for, with personal values that are easy to find."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.utils import timezone
from psycopg import Connection, sql

from integration.set_up import new_connection, new_goal
from isthmus.connections import calls
from isthmus.connections.calls import OrgAllowance
from isthmus.connections.models import App, Run, RunGoal, RunState
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.objects import OBJECTS
from isthmus.domain.properties import Normalise, PropertyDefinition, PropertyType
from isthmus.profiles import properties
from isthmus.profiles.models import Segment
from isthmus.salesforce import Usage

EMAIL, NAME = "zinnia.planted@example.com", "Zinnia Plantedname"
SECRETS = ("zinnia.planted", "Plantedname")
"""No page may show these to somebody without the right to see personal data."""

RECORD = "00Q000000000001AAA"


@dataclass(frozen=True, kw_only=True)
class World:
    """What there is to ask for."""

    profile_id: UUID
    connection: Any
    goal: Any
    run: Run
    run_goal: RunGoal
    app: App
    action_id: UUID  # of the audit log

    def named(self, pattern: str, user_id: int) -> dict[str, Any]:
        """What to fill an address's places with."""
        places = {
            "user_id": user_id,
            "profile_id": self.profile_id,
            "connection_key": self.connection.key,
            "goal_key": self.goal.key,
            "number": self.run.number,
            "property_key": "email",
            "segment_key": "dutch",
            "record_id": RECORD,
            "type_key": "salesforce",
            "app_id": self.app.id,
            "action_id": self.action_id,
            "authorization_id": self.connection.authorization_id,
            "alert_id": 1,
            "org_id": self.connection.org_id,
        }
        return {name: value for name, value in places.items() if f":{name}>" in pattern}


def plant(session: Connection[Any]) -> World:
    """Make properties, a profile, a segment, and a connection with a run that met problems."""
    _properties()
    Segment.objects.create(
        key="dutch", name="Dutch customers", where={"property": "country", "is": ["NL"]}
    )
    profile_id = _profile(session)
    connection = new_connection("acme")
    goal = new_goal(
        connection,
        ImportGoal(
            key="leads_in",
            name="Import leads",
            object=OBJECTS["Lead"],
            match=(MatchRow(field="Email", identifier="email"),),
            fields=(ImportField(field="Name", property="full_name"),),
        ),
    )
    now = timezone.now()
    run = Run.objects.create(
        connection=connection,
        number=1,
        state=RunState.PROBLEMS,
        asked_by="bob@example.com",
        started_at=now,
        finished_at=now,
    )
    part = RunGoal.objects.create(
        run=run,
        goal=goal,
        key=goal.key,
        direction=goal.direction,
        state=RunState.PROBLEMS,
        counts={"received": 1, "updated": 1, "problems": 1},
        started_at=now,
        finished_at=now,
    )
    app = App.objects.create(name="Isthmus", client_id="planted.key")
    logged = session.execute("SELECT action FROM store.audit WHERE kind = 'goal'").fetchone()
    assert logged is not None
    world = World(
        profile_id=profile_id,
        connection=connection,
        goal=goal,
        run=run,
        run_goal=part,
        app=app,
        action_id=logged[0],
    )
    _traces(session, world)
    calls.measure(connection.org_id, Usage(used=40, maximum=5_000))
    OrgAllowance(connection.id).take(connection.org_id)
    return world


def _properties() -> None:
    for definition in (
        PropertyDefinition(
            key="email",
            label="Email",
            type=PropertyType.EMAIL,
            identifier=True,
            personal=True,
            normalise=Normalise.LOWERCASE,
        ),
        PropertyDefinition(key="full_name", label="Name", personal=True),
        PropertyDefinition(key="country", label="Country"),
    ):
        properties.save_property(definition)


def _profile(session: Connection[Any]) -> UUID:
    row = session.execute(
        "INSERT INTO store.profile (p_email, p_full_name, p_country) VALUES (%s, %s, 'NL')"
        " RETURNING profile_id",
        [EMAIL, NAME],
    ).fetchone()
    assert row is not None
    session.execute(
        "INSERT INTO store.identifier (profile_id, property, value) VALUES (%s, %s, %s)",
        [row[0], properties.numbers()["email"], EMAIL],
    )
    return UUID(str(row[0]))


def _traces(session: Connection[Any], world: World) -> None:
    names = {
        "profile": world.profile_id,
        "part": world.run_goal.id,
        "goal": world.goal.id,
        "connection": world.connection.id,
        "record": RECORD,
        "value": NAME,
        "message": f"Name '{NAME}' does not fit",
    }
    for statement in (
        (
            "INSERT INTO store.run_record (profile_id, run_goal, record_id, outcome)"
            " VALUES (%(profile)s, %(part)s, %(record)s, 'updated')"
        ),
        (
            "INSERT INTO store.run_problem"
            " (profile_id, run_goal, record_id, field, property, code, message, value)"
            " VALUES (%(profile)s, %(part)s, %(record)s, 'Name', 'full_name', 'not_a_date',"
            " %(message)s, %(value)s)"
        ),
        (
            "INSERT INTO store.change (profile_id, run_goal, record_id, old)"
            " VALUES (%(profile)s, %(part)s, %(record)s,"
            " jsonb_build_object('full_name', %(value)s::text))"
        ),
        (
            "INSERT INTO store.record_link (profile_id, goal, record_id, object)"
            " VALUES (%(profile)s, %(goal)s, %(record)s, 'Lead')"
        ),
        (
            "INSERT INTO store.exchanged_profile"
            " (profile_id, connection, goal, again, day, exported)"
            " VALUES (%(profile)s, %(connection)s, %(goal)s, 0, now(), false)"
        ),
        (
            "INSERT INTO store.exchanged_sum (connection, goal, day, profiles, firsts, exported)"
            " VALUES (%(connection)s, %(goal)s, now(), 1, 1, false)"
        ),
    ):
        session.execute(sql.SQL(statement), names)
