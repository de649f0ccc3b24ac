"""What a preview says, beside what the run then does."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection, sql

from integration import set_up
from isthmus.connections import previews
from isthmus.connections.models import IMPORT, Goal, RunState
from isthmus.connections.previews import Preview
from isthmus.connections.runs import GoalRun
from isthmus.domain.counts import GoalCounts
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import
from model.fake_org import FakeOrg

OF_PREVIEWS = ("connections_run", "connections_rungoal")
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")

Profiles = Mapping[UUID, Mapping[str, Any]]


def engine(goal: Goal) -> Any:
    """What runs the goal."""
    return run_import if goal.direction == IMPORT else run_export


def everything(connection: Connection[Any]) -> dict[str, str]:
    """A digest of the rows of every table of every schema, but for what previews are.

    Those are their tables in the stage, their rows among the runs and in the queue, and the order
    in which staged records are merged, which a run goes by too.
    """
    tables = connection.execute(
        """SELECT n.nspname || '.' || c.relname,
            quote_ident(n.nspname) || '.' || quote_ident(c.relname)
        FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace
        WHERE c.relkind = 'r' AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
            AND NOT (n.nspname = 'stage' AND c.relname ~ '^preview|_ordered$')
            AND c.relname !~ '^procrastinate'
            AND c.relname <> ALL (%s) ORDER BY 1""",
        [list(OF_PREVIEWS)],
    ).fetchall()
    digest = "SELECT '{}', (SELECT md5(string_agg(t::text, ' ' ORDER BY t::text)) FROM {} AS t)"
    digests = " UNION ALL ".join(digest.format(*each) for each in tables)
    return dict(connection.execute(sql.SQL(digests)).fetchall())


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
        return cls(connection=connection, goal=goal, told=told, before=profiles(connection))

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

    def check_export(
        self, goal_run: GoalRun, sent: Sequence[tuple[str, Mapping[str, Any]]]
    ) -> None:
        """Compare it with a run of the export, and with the rows that it sent."""
        assert _as_sent(self.told.counts) == _as_sent(goal_run.counts)
        self._check_members()
        self._check_sent(sent)
        self._check_decisions(goal_run.run_goal.id)
        self._check_problems(goal_run.run_goal.id, refused=goal_run.counts.failed)

    def _check_members(self) -> None:
        """Rows are of all members that the run looks at; the others are unchanged."""
        counts = self.told.counts
        found = Counter((row["outcome"], row["reason"] or "") for row in self.rows)
        for outcome in ("created", "updated"):
            assert found[outcome, ""] == getattr(counts, outcome)
        skipped = {reason: n for (name, reason), n in found.items() if name == "skipped"}
        assert skipped == dict(counts.skipped)
        assert found["unchanged", ""] <= counts.unchanged

    def _check_sent(self, sent: Sequence[tuple[str, Mapping[str, Any]]]) -> None:
        said = sorted(
            (
                "insert" if row["outcome"] == "created" else "update",
                row["record_id"] or "",
                sorted((name, str(value)) for name, value in row["after"].items()),
            )
            for row in self.rows
            if row["outcome"] in ("created", "updated")
        )
        done = sorted(
            (
                operation,
                row.get("Id") or "",
                sorted((name, _cell(value)) for name, value in row.items() if name != "Id"),
            )
            for operation, row in sent
        )
        assert said == done

    def _check_decisions(self, part: int) -> None:
        """What the run noted of members, the preview said; a row that was sent had an outcome."""
        said = {row["profile_id"]: (row["outcome"], row["reason"]) for row in self.rows}
        for _, profile, outcome, reason in self._noted(part):
            if outcome == "failed":
                assert said[profile][0] in ("created", "updated")
            elif outcome == "left" or (outcome == "unchanged" and profile not in said):
                assert profile not in said
            else:
                assert said[profile] == (outcome, reason)

    def check_held(self, org: FakeOrg, sobject: str) -> None:
        """What Salesforce holds now is told of the records that would be updated."""
        for row in self.rows:
            if row["outcome"] == "created":
                assert row["before"] == {}
            elif row["outcome"] == "updated":
                record = org.records[sobject].get(row["record_id"])
                held = {name: _held(record, name) for name in row["after"]} if record else None
                assert held is None or _plain(row["before"]) == _plain(held)
            else:
                assert row["before"] is row["after"] is None

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

    def _noted(self, part: int) -> list[tuple[Any, ...]]:
        rows = self.connection.execute(
            """SELECT record_id, profile_id, outcome, reason FROM store.run_record
            WHERE run_goal = %s""",
            [part],
        )
        return rows.fetchall()

    def _check_records(self, part: int) -> None:
        told = Counter((row["record_id"], row["outcome"], row["reason"]) for row in self.rows)
        noted = Counter(
            (record, outcome, reason) for record, _, outcome, reason in self._noted(part)
        )
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
            each for each in {*self.before, *after} if self.before.get(each) != after.get(each)
        }
        assert changed <= seen | set(merged) | set(merged.values())

    def _check_problems(self, part: int, refused: Mapping[str, int] | None = None) -> None:
        """Only rows that Salesforce then `refused` have a problem that was not foreseen."""
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
        told, kept = Counter(map(_without_ids, said)), Counter(map(_without_ids, noted))
        assert not told - kept, "the run did not meet what the preview said"
        unforeseen = Counter(json.loads(row)[3] for row in (kept - told).elements())
        assert unforeseen == Counter(refused or {}), kept - told


def _as_sent(counts: GoalCounts) -> dict[str, Any]:
    """Rows that Salesforce refuses can't be foreseen: they count as what they were sent for."""
    plain = counts.plain()
    sent = plain.pop("created") + plain.pop("updated") + sum(plain.pop("failed").values())
    return {**plain, "sent": sent}


def _cell(value: Any) -> str:
    """A value of a call or an upload; the preview says None where a field is emptied."""
    if value in (None, "#N/A"):
        return "None"
    return str(value).lower() if isinstance(value, bool) else str(value)


def _held(record: Mapping[str, str | None], name: str) -> str | None:
    return record.get(name) or None


def _plain(values: Mapping[str, Any] | None) -> dict[str, str | None]:
    """Moments are written in two ways."""
    return {
        name: value.replace("+0000", "Z") if isinstance(value, str) else value
        for name, value in (values or {}).items()
    }


def _without_ids(row: tuple[Any, ...]) -> str:
    """New profiles have other ids in the run."""
    return _ID.sub("…", json.dumps(row))


def _difference(was: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[Any, Any]:
    names = [name for name in {*was, *now} if was.get(name) != now.get(name)]
    before = {name: was.get(name) for name in names} if was else {}
    return before, {name: now.get(name) for name in names}
