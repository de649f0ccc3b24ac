"""The model's store and org beside the real ones."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from histories.organization import SOBJECTS, Organization
from integration import stored
from isthmus.connections.models import Goal, RunGoal
from isthmus.domain.counts import GoalCounts
from model.exporting import Sending
from model.importing import Result
from model.store import ProfileNumber
from model.two_way import TwoWay


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Both sides, and which profile here is which there."""

    connection: Connection[Any]
    organization: Organization
    model: TwoWay
    goals: dict[str, Goal]
    ids: dict[ProfileNumber, UUID]

    def learn_profiles(self) -> None:
        """Profiles that an import made are told by their links."""
        keys = {goal.id: key for key, goal in self.goals.items()}
        for record_id, goal, profile_id in self.connection.execute(
            "SELECT record_id, goal, profile_id FROM store.record_link WHERE profile_id IS NOT NULL"
        ):
            link = self.model.store.links.get((record_id, keys[goal]))
            if link is not None and link.profile is not None:
                self.ids.setdefault(link.profile, profile_id)
                self.model.names.setdefault(link.profile, str(profile_id))
        self._learn_merged()
        assert set(self.model.store.profiles) <= set(self.ids), "profiles that are not there"

    def _learn_merged(self) -> None:
        """One that was made and merged away in one run stands in no link: any of the rest is it."""
        unknown = sorted(set(self.model.store.merged) - set(self.ids))
        left = stored.merged(self.connection).keys() - set(self.ids.values())
        for number, profile_id in zip(unknown, sorted(left), strict=False):
            self.ids[number] = profile_id

    def learn_records(self) -> None:
        """Records that an export made are told by their profile."""
        for name, key in self.model.unnamed():
            link = self.model.store.links.get((name, key))
            if link is None or link.profile is None:
                continue
            found = [
                record_id
                for (record_id,) in self.connection.execute(
                    "SELECT record_id FROM store.record_link WHERE goal = %s AND profile_id = %s",
                    [self.goals[key].id, self.ids[link.profile]],
                )
                if (record_id, key) not in self.model.store.links
            ]
            assert len(found) == 1, f"{found} were made for {self._described(link.profile)}"
            self.model.rename_record(name, found[0])

    def _described(self, number: ProfileNumber) -> str:
        return f"profile {number} {self.model.store.profiles.get(number)}"

    def stores(self) -> None:
        """Profiles, identifiers, links and sums are the same."""
        model, ids = self.model.store, self.ids
        profiles = {ids[n]: values for n, values in model.profiles.items()}
        assert not differences(stored.profiles(self.connection, model.properties), profiles), (
            "profiles"
        )
        assert stored.identifiers(self.connection) == {
            (k, v, ids[n]) for k, v, n in model.identifiers()
        }
        assert not differences(self._links(), self._expected_links()), "links"
        assert stored.summed(self.connection, self.goals.values()) == {
            (record_id, f"{name} > {key}", value)
            for (record_id, name, key), value in model.summed.items()
        }
        assert stored.merged(self.connection) == {
            ids[gone]: ids[now] for gone, now in model.merged.items()
        }

    def orgs(self) -> None:
        """Records are the same, to the field and the stamp."""
        for sobject in SOBJECTS:
            found = self.organization.records(sobject)
            assert not differences(found, self.model.org.records[sobject]), sobject

    def import_counts(self, expected: list[Result], part: RunGoal) -> None:
        """Each record was counted once, for what became of it."""
        counts = GoalCounts.from_plain(part.counts)
        wanted = Counter(
            (each.reason or "") if each.outcome == "skipped" else each.outcome for each in expected
        )
        problems = sum(len(each.problems) for each in expected) + self.model.unsettled[part.key]
        assert (self._counted(counts), counts.problems) == (wanted, problems), part.key
        assert counts.received == len(expected), part.key

    def export_counts(self, expected: list[Sending], part: RunGoal) -> None:
        """Each member was counted once, for what became of it."""
        counts = GoalCounts.from_plain(part.counts)
        assert counts.received == counts.accounted == len(expected), part.key
        wanted = Counter(
            (each.reason or "") if each.outcome == "skipped" else each.outcome for each in expected
        )
        # A try that a stop cut short counts towards holding a refused row back, and nobody can
        # tell beforehand whether the row was reached: held or refused again is the same here.
        refused = wanted.pop("failed", 0) + wanted.pop("held", 0)
        found = counts.failed.total() + counts.skipped.pop("held", 0)
        counts.failed.clear()
        assert (found, self._counted(counts)) == (refused, wanted), part.key

    @staticmethod
    def _counted(counts: GoalCounts) -> "Counter[str]":
        names = ("created", "updated", "unchanged", "removed")
        found = Counter({name: getattr(counts, name) for name in names})
        return Counter(dict((found + counts.skipped + counts.failed).items()))

    def _links(self) -> dict[tuple[str, str], Any]:
        keys = {goal.id: goal for goal in self.goals.values()}
        rows = self.connection.execute(
            "SELECT record_id, goal, profile_id, reason, gone, successor, due, "
            "coalesce(refused, '{}'), sent FROM store.record_link"
        )
        return {
            (record_id, keys[goal].key): (*values, set(stored.by_slot(keys[goal], sent)))
            for record_id, goal, *values, sent in rows
        }

    def _expected_links(self) -> dict[tuple[str, str], Any]:
        return {
            key: (
                self.ids[link.profile] if link.profile else None,
                link.reason,
                link.gone,
                link.successor,
                link.due,
                sorted(link.refused),
                {name.lower() for name in link.sent},
            )
            for key, link in self.model.store.links.items()
        }


def differences(found: Mapping[Any, Any], wanted: Mapping[Any, Any]) -> list[str]:
    """Where two mappings differ, in words."""
    return [
        f"{key}: found {_only(found.get(key), wanted.get(key))}, "
        f"wanted {_only(wanted.get(key), found.get(key))}"
        for key in {**found, **wanted}
        if found.get(key) != wanted.get(key)
    ]


def _only(values: Any, others: Any) -> Any:
    """The part of a record or profile that others have not."""
    if isinstance(values, set) and isinstance(others, set):
        return values - others
    if isinstance(values, tuple) and isinstance(others, tuple):
        return [_only(*pair) for pair in zip(values, others, strict=True) if pair[0] != pair[1]]
    if isinstance(values, dict) and isinstance(others, dict):
        return {name: value for name, value in values.items() if others.get(name) != value}
    return values
