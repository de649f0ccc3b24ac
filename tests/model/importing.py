"""Records into profiles, one at a time."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from isthmus.domain.goals import ImportField, ImportGoal
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.properties import PropertyDefinition
from model.store import Link, Profile, ProfileNumber, Store, elements
from model.values import LARGEST, SMALLEST, Unfit, typed

Record = Mapping[str, str | None]
"""Texts by field; None where empty."""

READ_AGAIN = ("no_match", "ambiguous", "identifier_taken")
"""Reasons whose cause may go away although the record does not change."""


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A value that was not applied."""

    field: str
    property: str
    code: str


@dataclass(kw_only=True)
class Result:
    """What became of one record."""

    record_id: str
    outcome: str
    reason: str | None = None
    profile: ProfileNumber | None = None
    problems: list[Problem] = field(default_factory=list)


@dataclass(kw_only=True)
class Importing:
    """One import goal over a store."""

    store: Store
    goal: ImportGoal
    version: int = 1
    field_types: Mapping[str, str]
    timezone: str = "UTC"

    def run(self, records: Iterable[Record]) -> list[Result]:
        """Apply the records in the order of (SystemModstamp, Id)."""
        ordered = sorted(records, key=lambda each: (each["SystemModstamp"] or "", each["Id"] or ""))
        return [self._apply(record) for record in ordered]

    def waiting(self) -> set[str]:
        """Ids of records to be read again although they do not change."""
        return {
            record_id
            for (record_id, goal), link in self.store.links.items()
            if goal == self.goal.key and link.gone is None and link.reason in READ_AGAIN
        }

    def _apply(self, record: Record) -> Result:
        record_id = record["Id"] or ""
        link = self.store.links.get((record_id, self.goal.key))
        if gone := _gone(record):
            return self._bury(record, record_id, link, gone)
        if link and self._is_applied(link, record):
            return Result(record_id=record_id, outcome="unchanged", profile=link.profile)
        return self._match(record, record_id, link)

    def _bury(self, record: Record, record_id: str, link: Link | None, gone: str) -> Result:
        if link is None:
            return Result(record_id=record_id, outcome="skipped", reason=gone)
        if link.gone:
            return Result(record_id=record_id, outcome="unchanged")
        link.gone, link.stamp = gone, record["SystemModstamp"] or ""
        link.successor = record.get("MasterRecordId") or record.get("ConvertedContactId")
        link.content, link.reason = None, None
        if link.profile is None:
            return Result(record_id=record_id, outcome="skipped", reason=gone)
        return Result(record_id=record_id, outcome="removed", reason=gone, profile=link.profile)

    def _is_applied(self, link: Link, record: Record) -> bool:
        return self._is_same(link, record) and link.reason in (None, "problem")

    def _is_same(self, link: Link, record: Record) -> bool:
        return (
            link.gone is None
            and link.version == self.version
            and link.content == self._content(record)
        )

    def _content(self, record: Record) -> Mapping[str, str | None]:
        names = [row.field for row in self.goal.match] + [row.field for row in self.goal.fields]
        return {name: record.get(name) for name in names}

    def _match(self, record: Record, record_id: str, link: Link | None) -> Result:
        values = list(self._matched_values(record))
        owners = {self.store.holder(key, value) for key, value in values}
        found = {*owners, self._linked_profile(record_id, link)} - {None}
        if len(found) > 1:
            return self._skip(record, record_id, link, "ambiguous")
        if not found and not values:
            return self._skip(record, record_id, link, "no_identifier")
        if not found and not self.goal.create_profiles:
            return self._skip(record, record_id, link, "no_match")
        profile = found.pop() if found else None
        return self._write(record, record_id, link, profile)

    def _matched_values(self, record: Record) -> Iterator[tuple[str, Any]]:
        for row in self.goal.match:
            target = self.store.properties[row.identifier]
            try:
                value = typed(record.get(row.field), self._type(row.field), target, self.timezone)
            except Unfit:
                continue
            yield from ((target.key, each) for each in elements(value))

    def _type(self, name: str) -> str:
        return self.field_types.get(name, "string")

    def _linked_profile(self, record_id: str, link: Link | None) -> ProfileNumber | None:
        if link and link.profile is not None:
            return link.profile
        known = [
            (key, other) for key, other in self.store.links.items() if other.profile is not None
        ]
        for (other_id, _), other in known:
            if other_id == record_id and other.gone is None:
                return other.profile
        former = [(other.stamp, key, other) for key, other in known if other.successor == record_id]
        if not former:
            return None
        latest = max(stamp for stamp, _, _ in former)
        return min((key, other.profile) for stamp, key, other in former if stamp == latest)[1]

    def _skip(self, record: Record, record_id: str, link: Link | None, reason: str) -> Result:
        if link is None:
            link = self._new_link(record_id)
            link.stamp = record["SystemModstamp"] or ""
        link.reason, link.gone, link.successor = reason, None, None
        return Result(record_id=record_id, outcome="skipped", reason=reason)

    def _new_link(self, record_id: str) -> Link:
        link = Link(object=self.goal.object.name, version=self.version)
        self.store.links[record_id, self.goal.key] = link
        return link

    def _write(
        self, record: Record, record_id: str, link: Link | None, found: ProfileNumber | None
    ) -> Result:
        number = self.store.new_profile() if found is None else found
        link = link or self._new_link(record_id)
        before = copy.deepcopy(self.store.profiles[number])
        writing = _Writing(
            importing=self,
            record=record,
            number=number,
            link=link,
            partial=link.reason == "identifier_taken" and self._is_same(link, record),
        )
        writing.write()
        changed = before != self.store.profiles[number]
        codes = {problem.code for problem in writing.problems}
        link.profile, link.version, link.gone, link.successor = number, self.version, None, None
        link.content, link.stamp = self._content(record), record["SystemModstamp"] or ""
        link.reason = "identifier_taken" if "identifier_taken" in codes else None
        link.reason = link.reason or ("problem" if codes else None)
        kept = "updated" if changed else "unchanged"
        outcome = "created" if found is None else kept
        return Result(
            record_id=record_id, outcome=outcome, profile=number, problems=writing.problems
        )


def _gone(record: Record) -> str | None:
    if record.get("IsDeleted") == "true":
        return "merged" if record.get("MasterRecordId") else "deleted"
    return "converted" if record.get("IsConverted") == "true" else None


@dataclass(kw_only=True)
class _Writing:
    """One record going into its profile."""

    importing: Importing
    record: Record
    number: ProfileNumber
    link: Link
    partial: bool  # only the identifiers are still to be applied
    problems: list[Problem] = field(default_factory=list)

    @property
    def goal(self) -> ImportGoal:
        return self.importing.goal

    @property
    def profile(self) -> Profile:
        return self.importing.store.profiles[self.number]

    def write(self) -> None:
        for row in self.goal.match:
            self._gain(row.field, self._target(row.identifier))
        for field_row in self.goal.fields:
            wanted = self._target(field_row.property).identifier or not self.partial
            if field_row.rule is not MergeRule.SUM and wanted:
                self._map(field_row)
        if self.partial:
            return
        for key in {row.property: None for row in self.goal.fields if row.rule is MergeRule.SUM}:
            self._sum([row for row in self.goal.fields if row.property == key], key)
        self._put_object_type()

    def _target(self, key: str) -> PropertyDefinition:
        return self.importing.store.properties[key]

    def _value(self, name: str, target: PropertyDefinition) -> Any:
        kind = self.importing.field_types.get(name, "string")
        return typed(self.record.get(name), kind, target, self.importing.timezone)

    def _problem(self, name: str, key: str, code: str) -> None:
        self.problems.append(Problem(field=name, property=key, code=code))

    def _gain(self, name: str, target: PropertyDefinition) -> None:
        mapped = {(row.field, row.property) for row in self.goal.fields}
        try:
            value = self._value(name, target)
        except Unfit:
            # A mapping row of the same two says it already.
            if (name, target.key) not in mapped:
                self._problem(name, target.key, "wrong_type")
            return
        if target.list:
            self._add(target.key, value)
        elif target.key not in self.profile:
            self._set(target.key, value)

    def _map(self, row: ImportField) -> None:
        target = self._target(row.property)
        try:
            value = self._value(row.field, target)
        except Unfit:
            self._problem(row.field, row.property, "wrong_type")
            return
        if target.identifier and self._is_taken(target.key, value):
            self._problem(row.field, row.property, "identifier_taken")
        elif row.rule is MergeRule.ADD:
            self._add(target.key, value)
        elif row.rule is MergeRule.SET_IF_EMPTY:
            if target.key not in self.profile:
                self._set(target.key, value)
        elif value is not None or not (row.keep_when_empty or target.identifier):
            self._set(target.key, value)

    def _is_taken(self, key: str, value: Any) -> bool:
        holders = {self.importing.store.holder(key, each) for each in elements(value)}
        return bool(holders - {None, self.number})

    def _set(self, key: str, value: Any) -> None:
        if value is None:
            self.profile.pop(key, None)
        else:
            self.profile[key] = value

    def _add(self, key: str, value: Any) -> None:
        there = list(self.profile.get(key, []))
        there += [each for each in elements(value) if each not in there]
        self._set(key, there or None)

    def _sum(self, rows: list[ImportField], key: str) -> None:
        """The rows of one property are one addition: all of them fit, or none is added."""
        news: dict[str, int] = {}
        for row in rows:
            try:
                value = self._value(row.field, self._target(key))
            except Unfit:
                self._problem(row.field, key, "wrong_type")
                continue
            if value is None:
                self.link.summed[row.field, key] = None
            elif value != self.link.summed.get((row.field, key)):
                news[row.field] = value
        self._add_up(news, key)

    def _add_up(self, news: Mapping[str, int], key: str) -> None:
        if not news:
            return
        total = self.profile.get(key, 0) + sum(news.values())
        if not SMALLEST <= total <= LARGEST:
            for name in news:
                self._problem(name, key, "sum_too_large")
            return
        self.profile[key] = total
        self.link.summed |= {(name, key): value for name, value in news.items()}

    def _put_object_type(self) -> None:
        target = self._target(self.goal.object_type_property)
        if target.list:
            self._add(target.key, self.goal.object.name)
        else:
            self._set(target.key, self.goal.object.name)
