"""Records into profiles, one at a time."""

import copy
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from isthmus.domain.goals import (
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    ObjectTypeOnDelete,
    OnMerge,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import CONTACT
from isthmus.domain.properties import PropertyDefinition
from model.store import GoalKey, Link, Profile, ProfileNumber, Store, elements
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
    exports: Mapping[GoalKey, ExportGoal] = field(default_factory=dict)
    """The goals of the same org that write: what they wrote comes back."""

    echoes: int = 0  # fields that were as an export left them

    unsettled: list[str] = field(default_factory=list)
    """Records whose profile and that of a former one were left to a person, by the last run."""

    _coming: dict[str, tuple[str | None, str]] = field(default_factory=dict)
    """Records that become others in the run, by id: which one takes over, and its stamp."""

    def run(self, records: Iterable[Record], there: Iterable[str] | None = None) -> list[Result]:
        """Apply the records, then what follows from those that are gone.

        `there`: after a full read, the ids of all records that Salesforce has; links of others
        are taken for deleted, and their results come after those of `records`.
        """
        results = self.apply(records)
        if there is not None:
            results += self._bury_missing(set(there))
        self.settle()
        return results

    def apply(
        self, records: Iterable[Record], staged: Iterable[Record] | None = None
    ) -> list[Result]:
        """Apply the records in the order of (SystemModstamp, Id), as a run that ends there.

        `staged`: all records of the run, where `records` are its first ones only.
        """
        records = list(records)
        known = records if staged is None else list(staged)
        self._coming = {
            each["Id"] or "": (_successor(each), each["SystemModstamp"] or "")
            for each in known
            if _gone(each)
        }
        self._find_persons(known)
        ordered = sorted(records, key=lambda each: (each["SystemModstamp"] or "", each["Id"] or ""))
        return [self._apply(record) for record in ordered]

    def _find_persons(self, records: Iterable[Record]) -> None:
        """A person takes over from its contact, and from leads that became that contact."""
        for record in records:
            contact = record.get("PersonContactId")
            if contact is None:
                continue
            self._coming.setdefault(contact, (record["Id"], record["SystemModstamp"] or ""))
            for link in self.store.links.values():
                if link.successor == contact and link.profile is not None:
                    link.successor, link.due = record["Id"], link.due or "heir"

    def _bury_missing(self, there: set[str]) -> list[Result]:
        results = []
        for (record_id, goal), link in sorted(self.store.links.items()):
            if goal != self.goal.key or link.gone or record_id in there:
                continue
            if link.object != self.goal.object.name:
                continue
            link.gone, link.content, link.reason = "deleted", None, None
            link.refused = frozenset()
            if link.profile is not None:
                link.due = "gone"
                results.append(
                    Result(
                        record_id=record_id,
                        outcome="removed",
                        reason="deleted",
                        profile=link.profile,
                    )
                )
        return results

    def settle(self) -> None:
        """What the records that are gone do to profiles, one after the other."""
        self.unsettled = []
        for (_, goal), link in sorted(self.store.links.items()):
            if link.due == "heir" or (link.due == "gone" and goal == self.goal.key):
                self._hand_over(link)
                link.due = "object type" if link.due == "gone" else None
        lost: dict[ProfileNumber | None, bool] = {}
        for (_, goal), link in self.store.links.items():
            if link.due == "object type" and goal == self.goal.key:
                link.due, converted = None, link.gone == "converted"
                if converted or self.goal.object_type_on_delete is ObjectTypeOnDelete.REMOVE:
                    lost[link.profile] = lost.get(link.profile, False) or converted
        for number, converted in lost.items():
            if number is not None:
                self._take_object_type(number, converted=converted)

    def _hand_over(self, former: Link) -> None:
        heir = self._heir(former.successor)
        if heir is None or former.profile is None or heir == former.profile:
            return
        if self.goal.on_merge is OnMerge.REVIEW:
            self.unsettled.append(former.successor or "")
            return
        older, newer = sorted((former.profile, heir), key=self._age)
        self.store.merge(
            newer, older, both=[self._object_type.key] if self._object_type.list else ()
        )

    def _heir(self, record_id: str | None) -> ProfileNumber | None:
        known = [
            (link.gone is not None, goal, link.profile)
            for (each, goal), link in self.store.links.items()
            if each == record_id and link.profile is not None
        ]
        return min(known)[2] if known else None

    def _age(self, number: ProfileNumber) -> tuple[str, ProfileNumber]:
        """Higher for the profile whose live record was changed last, else for the later one."""
        stamps = [
            link.stamp
            for link in self.store.links.values()
            if link.profile == number and link.gone is None
        ]
        return max(stamps, default=""), number

    @property
    def _object_type(self) -> PropertyDefinition:
        return self.store.properties[self.goal.object_type_property]

    def _take_object_type(self, number: ProfileNumber, *, converted: bool) -> None:
        name, key = self.goal.object.name, self._object_type.key
        if any(
            link.profile == number and link.gone is None and link.object == name
            for link in self.store.links.values()
        ):
            return
        profile = self.store.profiles[number]
        values = list(elements(profile.get(key)))
        if name not in values:
            return
        place = values.index(name)
        values[place : place + 1] = (
            [CONTACT.name] if converted and CONTACT.name not in values else []
        )
        if values:
            profile[key] = values if self._object_type.list else values[0]
        else:
            del profile[key]

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
            result = self._bury(record, record_id, link, gone)
            if result.outcome != "unchanged":
                self._bury_sent(record, record_id, gone)
            return result
        if link and self._is_applied(link, record):
            if link.reason in READ_AGAIN:
                link.reason = None
            return Result(record_id=record_id, outcome="unchanged", profile=link.profile)
        return self._match(record, record_id, link)

    def _bury(self, record: Record, record_id: str, link: Link | None, gone: str) -> Result:
        if link is None:
            return Result(record_id=record_id, outcome="skipped", reason=gone)
        successor = _successor(record)
        if link.gone and successor in (None, link.successor):
            return Result(record_id=record_id, outcome="unchanged")
        known = link.gone
        link.gone, link.stamp = gone, record["SystemModstamp"] or ""
        link.successor = successor
        link.content, link.reason, link.refused = None, None, frozenset()
        link.due = "gone" if link.profile is not None else None
        if known:
            return Result(record_id=record_id, outcome="unchanged")
        if link.profile is None:
            return Result(record_id=record_id, outcome="skipped", reason=gone)
        return Result(record_id=record_id, outcome="removed", reason=gone, profile=link.profile)

    def _bury_sent(self, record: Record, record_id: str, gone: str) -> None:
        """What exports know of the record ends as well."""
        for (other_id, goal), link in self.store.links.items():
            if other_id == record_id and goal != self.goal.key and link.sent:
                link.gone, link.successor = gone, _successor(record)
                link.stamp = record["SystemModstamp"] or ""
                link.content, link.reason, link.refused = None, None, frozenset()
                link.due = "heir" if link.successor and link.profile is not None else None

    def _is_applied(self, link: Link, record: Record) -> bool:
        return self._is_same(link, record) and not link.refused

    def _is_same(self, link: Link, record: Record) -> bool:
        return (
            link.gone is None
            and link.version == self.version
            and self._as_left(link, record["Id"] or "") == self._content(record)
        )

    def _as_left(self, link: Link, record_id: str) -> Mapping[str, str | None] | None:
        """The fields as they are where no user has changed any since an import or export."""
        if link.content is None or link.refused:
            return link.content
        left = dict(link.content)
        for name in left:
            written = [
                [
                    each.holds[name.lower()]
                    for each in self.written(record_id, link.profile, name, key)
                    if name.lower() in each.holds
                ]
                for key in self._targets(name)
            ]
            if all(written):
                left[name] = written[0][0]
        return left

    def _targets(self, name: str) -> list[str]:
        """The properties that a field is read to."""
        found = [row.identifier for row in self.goal.match if row.field == name]
        return found + [row.property for row in self.goal.fields if row.field == name]

    def written(
        self, record_id: str, number: ProfileNumber | None, name: str, key: str
    ) -> Iterator[Link]:
        """What exports know of the profile's record that write the field from the property."""
        for goal, definition in self.exports.items():
            link = self.store.links.get((record_id, goal))
            known = link and link.gone is None and link.profile == number
            back = definition.object == self.goal.object and writes(definition, name, key)
            if link and known and back:
                yield link

    def _content(self, record: Record) -> Mapping[str, str | None]:
        names = [row.field for row in self.goal.match] + [row.field for row in self.goal.fields]
        return {name: record.get(name) for name in names}

    def _match(self, record: Record, record_id: str, link: Link | None) -> Result:
        values = list(self._matched_values(record))
        owners = {self.store.holder(key, value) for key, value in values}
        found = {*owners, self._linked_profile(record_id, link)} - {None}
        if not found or self.goal.on_merge is OnMerge.REVIEW:
            linked = self._linked_profile(record_id, link) is not None
            found |= set() if linked else {self._former_profile(record_id)} - {None}
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
        for (other_id, _), other in sorted(self.store.links.items()):
            if other_id == record_id and other.gone is None and other.profile is not None:
                return other.profile
        return None

    def _former_profile(self, record_id: str) -> ProfileNumber | None:
        """The profile of a record that became this one, before or in this run."""
        former = []
        for (other_id, goal), other in self.store.links.items():
            if other.profile is None:
                continue
            there = other.successor, other.stamp
            successor, stamp = self._coming.get(other_id, there)
            if successor == record_id:
                former.append((stamp, (other_id, goal), other.profile))
        if not former:
            return None
        latest = max(stamp for stamp, _, _ in former)
        return min((key, profile) for stamp, key, profile in former if stamp == latest)[1]

    def _skip(self, record: Record, record_id: str, link: Link | None, reason: str) -> Result:
        if link is None:
            link = self._new_link(record_id)
            link.stamp = record["SystemModstamp"] or ""
        link.reason, link.gone, link.successor, link.due = reason, None, None, None
        return Result(record_id=record_id, outcome="skipped", reason=reason)

    def _new_link(self, record_id: str) -> Link:
        link = Link(object=self.goal.object.name, version=self.version)
        self.store.links[record_id, self.goal.key] = link
        return link

    def _write(
        self, record: Record, record_id: str, link: Link | None, found: ProfileNumber | None
    ) -> Result:
        number = self.store.new_profile() if found is None else found
        known = link is not None and link.profile is not None
        link = link or self._new_link(record_id)
        before = copy.deepcopy(self.store.profiles[number])
        writing = _Writing(
            importing=self,
            record=record,
            number=number,
            record_id=record_id,
            partial=link.refused if self._is_same(link, record) else frozenset(),
        )
        writing.write()
        writing.remember()
        changed = before != self.store.profiles[number]
        codes = {problem.code for problem in writing.problems}
        link.profile, link.version, link.refused = number, self.version, frozenset(writing.refused)
        link.gone, link.successor, link.due = None, None, None
        link.content, link.stamp = self._content(record), record["SystemModstamp"] or ""
        link.reason = "identifier_taken" if "identifier_taken" in codes else None
        misfit = writing.partial and self._misfits(record)
        link.reason = link.reason or ("problem" if codes or misfit else None)
        if not known:
            self._note_heir(record_id, number)
        kept = "updated" if changed else "unchanged"
        outcome = "created" if found is None else kept
        return Result(
            record_id=record_id, outcome=outcome, profile=number, problems=writing.problems
        )

    def _misfits(self, record: Record) -> bool:
        rows = [(row.field, row.identifier) for row in self.goal.match]
        rows += [(row.field, row.property) for row in self.goal.fields]
        for name, key in rows:
            try:
                typed(record.get(name), self._type(name), self.store.properties[key], self.timezone)
            except Unfit:
                return True
        return False

    def _note_heir(self, record_id: str, number: ProfileNumber) -> None:
        """Those that this record took over from may have a profile of their own."""
        for link in self.store.links.values():
            if link.gone and link.successor == record_id and link.profile not in (None, number):
                link.due = link.due or "heir"


def writes(definition: ExportGoal, name: str, key: str) -> bool:
    """Whether an export writes the field from the property."""
    return any(
        row.kind is ExportKind.PROPERTY and row.field.lower() == name.lower() and row.value == key
        for row in definition.fields
    )


def _successor(record: Record) -> str | None:
    if not _gone(record):
        return None
    return record.get("MasterRecordId") or record.get("ConvertedContactId")


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
    record_id: str
    partial: frozenset[int]  # the only rows that are still to be applied; none: all
    problems: list[Problem] = field(default_factory=list)
    refused: list[int] = field(default_factory=list)
    read: list[tuple[str, str, Any]] = field(default_factory=list)
    """Fields that had something to say, with their properties and what they say."""

    @property
    def goal(self) -> ImportGoal:
        return self.importing.goal

    @property
    def profile(self) -> Profile:
        return self.importing.store.profiles[self.number]

    def write(self) -> None:
        for row in self.goal.match:
            self._gain(row.field, self._target(row.identifier))
        for place, field_row in enumerate(self.goal.fields, 1):
            wanted = place in self.partial or not self.partial
            if field_row.rule is not MergeRule.SUM and wanted:
                self._map(field_row, place)
        if self.partial:
            return
        for key in {row.property: None for row in self.goal.fields if row.rule is MergeRule.SUM}:
            self._sum([row for row in self.goal.fields if row.property == key], key)
        self._put_object_type()

    def _written(self, name: str, key: str) -> Iterator[Link]:
        return self.importing.written(self.record_id, self.number, name, key)

    def _is_echo(self, name: str, key: str) -> bool:
        """Whether the field is as an export left it, or as an import has read it since."""
        return any(
            name.lower() in link.holds and link.holds[name.lower()] == self.record.get(name)
            for link in self._written(name, key)
        )

    def remember(self) -> None:
        """What the record holds is known now; what was taken over need not be sent back."""
        for name, key, value in self.read:
            for link in self._written(name, key):
                link.holds[name.lower()] = self.record.get(name)
                kept = self.profile.get(key)
                link.taken[name.lower()] = kept if kept == value else value
                if value == kept:
                    # What was sent before is no longer there.
                    link.sent = {
                        each: text
                        for each, text in link.sent.items()
                        if each.lower() != name.lower()
                    }

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
            if (name, target.key) not in mapped and not self.partial:
                self._problem(name, target.key, "wrong_type")
            return
        if self._is_echo(name, target.key):
            return
        self.read.append((name, target.key, value))
        if target.list:
            self._add(target.key, value)
        elif target.key not in self.profile:
            self._set(target.key, value)

    def _map(self, row: ImportField, place: int) -> None:
        target = self._target(row.property)
        try:
            value = self._value(row.field, target)
        except Unfit:
            self._problem(row.field, row.property, "wrong_type")
            return
        if self._is_echo(row.field, row.property):
            self.importing.echoes += 1
            return
        if target.identifier and self._is_taken(target.key, value):
            self._problem(row.field, row.property, "identifier_taken")
            self.refused.append(place)
            return
        self.read.append((row.field, row.property, value))
        if row.rule is MergeRule.ADD:
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
            if value is not None and value != self.importing.store.summed.get(
                (self.record_id, row.field.lower(), key)
            ):
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
        self.importing.store.summed |= {
            (self.record_id, name.lower(), key): value for name, value in news.items()
        }

    def _put_object_type(self) -> None:
        target = self._target(self.goal.object_type_property)
        if target.list:
            self._add(target.key, self.goal.object.name)
        else:
            self._set(target.key, self.goal.object.name)
