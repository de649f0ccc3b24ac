"""What a preview says, beside what the run then does."""

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from integration import set_up
from isthmus.connections import previews
from isthmus.connections.models import IMPORT, Goal, RunState
from isthmus.connections.previews import Preview
from isthmus.connections.runs import GoalRun
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import

SET_UP = ("goal", "connection", "authorization")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Profiles = Mapping[UUID, Mapping[str, Any]]


def engine(goal: Goal) -> Any:
    """What runs the goal."""
    return run_import if goal.direction == IMPORT else run_export


def everything(connection: Connection[Any]) -> dict[str, list[str]]:
    """All rows of the store and of the set-up, as texts."""
    tables = connection.execute(
        "SELECT schemaname, tablename FROM pg_tables WHERE schemaname = 'store' ORDER BY 1, 2"
    ).fetchall()
    tables += [("public", f"connections_{name}") for name in SET_UP]
    tables += [("public", "profiles_property"), ("public", "profiles_segment")]
    found = {}
    for schema, table in tables:
        statement = sql.SQL("SELECT t::text FROM {} AS t ORDER BY 1").format(
            sql.Identifier(schema, table)
        )
        found[table] = [text for (text,) in connection.execute(statement)]
    return found


def profiles(connection: Connection[Any]) -> dict[UUID, dict[str, Any]]:
    """The values of all profiles by property, as JSON has them."""
    rows = connection.execute("SELECT profile_id, to_jsonb(p) FROM store.profile AS p")
    return {
        profile_id: {
            name.removeprefix("p_"): value
            for name, value in values.items()
            if name.startswith("p_") and value is not None
        }
        for profile_id, values in rows
    }


def preview(goal: Goal, salesforce: Any, *, full: bool = False) -> Preview:
    """Work off a preview of the goal, and look at it."""
    goal_run = set_up.start(goal, salesforce, full=full, preview=True)
    engine(goal)(goal_run)
    row = goal_run.run_goal
    row.counts, row.state = goal_run.counts.plain(), RunState.FINISHED
    row.save()
    found = previews.latest(goal)
    assert found is not None
    assert found.part.id == row.id
    return found


@dataclass(kw_only=True)
class Foretold:
    """A preview, and what was there when it was made."""

    connection: Connection[Any]
    goal: Goal
    told: Preview
    before: Profiles

    @classmethod
    def of(
        cls, connection: Connection[Any], goal: Goal, salesforce: Any, *, full: bool = False
    ) -> "Foretold":
        """Preview the goal; nothing else may be written by that."""
        there = everything(connection)
        told = preview(goal, salesforce, full=full)
        assert everything(connection) == there
        assert told.is_told
        assert not told.is_stale
        assert not told.is_lost
        return cls(
            connection=connection, goal=goal, told=told, before=profiles(connection)
        )

    @property
    def rows(self) -> list[dict[str, Any]]:
        """All rows of the preview."""
        cursor = self.connection.execute(
            sql.SQL(
                """SELECT n, record_id, profile_id, survivor, outcome, reason, before, after
                FROM {} ORDER BY n"""
            ).format(sql.Identifier("stage", f"preview_{self.told.part.id}"))
        )
        names = [column.name for column in cursor.description or ()]
        return [dict(zip(names, row, strict=True)) for row in cursor]

    def check_import(self, goal_run: GoalRun) -> None:
        """Compare it with a run of the import."""
        assert self.told.counts == goal_run.counts
        self._check_counts()
        self._check_records(goal_run.run_goal.id)
        self._check_values(goal_run.run_goal.id)
        self._check_problems(goal_run.run_goal.id)

    def _check_counts(self) -> None:
        counts = self.told.counts
        found = Counter((row["outcome"], row["reason"] or "") for row in self.rows)
        for outcome in ("created", "updated", "removed", "unchanged"):
            assert sum(n for (name, _), n in found.items() if name == outcome) == getattr(
                counts, outcome
            )
        for outcome in ("skipped", "failed"):
            reasons = {reason: n for (name, reason), n in found.items() if name == outcome}
            assert reasons == dict(getattr(counts, outcome))

    def _noted(self, part: int) -> list[tuple[str | None, UUID | None, str, str | None]]:
        rows = self.connection.execute(
            """SELECT record_id, profile_id, outcome, reason FROM store.run_record
            WHERE run_goal = %s""",
            [part],
        )
        return [tuple(row) for row in rows]  # type: ignore[misc]

    def _check_records(self, part: int) -> None:
        told = Counter((row["record_id"], row["outcome"], row["reason"]) for row in self.rows)
        noted = Counter((record, *rest) for record, _, *rest in self._noted(part))
        assert not noted - told, "the run did what the preview did not say"
        always = ("created", "updated", "removed")
        assert Counter({key: n for key, n in told.items() if key[1] in always}) == Counter(
            {key: n for key, n in noted.items() if key[1] in always}
        )

    def _check_values(self, part: int) -> None:
        after = profiles(self.connection)
        merged = dict(
            self.connection.execute(
                "SELECT profile_id, survivor FROM store.profile_merge WHERE run_goal = %s", [part]
            ).fetchall()
        )
        noted: dict[tuple[str | None, str], set[UUID]] = {}
        for record, profile, outcome, _ in self._noted(part):
            if profile:
                noted.setdefault((record, outcome), set()).add(profile)
        seen = set()
        for row in self.rows:
            if row["outcome"] not in ("created", "updated", "removed"):
                assert row["before"] is row["after"] is None
                continue
            profile = row["profile_id"]
            if profile is None:
                of = noted.get((row["record_id"], row["outcome"]), set()) - set(self.before)
                if not of:
                    assert row["outcome"] == "removed"
                    continue
                candidates = of
            else:
                candidates = {profile}
            ends = {merged.get(each, each) for each in candidates}
            seen |= candidates | ends
            was = self.before.get(profile, {})
            wanted = [_difference(was, after.get(end, {})) for end in ends]
            assert (row["before"], row["after"]) in wanted
            survivor = merged.get(profile) if profile else None
            assert row["survivor"] == (survivor if survivor in self.before else None)
        changed = {
            each
            for each in {*self.before, *after}
            if self.before.get(each) != after.get(each)
        }
        assert changed <= seen | set(merged) | set(merged.values())

    def _check_problems(self, part: int) -> None:
        statement = "SELECT record_id, field, property, code, message, value FROM {}"
        said = self.connection.execute(
            sql.SQL(statement).format(
                sql.Identifier("stage", f"preview_{self.told.part.id}_problem")
            )
        ).fetchall()
        noted = self.connection.execute(
            sql.SQL(statement + " WHERE run_goal = %s").format(
                sql.Identifier("store", "run_problem")
            ),
            [part],
        ).fetchall()
        assert sorted(map(_without_ids, said)) == sorted(map(_without_ids, noted))


def _without_ids(row: tuple[Any, ...]) -> str:
    """New profiles have other ids in the run."""
    return _ID.sub("…", json.dumps(row))


def _difference(was: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Any, Any]:
    names = [name for name in {*was, *now} if was.get(name) != now.get(name)]
    before = {name: was.get(name) for name in names} if was else {}
    return before, {name: now.get(name) for name in names}
