"""A store and an org that talk over HTTP, and what the tests do with both."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from integration import set_up
from isthmus.connections import secrets
from isthmus.connections.models import Authorization, Goal
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.domain.properties import Normalise, PropertyDefinition, PropertyType
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import
from isthmus.profiles import properties
from isthmus.profiles.models import Segment
from isthmus.salesforce import Salesforce
from localorg.testing import LocalOrg
from named.wire import Wire

PROPERTIES = (
    PropertyDefinition(key="ids", label="Salesforce id", list=True, identifier=True),
    PropertyDefinition(
        key="email",
        label="Email",
        type=PropertyType.EMAIL,
        identifier=True,
        normalise=Normalise.LOWERCASE,
    ),
    PropertyDefinition(key="shop", label="Shop number", identifier=True),
    PropertyDefinition(key="salesforce_objecttype", label="Object type", list=True),
    PropertyDefinition(key="title", label="Title"),
    PropertyDefinition(key="story", label="Story"),
    PropertyDefinition(key="name", label="Name"),
    PropertyDefinition(key="words", label="Words", list=True),
    PropertyDefinition(key="total", label="Total", type=PropertyType.INTEGER),
    PropertyDefinition(key="price", label="Price", type=PropertyType.DECIMAL),
    PropertyDefinition(key="seen", label="Seen", type=PropertyType.DATETIME),
    PropertyDefinition(key="wanted", label="In the segment", type=PropertyType.BOOLEAN),
)

TITLE = ImportField(field="Title", property="title")
TOTAL = ImportField(field="Total__c", property="total", rule=MergeRule.SUM)
STORY = ImportField(field="Story__c", property="story")
BY_ID = MatchRow(field="Id", identifier="ids")
BY_EMAIL = MatchRow(field="Email", identifier="email")

READ = ImportGoal(
    key="leads_in",
    name="Leads in",
    object=LEAD,
    match=(BY_ID, BY_EMAIL),
    fields=(TITLE, TOTAL),
    create_profiles=True,
)


def written(field: str, value: str, **given: Any) -> ExportField:
    """A mapping row of an export from a property."""
    return ExportField(field=field, kind=ExportKind.PROPERTY, value=value, **given)


NAME = written("LastName", "name")
EMAIL = written("Email", "email")
COMPANY = ExportField(field="Company", kind=ExportKind.TEXT, value="Acme")

WRITE = ExportGoal(
    key="leads_out",
    name="Leads out",
    object=LEAD,
    segment="members",
    match=BY_EMAIL,
    fields=(NAME, EMAIL, COMPANY, written("Title", "title")),
    create_records=True,
)

COUNTS = ("created", "updated", "unchanged", "removed")


@dataclass(kw_only=True)
class World:
    """One store and one org. The segment `members` are the profiles with `wanted`."""

    store: Connection[Any]
    org: LocalOrg
    wire: Wire
    salesforce: Salesforce
    connection: ConnectionRow

    # The org.

    def users(self, *operations: Mapping[str, Any], **given: Any) -> list[list[str]]:
        """Users write in one transaction; the ids of each operation's records."""
        answer = self.org.control("POST", "records", {"operations": operations, **given})
        assert all(each["success"] for some in answer["results"] for each in some), answer
        return [[each.get("id", "") for each in some] for some in answer["results"]]

    def add(self, sobject: str, *records: Mapping[str, Any], **given: Any) -> list[str]:
        """Users make records; their ids. The org's clock goes on by two seconds."""
        rows = [{"LastName": "Doe", **_company(sobject), **each} for each in records]
        (ids,) = self.users({"operation": "insert", "object": sobject, "records": rows}, **given)
        self.wait(2)
        return ids

    def add_leads(self, number: int, **values: Any) -> list[str]:
        """Leads with e-mails of their own, title and total 1."""
        rows = [
            {"Email": f"{each}@example.com", "Title": str(each), "Total__c": 1, **values}
            for each in range(number)
        ]
        return self.add("Lead", *rows)

    def change(self, sobject: str, record_id: str, **values: Any) -> None:
        """A user changes a record."""
        row = {"Id": record_id, **values}
        self.users({"operation": "update", "object": sobject, "records": [row]})
        self.wait(2)

    def delete(self, sobject: str, *ids: str) -> None:
        """A user puts records into the recycle bin."""
        self.users({"operation": "delete", "object": sobject, "ids": ids})
        self.wait(2)

    def wait(self, seconds: float) -> None:
        """The org's clock goes on; it stands still otherwise."""
        self.org.control("POST", "clock", {"advance_seconds": seconds})

    def fault(self, kind: str, **given: Any) -> None:
        """Let something go wrong in the org."""
        self.org.control("POST", "faults", {"kind": kind, **given})

    def happened(self) -> list[int]:
        """How often each fault happened, in the order of planning."""
        return [each["happened"] for each in self.org.control("GET", "faults")["faults"]]

    def page_size(self, records: int) -> None:
        """Bulk results come in pages of so many records."""
        self.org.control("POST", "jobs", {"page_records": records})

    def asked(self, method: str, part: str) -> int:
        """How often a path with this part was asked for."""
        return sum(
            each["method"] == method and part in each["path"] for each in self.org.requests()
        )

    def records(self, sobject: str, *fields: str, where: str = "") -> list[tuple[Any, ...]]:
        """What stands in the org, sorted."""
        condition = f" WHERE {where}" if where else ""
        # Fixed names of these tests.
        soql = f"SELECT {', '.join(fields)} FROM {sobject}{condition}"  # noqa: S608
        rows = [tuple(row[name] for name in fields) for row in self.salesforce.query(soql)]
        return sorted(rows, key=str)

    def bulk_insert(self, header: str, rows: str) -> None:
        """Many leads by one Bulk job, of CSV; the org's clock goes on."""
        bulk = self.salesforce.bulk_ingest
        job = bulk.create("Lead", "insert")
        bulk.upload(job.id, [f"{header}\n{rows}".encode()])
        bulk.close(job.id)
        assert bulk.wait(job.id).records_failed == 0
        self.wait(2)

    def count(self, sobject: str) -> int:
        """How many records there are."""
        return self.salesforce.count(f"SELECT COUNT() FROM {sobject}")  # noqa: S608

    # The store.

    def goal(self, definition: ImportGoal | ExportGoal) -> Goal:
        """A goal of the connection."""
        return set_up.new_goal(self.connection, definition)

    def read(self, goal: Goal, *, full: bool = False) -> GoalRun:
        """An import that must not fail."""
        return set_up.run(run_import, goal, self.salesforce, full=full)

    def write(self, goal: Goal, *, full: bool = False) -> GoalRun:
        """An export that must not fail."""
        return set_up.run(run_export, goal, self.salesforce, full=full)

    def profiles(self, *keys: str) -> list[tuple[Any, ...]]:
        """The values of all profiles, sorted."""
        columns = sql.SQL(", ").join(sql.Identifier(f"p_{key}") for key in keys)
        rows = self.store.execute(sql.SQL("SELECT {} FROM store.profile").format(columns))
        return sorted(rows.fetchall(), key=str)

    def number(self, table: str) -> int:
        """How many rows a table of the store has."""
        statement = sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier("store", table))
        row = self.store.execute(statement).fetchone()
        return int(row[0]) if row else 0

    def add_profile(self, *, wanted: bool = True, **values: Any) -> UUID:
        """A profile with its identifiers."""
        row = self.store.execute(
            "INSERT INTO store.profile (profile_id) VALUES (uuidv7()) RETURNING profile_id"
        ).fetchone()
        assert row is not None
        self.change_profile(row[0], wanted=wanted, **values)
        profile_id: UUID = row[0]
        return profile_id

    def add_people(self, number: int, **values: Any) -> list[UUID]:
        """Profiles with names and e-mails of their own."""
        return [
            self.add_profile(email=f"{each}@example.com", name=f"Name {each}", **values)
            for each in range(number)
        ]

    def change_profile(self, profile_id: UUID, **values: Any) -> None:
        """A person changes a profile."""
        numbers = properties.numbers()
        known = {each.key: each for each in PROPERTIES}
        for key, value in values.items():
            self.store.execute(
                sql.SQL(
                    "UPDATE store.profile SET {} = %s, updated_at = clock_timestamp() "
                    "WHERE profile_id = %s"
                ).format(sql.Identifier(f"p_{key}")),
                [value, profile_id],
            )
            if known[key].identifier:
                self._hold(profile_id, numbers[key], value)

    def _hold(self, profile_id: UUID, number: int, value: Any) -> None:
        self.store.execute(
            "DELETE FROM store.identifier WHERE profile_id = %s AND property = %s",
            [profile_id, number],
        )
        for each in value if isinstance(value, list) else [value]:
            self.store.execute(
                "INSERT INTO store.identifier (profile_id, property, value) VALUES (%s, %s, %s)",
                [profile_id, number, each],
            )

    def codes(self, goal_run: GoalRun) -> list[str]:
        """The codes of a run's problems, sorted."""
        rows = self.store.execute(
            "SELECT code FROM store.run_problem WHERE run_goal = %s ORDER BY code",
            [goal_run.run_goal.id],
        )
        return [code for (code,) in rows]

    def dump(self) -> list[list[str]]:
        """All that a run could write: profiles with their stamps, identifiers, links, journal."""
        return [sorted(map(str, self.store.execute(statement).fetchall())) for statement in _DUMPED]


_DUMPED: Sequence[Any] = (
    "SELECT * FROM store.profile",
    "SELECT * FROM store.identifier",
    "SELECT record_id, goal, profile_id, hash, reason, gone, summed, sent FROM store.record_link",
    "SELECT * FROM store.change",
)


def _company(sobject: str) -> Mapping[str, str]:
    return {"Company": "Acme"} if sobject == "Lead" else {}


def outcome(goal_run: GoalRun) -> dict[str, int]:
    """A run's counts that are not zero; skipped and failed by their reasons."""
    counts = goal_run.counts.plain()
    found = {name: counts[name] for name in COUNTS}
    found |= counts["skipped"] | counts["failed"]
    assert counts["received"] == sum(found.values())
    return {name: number for name, number in found.items() if number}


def connect(org: LocalOrg, key: str = "acme", **given: Any) -> ConnectionRow:
    """A connection to the org that can sign in by itself."""
    authorization = Authorization.objects.create(
        flow="client_credentials",
        login_url=org.url,
        client_id=org.client_id,
        sealed_secret=secrets.seal(org.client_secret),
    )
    defaults = {"overlap_seconds": 0, "settle_seconds": 0}
    return ConnectionRow.objects.create(
        key=key, name=key, authorization=authorization, **{**defaults, **given}
    )


def new_segment(key: str = "members") -> None:
    """The profiles that are wanted."""
    where = {"property": "wanted", "is": [True]}
    Segment.objects.create(key=key, name=key, where=where)


def pairs(rows: Iterable[Sequence[Any]]) -> dict[Any, Any]:
    """Rows of two columns as a dict."""
    return {row[0]: row[1] for row in rows}
