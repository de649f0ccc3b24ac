"""Random histories as plain JSON: goals, settings, and steps one after the other.

Records and profiles are named by numbers that stand for whichever is there when the step comes, so
that every step does something, and a history that is cut anywhere is still one.
"""

from dataclasses import dataclass, replace
from typing import Any

from hypothesis import strategies as st

from integration.importing.histories import PROPERTIES
from isthmus.domain.goals import (
    PROFILE_ID,
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
    WhenEmpty,
    WhenTooLong,
)
from isthmus.domain.merge_rules import MergeRule, refusal, together_refusal
from isthmus.domain.objects import CONTACT, LEAD, SalesforceObject
from model.people_org import FORBIDDEN

Plain = dict[str, Any]

STEPS_IN_A_HISTORY = 24
_NASTY = [
    "a", "A", 'q",\'\\', "two\nlines", "\u2028", "x\x85y", "n\0l", "NA", "null", "#N/A", " s ",
    "İ😀", "a;b", "NULL", "\\N", "\\.",
]  # fmt: skip
_RECORD_VALUES: dict[str, list[Any]] = {
    "LastName": ["Curie", "O'Brien", "null", "NA"],
    "FirstName": ["Ada", "ada", *_NASTY],
    "Title": ["Boss", "boss", *_NASTY],
    "Email": ["a@x.co", "A@x.co", "b@x.co", "b@x.co", "c@x.co"],
    "Phone": ["1", "2", "NA"],
    "Description": _NASTY,
    "External_Ref__c": ["r1", "R1", "r2", "r3"],
    "Segments__c": ["Boss", "old", "#N/A"],
    "Interests__c": ["Events", "Events;Pricing", "Support;Events"],
    "Loyalty_Points__c": [1, 5, 7, -3, 0],
    "Annual_Spend__c": [1.5, 9999.99, 0.1, 100],
    "Last_Purchase__c": ["2024-02-29", "2024-03-31"],
    "Last_Seen__c": ["2024-03-31T23:30:00.000Z", "2024-01-01T00:00:00.000Z"],
    "Tier__c": ["Gold", "Silver"],
    "Newsletter__c": [True, False],
}
_NEVER_EMPTY = frozenset({"LastName", "Newsletter__c"})
_PROFILE_VALUES: dict[str, list[Any]] = {
    "email": ["a@x.co", "b@x.co", "c@x.co", "d@x.co", "odd@ß.İ"],
    "phone": ["1", "2", "NA"],
    "codes": [["r1"], ["R1", "r2"], ["r3"]],
    "title": ["Boss", "Chief", FORBIDDEN, *_NASTY],
    "note": ["boss", "old", "two\nlines", 'q"'],
    "kind": ["Gold", "silver", "Gold", "Copper"],
    "total": [1, 9, 100, -1],
    "amount": ["1.50", "1.509", "0.1", "-7"],
    "flag": [True, False],
    "day": ["2024-02-29", "1699-12-31", "2024-06-01"],
    "moment": ["2024-03-31T23:30:00.123456+00:00", "2024-01-01T00:00:00+00:00"],
    "tags": [["Events"], ["Pricing", "Events"], ["events", "x"]],
}  # fmt: skip
_MATCHES = [("Id", "ids"), ("Email", "email"), ("Phone", "phone"), ("External_Ref__c", "codes")]
_IMPORTED = [
    ("Email", "email"), ("Phone", "phone"), ("External_Ref__c", "codes"), ("Title", "title"),
    ("FirstName", "title"), ("Description", "note"), ("Segments__c", "note"), ("Tier__c", "kind"),
    ("Loyalty_Points__c", "total"), ("Loyalty_Points__c", "total"), ("Annual_Spend__c", "amount"),
    ("Newsletter__c", "flag"), ("Last_Purchase__c", "day"), ("Last_Seen__c", "moment"),
    ("Last_Seen__c", "day"), ("Interests__c", "tags"), ("Title", "tags"), ("Title", "kind"),
    ("Loyalty_Points__c", "title"), ("Description", "title"),
]  # fmt: skip
_EXPORT_MATCHES = [
    ("email", "Email"), ("email", "Email"), (PROFILE_ID, "Isthmus_Id__c"),
    ("codes", "External_Ref__c"), ("ids", "Id"),
]  # fmt: skip
_EXPORTED = [
    ("title", "Title"), ("title", "Segments__c"), ("note", "Description"), ("kind", "Tier__c"),
    ("total", "Loyalty_Points__c"), ("amount", "Annual_Spend__c"), ("flag", "Newsletter__c"),
    ("day", "Last_Purchase__c"), ("moment", "Last_Seen__c"), ("tags", "Interests__c"),
    ("email", "Email"), ("phone", "Phone"), ("codes", "External_Ref__c"), ("note", "FirstName"),
    ("moment", "Last_Purchase__c"),
]  # fmt: skip
_BOTH_WAYS = [pair for pair in _IMPORTED if (pair[1], pair[0]) in set(_EXPORTED)]
_TWO_WAY = [("Title", "title")] * 3
_TWO_WAY += [(name, target) for name, target in _BOTH_WAYS if target != "codes"]
"""Those that may go both ways: a list of identifiers only grows, which an export may not feed."""

_SUMMED = [("Loyalty_Points__c", "total"), ("Interests__c", "tags")]
_ADDING = (MergeRule.SUM, MergeRule.ADD)
"""Rules by which a value that is applied twice shows."""

Pairs = frozenset[tuple[str, str]]
"""Fields and properties."""


@dataclass(frozen=True, kw_only=True)
class Ways:
    """Which of the pairs that could go both ways go which way in a history."""

    outward: Pairs  # they are exported; the others are imported
    both: Pairs  # imported and exported

    @property
    def inward(self) -> list[tuple[str, str]]:
        """What may be imported."""
        return [pair for pair in _IMPORTED if pair not in self.outward - self.both]

    @property
    def written(self) -> list[tuple[str, str]]:
        """What may be exported: properties and fields."""
        only_in = {pair for pair in _BOTH_WAYS if pair not in self.outward | self.both}
        return [(key, name) for key, name in _EXPORTED if (name, key) not in only_in]


_OBJECTS = st.sampled_from([LEAD, LEAD, CONTACT])


@st.composite
def _import_goals(draw: st.DrawFn, key: str, sobject: SalesforceObject, ways: Ways) -> Plain:
    match = draw(st.lists(st.sampled_from(_MATCHES), min_size=1, max_size=3, unique=True))
    inward = ways.inward
    pairs = draw(st.lists(st.sampled_from(inward), min_size=2, max_size=8, unique=True))
    pairs += [pair for pair in sorted(ways.both) if pair not in pairs]
    sums = [pair for pair in _SUMMED if pair in inward and pair not in pairs]
    rows = [draw(_import_rows(pair, ways.both)) for pair in [*sums, *pairs]]
    return ImportGoal(
        key=key,
        name=key,
        object=sobject,
        match=tuple(MatchRow(field=name, identifier=target) for name, target in match),
        fields=_fitting(rows),
        create_profiles=draw(st.sampled_from([True, True, True, False])),
    ).plain()


@st.composite
def _import_rows(draw: st.DrawFn, pair: tuple[str, str], both: Pairs) -> ImportField:
    name, target = pair
    definition = PROPERTIES[target]
    rules = [rule for rule in MergeRule if refusal(rule, definition) is None]
    if definition.identifier and definition.list:
        rules = [MergeRule.ADD]
    if pair in both:
        rules = [rule for rule in rules if rule not in _ADDING]
    rule = draw(st.sampled_from([*rules, *[rule for rule in _ADDING if rule in rules] * 3]))
    keep = draw(st.booleans()) and rule is MergeRule.SET
    return ImportField(field=name, property=target, rule=rule, keep_when_empty=keep)


def _fitting(rows: list[ImportField]) -> tuple[ImportField, ...]:
    """Those rows, from the first on, that a goal may have together."""
    kept: list[ImportField] = []
    for row in rows:
        target = PROPERTIES[row.property]
        beside = [other for other in kept if other.property == row.property]
        together = together_refusal([other.rule for other in (*beside, row)], target)
        if not together and not (beside and target.identifier):
            kept.append(row)
    return tuple(kept)


@st.composite
def _export_goals(draw: st.DrawFn, key: str, sobject: SalesforceObject, ways: Ways) -> Plain:
    identifier, name = draw(st.sampled_from(_EXPORT_MATCHES))
    creates = draw(st.sampled_from([True, True, False]))
    pairs = draw(
        st.lists(
            st.sampled_from(ways.written), min_size=1, max_size=6, unique_by=lambda pair: pair[1]
        )
    )
    both = [(property_key, name) for name, property_key in sorted(ways.both)]
    named = {name for _, name in both}
    pairs = [*(pair for pair in pairs if pair[1] not in named), *both]
    rows = [draw(_export_rows(target, property_key)) for property_key, target in pairs]
    if creates:
        last_name = draw(st.sampled_from(["title", None]))
        rows += [
            _text_row("LastName", "New")
            if last_name is None
            else ExportField(field="LastName", kind=ExportKind.PROPERTY, value=last_name),
            ExportField(field="Isthmus_Id__c", kind=ExportKind.IDENTIFIER),
        ]
    return ExportGoal(
        key=key,
        name=key,
        object=sobject,
        segment="members",
        match=MatchRow(field=name, identifier=identifier),
        fields=tuple(rows),
        create_records=creates,
    ).plain()


def _text_row(name: str, text: str) -> ExportField:
    return ExportField(field=name, kind=ExportKind.TEXT, value=text)


@st.composite
def _export_rows(draw: st.DrawFn, name: str, property_key: str) -> ExportField:
    return ExportField(
        field=name,
        kind=ExportKind.PROPERTY,
        value=property_key,
        when_empty=draw(st.sampled_from(WhenEmpty)),
        when_too_long=draw(st.sampled_from(WhenTooLong)),
    )


@st.composite
def goal_sets(draw: st.DrawFn, ways: Ways) -> dict[str, Plain]:
    """One or two goals in each direction."""
    sobject = draw(_OBJECTS)
    exports = {"out": draw(_export_goals("out", sobject, ways))}
    if draw(st.sampled_from([False, False, True])):
        # Two goals that write one field from one property would be one too many.
        other = draw(_OBJECTS)
        only_out = replace(ways, both=frozenset()) if other == sobject else ways
        exports["out2"] = draw(_export_goals("out2", other, only_out))
    imports = {
        key: draw(_import_goals(key, sobject, ways))
        for key, sobject in draw(
            st.sampled_from(
                [[("in", LEAD)], [("in", LEAD), ("in2", CONTACT)], [("in2", CONTACT), ("in", LEAD)]]
            )
        )
    }
    return {**imports, **exports}


_numbers = st.integers(0, 5)
_sobjects = st.sampled_from(["Lead", "Lead", "Contact"])


def _values(pools: dict[str, list[Any]], *always: str) -> st.SearchStrategy[Plain]:
    """Some of the values, those of `always` in any case."""
    choices = {
        name: st.sampled_from(pool if name in _NEVER_EMPTY else [*pool, None])
        for name, pool in pools.items()
    }
    optional = {name: choice for name, choice in choices.items() if name not in always}
    return st.fixed_dictionaries({name: choices[name] for name in always}, optional=optional)


def _only(pools: dict[str, list[Any]], name: str) -> st.SearchStrategy[Plain]:
    return _values({name: pools[name]}, name)


_record_values = _values(_RECORD_VALUES)
_profile_values = _values(_PROFILE_VALUES)
_new_records = _values(
    _RECORD_VALUES, "Email", "Title", "Loyalty_Points__c", "Interests__c", "External_Ref__c"
)
_new_profiles = _values(_PROFILE_VALUES, "email", "title")
_identities = _values({key: _PROFILE_VALUES[key] for key in ("email", "phone", "codes")})


def _step(do: str, **parts: st.SearchStrategy[Any]) -> st.SearchStrategy[Plain]:
    return st.fixed_dictionaries({"do": st.just(do), **parts})


def _update(values: st.SearchStrategy[Plain]) -> st.SearchStrategy[Plain]:
    return _step("update", object=_sobjects, record=_numbers, values=values)


def _edit(values: st.SearchStrategy[Plain]) -> st.SearchStrategy[Plain]:
    return _step("edit", profile=_numbers, values=values)


_USERS = [
    *[_step("insert", object=_sobjects, values=_new_records)] * 4,
    *[_update(_record_values)] * 5,
    _step("late", object=_sobjects, record=_numbers, values=_record_values),
    _step("delete", object=_sobjects, record=_numbers),
    _step("undelete", object=_sobjects, record=_numbers),
    _step("hard_delete", object=_sobjects, record=_numbers),
    _step("merge", object=_sobjects, record=_numbers, other=_numbers, values=_record_values),
    _step("convert", record=_numbers, other=st.none() | _numbers),
]
_MARKETERS = [
    _step("profile", values=_new_profiles),
    *[_edit(_profile_values)] * 3,
    _edit(_identities),
    _step("merge_profiles", profile=_numbers, other=_numbers),
]
_TIMES = [_step("time", seconds=st.sampled_from([1, 1, 2, 5]))]
_RUNS = [
    _step(
        "run",
        goals=st.sampled_from([[], [], ["in"], ["out"]]),
        seconds=st.sampled_from([1, 1, 2, 5, 0]),
        full=st.sampled_from([False, False, False, False, True]),
        sizes=st.tuples(
            st.sampled_from([5000, 1, 2, 3]),
            st.sampled_from([1000, 1, 2]),
            st.sampled_from([2000, 0]),
        ).map(list),
    )
] * 10
_KILLS = [
    _step(
        "kill",
        share=st.floats(0, 1, width=16),
        of_requests=st.sampled_from([False, False, True]),
        after=st.booleans(),
        session=st.sampled_from([False, False, True]),
    )
] * 4


FIRST_RUN: Plain = {
    "do": "run", "goals": [], "seconds": 2, "full": False, "sizes": [5000, 1000, 2000],
}  # fmt: skip
_RUN_OF_ALL = _RUNS[0].map(lambda run: {**run, "goals": []})

_ALIKE: dict[str, tuple[Any, Any]] = {
    "email": ("b@x.co", "b@x.co"), "phone": ("1", "1"), "title": ("Boss", "Boss"),
    "note": ("two\nlines", "two\nlines"), "kind": ("Gold", "Gold"), "total": (1, 1),
    "amount": (0.1, "0.1"), "flag": (True, True), "day": ("2024-02-29", "2024-02-29"),
    "moment": ("2024-01-01T00:00:00.000Z", "2024-01-01T00:00:00+00:00"),
    "tags": ("Events", ["Events"]),
}  # fmt: skip
"""By property: a value as a record has it and as a profile has it."""


def _there_and_back(name: str, key: str) -> list[Plain]:
    """A user's value comes in, another one goes out, and a person chooses the first again."""
    in_org, here = _ALIKE[key]
    other = next(value for value in _PROFILE_VALUES[key] if value != here)
    return [
        {"do": "update", "object": "Lead", "values": {name: in_org}},
        dict(FIRST_RUN),
        {"do": "edit", "values": {key: other}},
        dict(FIRST_RUN),
        {"do": "edit", "values": {key: here}},
        dict(FIRST_RUN),
    ]


_REFUSED = {"title": FORBIDDEN, "email": "odd@ß.İ"}
"""By property: a value that the org does not save."""


def _refused(key: str) -> list[Plain]:
    """A value of a record that is there is refused, again, and then corrected."""
    return [
        dict(FIRST_RUN),
        {"do": "edit", "values": {key: _REFUSED[key]}},
        dict(FIRST_RUN),
        dict(FIRST_RUN),
        {"do": "edit", "values": {key: _ALIKE[key][1]}},
        dict(FIRST_RUN),
    ]


@st.composite
def _round_trips(draw: st.DrawFn, ways: Ways) -> list[Plain]:
    """A value goes out and comes back, while people work on the same profile and record."""
    name, key = draw(st.sampled_from(sorted(ways.both)))
    keys = [key, draw(st.sampled_from(sorted(_PROFILE_VALUES)))]
    names = [name, draw(st.sampled_from(sorted(_RECORD_VALUES)))]
    profile, record = draw(st.integers(0, 2)), draw(st.integers(0, 2))
    edits = _edit(_values({each: _PROFILE_VALUES[each] for each in keys}, *keys))
    updates = st.sampled_from(names).flatmap(lambda each: _update(_only(_RECORD_VALUES, each)))
    between = draw(st.lists(st.one_of(edits, updates, updates), max_size=2))
    steps = [draw(edits), draw(_RUN_OF_ALL), *between, draw(_RUN_OF_ALL)]
    kind = draw(st.sampled_from(["", "", "there and back", "refused"]))
    if kind == "there and back":
        steps = _there_and_back(name, key)
    elif kind and (refused := sorted({each for _, each in ways.both} & set(_REFUSED))):
        steps = _refused(refused[-1])
    for step in steps:
        if step["do"] == "edit":
            step["profile"] = profile
        elif step["do"] == "update":
            step["record"] = record
    return steps


_STOPS = [_step("stop", share=st.floats(0, 1, width=16))]
_FAULTS = [
    _step("fault", fault=st.sampled_from(range(20)), skip=st.sampled_from([0, 0, 1, 2])),
] * 3

_STEPS = [*_USERS, *_MARKETERS, *_TIMES, *_RUNS, *_KILLS, *_STOPS, *_FAULTS]


def _steps(ways: Ways) -> st.SearchStrategy[Plain]:
    """Anything that can happen, and often to what goes both ways."""
    both = [
        part
        for name, key in sorted(ways.both)
        for part in (
            _update(_values(_RECORD_VALUES, name)),
            _update(_only(_RECORD_VALUES, name)),
            _edit(_values(_PROFILE_VALUES, key)),
            _edit(_only(_PROFILE_VALUES, key)),
        )
    ]
    return st.one_of(*_STEPS, *both, *both)


@st.composite
def histories(draw: st.DrawFn) -> Plain:
    """Goals, settings, some records and profiles to begin with, and steps."""
    ways = Ways(
        outward=draw(st.frozensets(st.sampled_from(_BOTH_WAYS), max_size=5)),
        both=draw(st.frozensets(st.sampled_from(_TWO_WAY), min_size=1, max_size=3)),
    )
    goals = draw(goal_sets(ways))
    beginning = draw(st.lists(st.one_of(*_USERS[:2], *_MARKETERS[:1]), min_size=6, max_size=9))
    replacements = [draw(goal_sets(ways)) for _ in range(draw(st.sampled_from([0, 0, 1])))]
    trips = draw(_round_trips(ways))
    least = STEPS_IN_A_HISTORY - len(beginning) - 4
    middle = draw(st.lists(_steps(ways), min_size=least, max_size=least + 6))
    middle[len(middle) // 3 : len(middle) // 3] = trips
    for number, goal_set in enumerate(replacements):
        place = (number + 1) * len(middle) // 2
        middle[place:place] = [
            {"do": "goal", "definition": goal_set[key]}
            for key in goals
            if key in goal_set and goal_set[key]["object"] == goals[key]["object"]
        ]
    return {
        "goals": goals,
        "wanted": draw(st.sampled_from([[], [], ["email"], ["title"]])),
        "overlap_seconds": draw(st.integers(0, 3)),
        "settle_seconds": draw(st.sampled_from([0, 0, 1])),
        "steps": [*beginning, FIRST_RUN, *middle],
    }
