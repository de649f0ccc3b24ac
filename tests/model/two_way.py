"""A store and an org, and what imports and exports between them should leave in both."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from isthmus.domain.goals import ExportGoal, ImportGoal
from model.exporting import Exporting, Holds, Sending
from model.fake_org import OrgRecord
from model.importing import Importing, Result
from model.people_org import PeopleOrg
from model.store import ProfileNumber, Store

Definition = ImportGoal | ExportGoal


@dataclass(kw_only=True)
class ModelGoal:
    """A goal and how far it has read."""

    definition: Definition
    version: int = 1
    holds: Holds = field(default_factory=dict)  # rows that were refused
    read_until: int | None = None  # by the org's clock
    read_version: int = 0

    def replace(self, definition: Definition) -> None:
        """Another definition, which counts as a new version."""
        self.definition, self.version = definition, self.version + 1


@dataclass(kw_only=True)
class TwoWay:
    """Both directions on dicts."""

    store: Store
    org: PeopleOrg
    names: dict[ProfileNumber, str] = field(default_factory=dict)  # the profiles' own ids
    goals: dict[str, ModelGoal] = field(default_factory=dict)
    wanted: tuple[str, ...] = ()  # the segment: profiles that have a value for each of these
    timezone: str = "UTC"
    overlap_seconds: int = 0
    settle_seconds: int = 0
    echoes: int = 0  # fields that were read as an export left them
    unsettled: dict[str, int] = field(default_factory=dict)
    """By import goal: records that its last run left to a person."""

    def window(self, key: str, *, full: bool) -> tuple[int | None, int]:
        """From when to when a run of an import reads; None is from the beginning."""
        goal = self.goals[key]
        until = self.org.seconds - self.settle_seconds
        if full or goal.read_until is None or goal.read_version != goal.version:
            return None, until
        return goal.read_until - self.overlap_seconds, until

    def run_import(self, key: str, *, full: bool) -> list[Result]:
        """Read what the run has to read; what became of each record."""
        goal = self.goals[key]
        window = self.window(key, full=full)
        importing = self._importing(goal)
        there = None if window[0] is not None else set(self._all(importing))
        results = importing.run(list(self._records(importing, window)), there)
        goal.read_until = min(window[1], self.org.covered)
        goal.read_version = goal.version
        self.unsettled[key] = len(importing.unsettled)
        self.echoes += importing.echoes
        return results

    def run_part(self, key: str, *, full: bool, until: tuple[str, str]) -> None:
        """The records of a run up to a stamp and an id, as a run leaves them that ends there."""
        importing = self._importing(self.goals[key])
        records = list(self._records(importing, self.window(key, full=full)))
        importing.apply([each for each in records if _place(each) <= until], staged=records)

    def _all(self, importing: Importing) -> dict[str, OrgRecord]:
        return self.org.records[importing.goal.object.sobject]

    def _importing(self, goal: ModelGoal) -> Importing:
        definition = goal.definition
        assert isinstance(definition, ImportGoal)
        fields = self.org.objects[definition.object.sobject].fields
        return Importing(
            store=self.store,
            goal=definition,
            version=goal.version,
            field_types={each.name: each.type for each in fields.values()},
            timezone=self.timezone,
            exports={
                key: each.definition
                for key, each in self.goals.items()
                if isinstance(each.definition, ExportGoal)
            },
        )

    def _records(self, importing: Importing, window: tuple[int | None, int]) -> Iterator[OrgRecord]:
        since, until = window
        waiting = set() if since is None else importing.waiting()
        for record in self._all(importing).values():
            changed = self.org.seconds_of(record)
            new = since is None or changed >= since
            if changed < until and (new or record["Id"] in waiting):
                yield record

    def run_export(self, key: str, *, full: bool) -> list[Sending]:
        """Send what changed; what became of each member."""
        goal = self.goals[key]
        definition = goal.definition
        assert isinstance(definition, ExportGoal)
        sobject = definition.object.sobject
        exporting = _Exporting(
            store=self.store,
            org=self.org,
            goal=definition,
            version=goal.version,
            names=self.names,
            timezone=self.timezone,
            full=full,
            holds=goal.holds,
            refuse=lambda operation, values: self.org.refusal(sobject, operation, values),
        )
        return exporting.run(self.members())

    def members(self) -> list[ProfileNumber]:
        """The profiles in the segment."""
        return [
            number
            for number, profile in self.store.profiles.items()
            if all(key in profile for key in self.wanted)
        ]

    def rename_record(self, name: str, record_id: str) -> None:
        """The id that the org gave to a record that an export made."""
        for records in self.org.records.values():
            if name in records:
                record = records[record_id] = records.pop(name)
                record["Id"] = record_id
        for old in [key for key in self.store.links if key[0] == name]:
            self.store.links[record_id, old[1]] = self.store.links.pop(old)

    def unnamed(self) -> list[tuple[str, str]]:
        """Names of records whose ids are not known yet, with the goal that made each."""
        return sorted(key for key in self.store.links if key[0].startswith("new "))


class _Exporting(Exporting):
    """Says which record is being saved: what the org refuses depends on it."""

    def _save(self, sending: Sending) -> str | None:
        assert isinstance(self.org, PeopleOrg)
        self.org.saving = sending.record_id
        return super()._save(sending)


def _place(record: OrgRecord) -> tuple[str, str]:
    return record["SystemModstamp"] or "", record["Id"] or ""
