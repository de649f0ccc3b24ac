"""Random goals and random histories of an org's records."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from isthmus.domain import goals as goal_rules
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow, ObjectTypeOnDelete
from isthmus.domain.merge_rules import MergeRule, refusal, together_refusal
from isthmus.domain.objects import CONTACT, LEAD, PERSON, SalesforceObject
from isthmus.domain.properties import Normalise, OnMerge, PropertyDefinition, PropertyType
from model.fake_org import FakeOrg, describe, new_field, system_field


def _property(key: str, **given: Any) -> PropertyDefinition:
    return PropertyDefinition(key=key, label=key, **given)


PROPERTIES = {
    each.key: each
    for each in (
        _property("ids", list=True, identifier=True),
        _property("email", type=PropertyType.EMAIL, identifier=True, normalise=Normalise.LOWERCASE),
        _property("phone", identifier=True),
        _property("codes", list=True, identifier=True, normalise=Normalise.TRIM),
        _property("number", type=PropertyType.INTEGER, identifier=True),
        _property("salesforce_objecttype", list=True),
        _property("kind"),
        _property("title"),
        _property("note", normalise=Normalise.LOWERCASE, on_merge=OnMerge.HIGHEST),
        _property("total", type=PropertyType.INTEGER, on_merge=OnMerge.SUM),
        _property("amount", type=PropertyType.DECIMAL, on_merge=OnMerge.SUM),
        _property("flag", type=PropertyType.BOOLEAN, on_merge=OnMerge.OLDER),
        _property("day", type=PropertyType.DATE, on_merge=OnMerge.LOWEST),
        _property("moment", type=PropertyType.DATETIME, on_merge=OnMerge.HIGHEST),
        _property("tags", list=True, normalise=Normalise.TRIM, on_merge=OnMerge.BOTH),
        _property("numbers", type=PropertyType.INTEGER, list=True),
        _property("days", type=PropertyType.DATE, list=True),
    )
}

_ODD = ["", "x", "NA", "null", "#N/A", "İSTANBUL Σ", '😀\u2028"q",\\.', "a;b", " ", "\u00a0y\u3000"]
_POOLS: dict[str, list[str]] = {
    "Email": ["a@x.co", "A@x.co", " b@X.co ", "c@x.co", "d@x.co", "no e-mail", "é@ß.İ"],
    "Email2": ["a@x.co", "b@x.co", "c@x.co", "e@x.co"],
    "Phone": ["1", "2", "3", " 1", "9" * 501],
    "Ref": ["r1", "r2", "r3", "r4 "],
    "Codes": ["r1", "r1;r2", "r2;r3;r2", "r4; r1;;", "r5;x"],
    "Num": ["1", "2.0", "3", "x"],
    "Title": ["Boss", "boss", "Chief", *_ODD],
    "Total": ["1", "5", "5.0", "7", "-3", "9223372036854775807", "-9223372036854775808", "2.5"],
    "Total2": ["1", "2", "9223372036854775807", "-9223372036854775807", "y"],
    "Flag": ["true", "false", "TRUE", "maybe"],
    "Day": ["2024-02-29", "2023-02-29", "2024-03-31T23:30:00.000+0000", "2024-06-01T00:00:00Z"],
    "Tags": ["a", "b", "b;a", "c; a ;b", ";", "1;2"],
}
_LISTS = frozenset({"Codes", "Tags"})
_MATCHES = [
    ("Id", "ids"), ("Email", "email"), ("Email2", "email"), ("Phone", "phone"), ("Ref", "codes"),
    ("Codes", "codes"), ("Num", "number"), ("Tags", "codes"),
]  # fmt: skip
_PAIRS = [
    *(pair for pair in _MATCHES if pair[0] != "Id"),
    ("Title", "title"), ("Title", "note"), ("Tags", "title"), ("Total", "total"),
    ("Total2", "total"), ("Total", "amount"), ("Flag", "flag"), ("Day", "day"), ("Day", "moment"),
    ("Tags", "tags"), ("Title", "tags"), ("Tags", "numbers"), ("Day", "days"), ("Email", "title"),
]  # fmt: skip
_MOST_RECORDS = 7
MERGE, REVIEW = goal_rules.OnMerge.MERGE, goal_rules.OnMerge.REVIEW

Action = Callable[[FakeOrg], None]


def new_org() -> FakeOrg:
    """An org with leads and contacts that have the fields of the pools."""
    fields = [new_field(name, "multipicklist" if name in _LISTS else "string") for name in _POOLS]
    person = system_field("IsPersonAccount", "boolean")
    objects = {name: describe(name, [*fields, person]) for name in ("Lead", "Contact")}
    persons = [*fields, person, system_field("PersonContactId", "reference")]
    return FakeOrg(objects={**objects, "Account": describe("Account", persons)})


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something that happens to a record. `other` is the record that takes over."""

    kind: str
    sobject: str
    number: int
    other: int = 0
    seconds: int = 0  # that pass before it
    values: dict[str, str | None] = field(default_factory=dict)

    def happen(self, org: FakeOrg) -> None:
        """Change the org."""
        org.seconds += self.seconds
        record_id = org.id(self.sobject, self.number)
        there = org.records[self.sobject].get(record_id)
        if self.kind == "save":
            if there is None and self.sobject == "Account":
                # All but one in three accounts are persons.
                person = str(self.number % 3 > 0).lower()
                contact = org.id("Contact", self.number)
                org.save("Account", record_id, IsPersonAccount=person, PersonContactId=contact)
            if there is None or there["IsDeleted"] == there["IsConverted"] == "false":
                org.save(self.sobject, record_id, **self.values)
        elif there is not None:
            self._end_or_revive(org, record_id)

    def _end_or_revive(self, org: FakeOrg, record_id: str) -> None:
        if self.kind == "purge":
            del org.records[self.sobject][record_id]
        elif self.kind == "person" and self.sobject == "Contact":
            person = org.records["Contact"][record_id].get("IsPersonAccount") == "true"
            org.save("Contact", record_id, IsPersonAccount=str(not person).lower())
        elif self.kind == "move":
            self._move(org, record_id)
        elif self.kind == "delete":
            org.save(self.sobject, record_id, IsDeleted="true")
        elif self.kind == "undelete":
            org.save(self.sobject, record_id, IsDeleted="false", MasterRecordId=None)
        elif self.kind == "merge" and self.other != self.number:
            winner = org.save(self.sobject, org.id(self.sobject, self.other), **self.values)
            org.save(self.sobject, record_id, IsDeleted="true", MasterRecordId=winner)
        elif self.kind == "convert" and self.sobject == "Lead":
            contact = org.save("Contact", org.id("Contact", self.other), **self.values)
            org.save("Lead", record_id, IsConverted="true", ConvertedContactId=contact)

    def _move(self, org: FakeOrg, record_id: str) -> None:
        """What identifies the record goes to another one."""
        there = org.records[self.sobject][record_id]
        names = [name for name in ("Email", "Phone", "Ref") if there.get(name)]
        moved = {name: there[name] for name in names}
        org.save(self.sobject, org.id(self.sobject, self.other), **moved)
        if self.other != self.number:
            org.save(self.sobject, record_id, **dict.fromkeys(names))


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What happens before a run, and how it runs."""

    changes: tuple[Change, ...]
    chunk: int
    full: bool = False
    new_version: int | None = None  # which goal is changed
    seconds: int = 1


@dataclass(frozen=True, kw_only=True)
class History:
    """Goals, profiles that are there before, and turns."""

    goals: tuple[ImportGoal, ...]
    replacement: ImportGoal  # for the goal that is changed
    profiles: tuple[dict[str, Any], ...]
    turns: tuple[Turn, ...]
    overlap_seconds: int
    page_size: int


@st.composite
def _rows(draw: st.DrawFn) -> ImportField:
    """A mapping row, mostly of a field whose values suit the property."""
    strange = st.tuples(st.sampled_from(sorted(_POOLS)), st.sampled_from(sorted(PROPERTIES)))
    suiting = st.sampled_from(_PAIRS)
    name, target = draw(st.one_of(suiting, suiting, suiting, strange))
    rules = [rule for rule in MergeRule if refusal(rule, PROPERTIES[target]) is None]
    if PROPERTIES[target].identifier and PROPERTIES[target].list:
        rules = [MergeRule.ADD]
    rule = draw(st.sampled_from(rules))
    keeps = draw(st.booleans()) and rule is MergeRule.SET
    return ImportField(field=name, property=target, rule=rule, keep_when_empty=keeps)


@st.composite
def goals(draw: st.DrawFn, key: str, sobject: SalesforceObject | None = None) -> ImportGoal:
    """A goal whose rows go together."""
    match = draw(st.lists(st.sampled_from(_MATCHES), min_size=1, max_size=3, unique=True))
    object_type = draw(st.sampled_from(["salesforce_objecttype", "kind"]))
    drawn = st.lists(_rows(), min_size=2, max_size=8)
    rows = draw(drawn.map(lambda rows: _fitting(rows, object_type)).filter(bool))
    return ImportGoal(
        key=key,
        name=key,
        object=sobject or draw(st.sampled_from([LEAD, CONTACT])),
        match=tuple(MatchRow(field=name, identifier=target) for name, target in match),
        fields=rows,
        create_profiles=draw(st.sampled_from([True, True, True, False])),
        object_type_property=object_type,
        object_type_on_delete=draw(st.sampled_from(ObjectTypeOnDelete)),
        on_merge=draw(st.sampled_from([MERGE, MERGE, MERGE, REVIEW])),
    )


def _fitting(rows: list[ImportField], object_type: str) -> tuple[ImportField, ...]:
    """Those rows, from the first on, that a goal may have together."""
    kept: list[ImportField] = []
    for row in rows:
        if row.property != object_type and _fits(row, kept):
            kept.append(row)
    return tuple(kept)


def _fits(row: ImportField, kept: list[ImportField]) -> bool:
    target = PROPERTIES[row.property]
    beside = [other for other in kept if other.property == row.property]
    if target.identifier and (row.rule is not MergeRule.ADD if target.list else beside):
        return False
    return not (
        any(other.field == row.field for other in beside)
        or refusal(row.rule, target)
        or together_refusal([other.rule for other in (*beside, row)], target)
    )


_numbers = st.integers(1, _MOST_RECORDS)
_kinds = st.sampled_from(
    ["save"] * 12 + ["delete", "undelete", "merge", "merge", "convert", "convert", "purge"]
    + ["person", "move"]
)  # fmt: skip


def _turns(goals: tuple[ImportGoal, ...]) -> st.SearchStrategy[Turn]:
    """Changes of what the goals read: anything else would make no difference."""
    read = {row.field for goal in goals for row in goal.match} - {"Id"}
    read |= {row.field for goal in goals for row in goal.fields}
    changes = st.builds(
        Change,
        kind=_kinds,
        sobject=st.sampled_from([goal.object.sobject for goal in goals]),
        number=_numbers,
        other=_numbers,
        seconds=st.sampled_from([0, 0, 0, 1, 2]),
        values=st.fixed_dictionaries(
            {name: st.sampled_from([*_POOLS[name], None]) for name in sorted(read)}
        ),
    )
    return st.builds(
        Turn,
        changes=st.lists(changes, min_size=3, max_size=14).map(tuple),
        chunk=st.sampled_from([50, 1, 2, 3, 5, 8, 50, 50]),
        full=st.sampled_from([False, False, False, True]),
        new_version=st.sampled_from([None, None, None, 0]),
        seconds=st.sampled_from([1, 0, 1, 3]),
    )


@st.composite
def _profiles(draw: st.DrawFn) -> tuple[dict[str, Any], ...]:
    emails = draw(st.lists(st.sampled_from(["a@x.co", "b@x.co", "c@x.co"]), unique=True))
    return tuple(
        {
            "email": email,
            **draw(
                st.fixed_dictionaries(
                    {},
                    optional={
                        "phone": st.just(str(number)),
                        "codes": st.just([f"r{number}"]),
                        "title": st.sampled_from(["Boss", "old"]),
                        "total": st.sampled_from([0, 1, 2**63 - 3]),
                        "tags": st.sampled_from([["a"], ["b", "a"]]),
                    },
                )
            ),
        }
        for number, email in enumerate(emails, 1)
    )


@st.composite
def histories(draw: st.DrawFn, *, persons: bool = False) -> History:
    """One or two goals over some turns. With `persons` some are of person accounts."""
    objects = [LEAD, LEAD, CONTACT, CONTACT, PERSON] if persons else [LEAD, CONTACT]
    first = draw(goals("first", draw(st.sampled_from(objects))))
    other = CONTACT if first.object is LEAD else LEAD
    second = draw(st.none() | goals("second") | goals("second", other) | goals("second", other))
    replacement = draw(goals("first", first.object))
    every = (first, second) if second else (first,)
    return History(
        goals=every,
        replacement=replace(replacement, create_profiles=first.create_profiles),
        profiles=draw(_profiles()),
        turns=tuple(draw(st.lists(_turns((*every, replacement)), min_size=2, max_size=4))),
        overlap_seconds=draw(st.integers(0, 3)),
        page_size=draw(st.sampled_from([1000, 1, 3])),
    )
