"""Random export goals, random profiles and random records, changing from run to run."""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from integration.importing.histories import PROPERTIES
from isthmus.domain.goals import (
    PROFILE_ID,
    ExportField,
    ExportGoal,
    ExportKind,
    MatchRow,
    WhenEmpty,
    WhenTooLong,
)
from isthmus.domain.objects import CONTACT, LEAD, PERSON
from model.fake_org import FakeOrg, describe, new_field, picklist, system_field

FIELDS = (
    new_field("Email", "email", length=12, id_lookup=True),
    new_field("Isthmus_Id__c", length=36, external_id=True, unique=True),
    new_field("Ref__c", length=40, external_id=True),
    new_field("Code__c", length=40, external_id=True, case_sensitive=True),
    new_field("Title", length=4),
    new_field("Note", "textarea", nillable=False),
    new_field("Points__c", "double", precision=6, scale=2),
    new_field("Count__c", "int", digits=4),
    new_field("Tier__c", "picklist", restricted_picklist=True, picklist_values=picklist("a", "b")),
    new_field("Tags__c", "multipicklist", length=9),
    new_field(
        "Kinds__c", "multipicklist", restricted_picklist=True, picklist_values=picklist("a", "b")
    ),
    new_field("Born__c", "date"),
    new_field("Seen__c", "datetime"),
    new_field("Flag__c", "boolean"),
    new_field("Once__c", updateable=False),
    new_field("Later__c", createable=False),
)
_MATCHES = [
    ("email", "Email"), ("email", "Email"), ("codes", "Ref__c"), ("codes", "Code__c"),
    ("ids", "Id"), (PROFILE_ID, "Isthmus_Id__c"), ("number", "Ref__c"),
]  # fmt: skip
_RECORDS = 5
_IDS = [f"00Q{number:012d}AAA" for number in range(1, _RECORDS + 1)] + ["003000000000001AAA"]

# Values of one identifier differ from profile to profile; the others may repeat.
_SINGLES: dict[str, list[Any]] = {
    "title": ["Boss", "Chief", "a\r\nb", "#N/A", 'q",', "\u2028"],
    "note": ["a", "b", "c"],
    "total": [1, 9999, 10000, -3],
    "amount": [Decimal("1.50"), Decimal("9999.99"), Decimal(10000), Decimal("-0.1")],
    "flag": [True, False],
    "day": [date(2024, 2, 29), date(1699, 12, 31), date(2024, 3, 31)],
    "moment": [datetime(2024, 3, 31, 23, 30, 0, 123456, UTC), datetime(2024, 1, 1, tzinfo=UTC)],
    "tags": [["a"], ["b", "a"], ["a", "long one"]],
    "numbers": [[1, 2], [12345]],
}
_IDENTIFIERS: dict[str, list[Any]] = {
    "email": ["a@x.co", "A@x.co", "b@x.co", "c@x.co", "long-name@example.com"],
    "codes": [["r1"], ["R1", "r2"], ["r3", "r4"], ["R2"], ["r5'\\"]],
    "ids": [[_IDS[0], _IDS[5]], [_IDS[1], "nonsense"], [_IDS[2], _IDS[3]], [_IDS[5]]],
    "number": [1, 2, 3, 4],
}
_RECORD_VALUES: dict[str, list[str | None]] = {
    "Email": ["a@x.co", "B@X.co", "c@x.co", None],
    "Ref__c": ["r1", "R2", "r3", "1", "r5'\\", None],
    "Code__c": ["r1", "R1", "r3", "R2", None],
}


_LISTS = {each.key for each in PROPERTIES.values() if each.list}


def new_org() -> FakeOrg:
    """An org with leads, contacts and accounts, of which some are persons."""
    objects = {name: describe(name, FIELDS) for name in ("Lead", "Contact")}
    own = [system_field("IsPersonAccount", "boolean"), system_field("PersonContactId", "reference")]
    return FakeOrg(objects={**objects, "Account": describe("Account", [*FIELDS, *own])})


@st.composite
def _rows(draw: st.DrawFn, name: str) -> ExportField:
    kind = draw(st.sampled_from([*[ExportKind.PROPERTY] * 5, *ExportKind]))
    value = {
        ExportKind.PROPERTY: st.sampled_from([*_SINGLES, *_IDENTIFIERS]),
        ExportKind.TEXT: st.sampled_from(["Web", "5", "true", "2024-01-01"]),
        ExportKind.IDENTIFIER: st.just(PROFILE_ID),
    }[kind]
    chosen = draw(value)
    separators = [None, None, ", "] if kind is ExportKind.PROPERTY and chosen in _LISTS else [None]
    return ExportField(
        field=name,
        kind=kind,
        value=chosen,
        when_empty=draw(st.sampled_from(WhenEmpty)),
        when_too_long=draw(st.sampled_from(WhenTooLong)),
        separator=draw(st.sampled_from(separators)),
    )


@st.composite
def goals(draw: st.DrawFn) -> ExportGoal:
    """A goal that writes some fields."""
    identifier, name = draw(st.sampled_from(_MATCHES))
    creates = draw(st.booleans())
    updates = not creates or draw(st.sampled_from([True, True, False]))
    can = [
        field.name
        for field in FIELDS
        if (creates and field.createable) or (updates and field.updateable)
    ]
    names = draw(st.lists(st.sampled_from(can), min_size=1, max_size=6, unique=True))
    return ExportGoal(
        key="out",
        name="out",
        object=draw(st.sampled_from([LEAD, LEAD, CONTACT])),
        segment="members",
        match=MatchRow(field=name, identifier=identifier),
        fields=tuple(draw(_rows(each)) for each in names),
        create_records=creates,
        update_records=updates,
    )


_ALWAYS = ExportField(field="Title", kind=ExportKind.PROPERTY, value="title")


def of_persons(goal: ExportGoal) -> ExportGoal:
    """The same of person accounts, which are never created."""
    can = {field.name for field in FIELDS if field.updateable}
    rows = tuple(row for row in goal.fields if row.field in can) or (_ALWAYS,)
    return replace(goal, object=PERSON, fields=rows, create_records=False, update_records=True)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """What changes before a run, and how it runs."""

    profiles: tuple[tuple[int, dict[str, Any]], ...]
    records: tuple[tuple[int, dict[str, str | None]], ...]
    goal: ExportGoal | None
    full: bool
    bulk: bool
    kills: tuple[int, ...]  # after how many steps the engine is killed, one try after the other


@dataclass(frozen=True, kw_only=True)
class History:
    """A goal, what is there before, and turns."""

    goal: ExportGoal
    wanted: tuple[str, ...]
    profiles: tuple[dict[str, Any], ...]
    records: tuple[dict[str, str | None], ...]
    links: tuple[tuple[int, int, str | None], ...]  # record, profile, gone
    refused: str  # a row with this text somewhere is refused
    turns: tuple[Turn, ...]


def _optional(pools: dict[str, list[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    return st.fixed_dictionaries(
        {}, optional={name: st.sampled_from(pool) for name, pool in pools.items()}
    )


@st.composite
def _profiles(draw: st.DrawFn) -> tuple[dict[str, Any], ...]:
    """Profiles that share no identifier value."""
    left = {key: draw(st.permutations(pool)) for key, pool in _IDENTIFIERS.items()}
    profiles: list[dict[str, Any]] = draw(st.lists(_optional(_SINGLES), min_size=2, max_size=6))
    for profile in profiles:
        for key, pool in left.items():
            has_one: bool = draw(st.sampled_from([True, True, True, False]))
            if pool and has_one:
                profile[key] = pool.pop()
    _keep_once(profiles)
    return tuple(profiles)


def _keep_once(profiles: list[dict[str, Any]]) -> None:
    """Take values of lists away that a profile before has."""
    seen: set[Any] = set()
    for profile in profiles:
        for key in ("codes", "ids"):
            values = [each for each in profile.get(key, ()) if (key, each) not in seen]
            seen |= {(key, each) for each in values}
            profile.pop(key, None)
            if values:
                profile[key] = values


_changes = st.fixed_dictionaries(
    {}, optional={name: st.sampled_from([*pool, None]) for name, pool in _SINGLES.items()}
)
_records = st.fixed_dictionaries(
    {name: st.sampled_from(pool) for name, pool in _RECORD_VALUES.items()}
)
_endings = st.sampled_from([{"IsDeleted": "true"}, {"IsConverted": "true"}])
_turns = st.builds(
    Turn,
    profiles=st.lists(st.tuples(st.integers(0, 5), _changes), max_size=4).map(tuple),
    records=st.lists(
        st.tuples(st.integers(1, _RECORDS), st.one_of(_records, _records, _endings)), max_size=3
    ).map(tuple),
    goal=st.one_of(st.none(), st.none(), goals()),
    full=st.booleans(),
    bulk=st.booleans(),
    kills=st.one_of(
        st.just(()),
        st.lists(st.integers(1, 150), max_size=4).map(tuple),
    ),
)


@st.composite
def histories(draw: st.DrawFn) -> History:
    """A goal over some turns."""
    pairs = st.tuples(
        st.integers(1, _RECORDS), st.integers(0, 5), st.sampled_from([None, None, "deleted"])
    )
    return History(
        goal=draw(goals()),
        wanted=draw(st.sampled_from([(), (), ("email",), ("title", "email")])),
        profiles=draw(_profiles()),
        records=tuple(draw(st.lists(_records, max_size=_RECORDS))),
        links=tuple(draw(st.lists(pairs, max_size=3, unique_by=lambda pair: pair[0]))),
        refused=draw(st.sampled_from(["never", "Chief", "b"])),
        turns=tuple(draw(st.lists(_turns, min_size=1, max_size=4))),
    )


__all__ = ["PROPERTIES", "History", "Turn", "histories", "new_org", "of_persons"]
