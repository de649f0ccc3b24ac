"""What goes wrong in an org, by its descriptions alone."""

import time
from dataclasses import replace
from typing import Any

import pytest

from isthmus.connections.org_troubles import Org, troubles_of, warnings_of
from isthmus.domain.goals import (
    PROFILE_ID,
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
    WhenTooLong,
)
from isthmus.domain.objects import LEAD, PERSON
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.salesforce import NotFound, ObjectDescription
from model.fake_org import describe, new_field, picklist

FIELDS = (
    new_field("Email", "email", length=80, id_lookup=True),
    new_field("Title", length=40),
    new_field("Company", length=255, nillable=False),
    new_field("Story__c", "textarea", length=32_000),
    new_field("Total__c", "int", digits=9),
    new_field("Price__c", "double", precision=10, scale=2),
    new_field("Yes__c", "boolean"),
    new_field("Seen__c", "datetime"),
    new_field("Tier__c", "picklist", restricted_picklist=True, picklist_values=picklist("a", "b")),
    new_field("Once__c", updateable=False),
    new_field("Later__c", createable=False),
    new_field("Sum__c", "double", createable=False, updateable=False, calculated=True),
    new_field("Number__c", createable=False, updateable=False, auto_number=True),
)
PROPERTIES = {
    each.key: each
    for each in (
        PropertyDefinition(key="email", label="E", type=PropertyType.EMAIL, identifier=True),
        PropertyDefinition(key="code", label="C", identifier=True),
        PropertyDefinition(key="title", label="T"),
        PropertyDefinition(key="total", label="N", type=PropertyType.INTEGER),
        PropertyDefinition(key="born", label="B", type=PropertyType.DATE),
    )
}
READ = ImportGoal(
    key="in", name="In", object=LEAD, match=(MatchRow(field="Email", identifier="email"),)
)
WRITTEN = ExportGoal(
    key="out",
    name="Out",
    object=LEAD,
    segment="all",
    match=MatchRow(field="Email", identifier="email"),
)


def org(**given: Any) -> Org:
    def described(name: str) -> ObjectDescription:
        if name == "Gone":
            raise NotFound("no")
        return describe(name, FIELDS)

    return Org(describe=described, properties=PROPERTIES, **given)


def imported(name: str, key: str, **given: Any) -> ImportGoal:
    return replace(READ, fields=(ImportField(field=name, property=key, **given),))


def exported(name: str, value: str, kind: str = "property", **given: Any) -> ExportGoal:
    row = ExportField(field=name, kind=ExportKind(kind), value=value, **given)
    return replace(WRITTEN, fields=(row,))


def warned(goal: ImportGoal | ExportGoal) -> str:
    assert troubles_of(goal, org()) == []
    return " ".join(each.message for each in warnings_of(goal, org()))


def refused(goal: ImportGoal | ExportGoal) -> str:
    return " ".join(each.message for each in troubles_of(goal, org()))


@pytest.mark.parametrize(
    ("field", "key", "says"),
    [
        ("Title", "title", ""),
        ("Total__c", "total", ""),
        ("Price__c", "total", "takes only whole numbers: every other value"),
        ("Title", "total", "takes only whole numbers: every other value"),
        ("Yes__c", "total", "no value of this field is one"),
        ("Seen__c", "born", ""),
        ("Yes__c", "born", "takes only dates: no value"),
        ("Title", "email", "takes only e-mail addresses: every other value"),
        ("Story__c", "code", "an identifier at most 500"),
        ("Sum__c", "title", "gets no new stamp"),
    ],
)
def test_values_that_a_property_can_t_hold_are_warned_of(field: str, key: str, says: str) -> None:
    found = warned(imported(field, key))
    assert (says in found) if says else not found


def test_a_field_that_was_read_before_may_vanish() -> None:
    goal = imported("Gone__c", "title")
    assert "has no field 'Gone__c'" in refused(goal)
    known = org(read_before=frozenset({"gone__c"}))
    assert troubles_of(goal, known) == []
    (warning,) = warnings_of(goal, known)
    assert warning.message.startswith("Gone__c is no longer there")


@pytest.mark.parametrize(
    ("goal", "says"),
    [
        (exported("Once__c", "title"), "in new records only, and this goal only updates"),
        (
            replace(exported("Later__c", "title"), create_records=True, update_records=False),
            "in records that are there, and none is updated",
        ),
        (exported("Sum__c", "title"), "it is a formula"),
        (exported("Number__c", "title"), "Salesforce numbers it by itself"),
        (
            replace(exported("Title", "title"), match=MatchRow(field="Nope", identifier="email")),
            "has no field 'Nope'",
        ),
        (replace(exported("Title", "title"), object=PERSON), "no person accounts"),
    ],
)
def test_what_can_t_be_written_says_why(goal: ExportGoal, says: str) -> None:
    assert says in refused(goal)


@pytest.mark.parametrize(
    ("goal", "says"),
    [
        (exported("Company", "title"), ""),
        (exported("Title", "title"), "Title takes at most 40 characters: a longer value"),
        (exported("Title", "title", when_too_long=WhenTooLong.CUT), ""),
        (exported("Title", "x" * 41, "text"), "this row sends 41: it will be reported"),
        (
            exported("Title", "x" * 41, "text", when_too_long=WhenTooLong.CUT),
            "this row sends 41: it will be cut",
        ),
        (exported("Title", PROFILE_ID, "identifier"), ""),
        (exported("Yes__c", "total"), "takes no integer"),
        (exported("Seen__c", "total"), "takes no integer"),
        (exported("Price__c", "total"), ""),
        (exported("Tier__c", "c", "text"), "takes only a, b"),
        (exported("Tier__c", "b", "text"), ""),
    ],
)
def test_what_may_go_wrong_with_an_export_is_warned_of(goal: ExportGoal, says: str) -> None:
    found = warned(goal)
    assert (says in found) if says else not found


def test_what_a_new_record_needs_is_named_until_it_is_mapped() -> None:
    creates = replace(exported("Title", "title"), create_records=True)
    assert "Company. Map it, or" in warned(creates)
    assert "Company" not in warned(replace(exported("Company", "title"), create_records=True))
    assert "Company" not in warned(exported("Title", "title"))


def test_fields_that_go_with_some_records_only_say_so() -> None:
    once, later = exported("Once__c", "title"), exported("Later__c", "title")
    assert "in new records only: it is left out" in warned(replace(once, create_records=True))
    assert "can't be set in new records" in warned(replace(later, create_records=True))


def test_a_filter_that_time_or_parents_can_change_is_warned_of() -> None:
    base = imported("Title", "title")
    later = replace(base, filter={"field": "Seen__c", "before_last": {"days": 3}})
    assert "only because time goes by" in warned(later)
    assert "Sum__c can change without a new stamp" in warned(
        replace(base, filter={"field": "Sum__c", "more_than": 3})
    )
    assert warned(replace(base, filter={"field": "Title", "is": "x"})) == ""


def test_five_hundred_rows_are_looked_at_at_once() -> None:
    rows = tuple(ImportField(field=f"Titel{number}__c", property="title") for number in range(500))
    wrong = replace(READ, fields=rows)
    started = time.perf_counter()
    assert len(troubles_of(wrong, org())) == 500
    assert time.perf_counter() - started < 2
