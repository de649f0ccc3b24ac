"""What becomes of single members of an export's segment, told case by case."""

from collections.abc import Mapping
from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.exporting.histories import PROPERTIES, new_org
from integration.exporting.side_by_side import SideBySide
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportGoal,
    MatchRow,
    WhenEmpty,
    WhenTooLong,
)
from isthmus.domain.objects import LEAD
from isthmus.exporting.engine import run_export

EMAIL = MatchRow(field="Email", identifier="email")


def row(field: str, value: str, **given: Any) -> ExportField:
    return ExportField(field=field, kind=ExportKind.PROPERTY, value=value, **given)


def goal(*fields: ExportField, create_records: bool = True, **given: Any) -> ExportGoal:
    known = {"key": "out", "name": "out", "object": LEAD, "segment": "members", "match": EMAIL}
    rows = (row("Email", "email"), *fields)
    return ExportGoal(**{**known, **given}, fields=rows, create_records=create_records)


@pytest.fixture(params=["collections", "jobs"])
def both(request: pytest.FixtureRequest, world: Connection[Any]) -> SideBySide:
    return SideBySide(
        connection=world,
        org=new_org(),
        definitions=PROPERTIES,
        bulk=request.param == "jobs",
    )


def outcomes(both: SideBySide, **given: Any) -> list[str]:
    return [each.reason or each.outcome for each in both.run("out", **given)]


def sent(both: SideBySide) -> list[tuple[str, Mapping[str, Any]]]:
    return both.salesforce.writes.log


def test_a_member_is_created_once_and_then_only_its_changes_go_out(both: SideBySide) -> None:
    both.add_goal(goal(row("Title", "title")))
    profile = both.add_profile(email="a@x.co", title="Boss")
    assert outcomes(both) == ["created"]
    assert outcomes(both) == ["unchanged"]
    assert outcomes(both, full=True) == ["unchanged"]
    assert sent(both) == []
    both.change_profile(profile, title="CEO")
    assert outcomes(both) == ["updated"]
    assert [set(cells) - {"Id"} for _, cells in sent(both)] == [{"Title"}]


def test_an_empty_value_is_left_or_cleared_as_the_row_says(both: SideBySide) -> None:
    both.add_goal(goal(row("Title", "title"), row("Ref__c", "note", when_empty=WhenEmpty.CLEAR)))
    profile = both.add_profile(email="a@x.co", title="Boss", note="a")
    outcomes(both)
    both.change_profile(profile, title=None, note=None)
    assert outcomes(both) == ["updated"]
    (record,) = both.org.records["Lead"].values()
    assert (record["Title"], record["Ref__c"]) == ("Boss", None)


def test_nothing_is_cleared_in_a_record_that_was_only_just_created(both: SideBySide) -> None:
    both.add_goal(goal(row("Ref__c", "note", when_empty=WhenEmpty.CLEAR)))
    both.add_profile(email="a@x.co")
    assert outcomes(both) == ["created"]
    assert outcomes(both, full=True) == ["unchanged"]


def test_a_field_that_only_updates_can_write_follows_in_the_next_run(both: SideBySide) -> None:
    both.add_goal(goal(row("Later__c", "title")))
    both.add_profile(email="a@x.co", title="Boss")
    assert outcomes(both) == ["created"]
    assert outcomes(both) == ["updated"]
    assert outcomes(both) == ["unchanged"]
    (record,) = both.org.records["Lead"].values()
    assert record["Later__c"] == "Boss"


def test_a_record_is_found_by_its_key_whatever_the_case(both: SideBySide) -> None:
    both.add_goal(goal(row("Title", "title"), create_records=False))
    lead = both.change_org("Lead", Email="A@X.co")
    both.add_profile(email="a@x.co", title="Boss")
    both.add_profile(email="b@x.co", title="Boss")
    both.add_profile(title="Boss")
    assert outcomes(both) == ["updated", "no_match", "no_identifier"]
    assert both.org.records["Lead"][lead]["Title"] == "Boss"


def test_keys_that_differ_by_case_are_one_record_unless_the_field_minds(both: SideBySide) -> None:
    first = goal(row("Ref__c", "title"), match=MatchRow(field="Ref__c", identifier="codes"))
    both.add_goal(first)
    both.add_profile(codes=["r1"], title="1")
    both.add_profile(codes=["R1"], title="2")
    assert outcomes(both) == ["ambiguous", "ambiguous"]
    exact = goal(row("Ref__c", "title"), match=MatchRow(field="Code__c", identifier="codes"))
    set_up.change_goal(both.goals["out"], exact)
    assert outcomes(both) == ["created", "created"]


def test_two_records_of_one_profile_get_nothing(both: SideBySide) -> None:
    both.add_goal(goal(row("Title", "title")))
    for _ in range(2):
        both.change_org("Lead", Email="a@x.co")
    both.add_profile(email="a@x.co", title="Boss")
    assert outcomes(both) == ["ambiguous"]
    assert sent(both) == []


def test_a_record_that_is_linked_to_another_profile_gets_nothing(both: SideBySide) -> None:
    both.add_goal(goal(row("Title", "title")))
    both.add_goal(ImportGoal(key="in", name="in", object=LEAD, match=(), fields=()))
    lead = both.change_org("Lead", Email="a@x.co")
    both.add_profile(email="a@x.co", title="Boss")
    other = both.add_profile(title="Chef")
    both.link("in", lead, other)
    assert outcomes(both) == ["ambiguous", "updated"]
    assert both.org.records["Lead"][lead]["Title"] == "Chef"


def test_a_value_that_does_not_fit_is_a_problem_and_the_rest_goes_out(both: SideBySide) -> None:
    both.add_goal(goal(row("Title", "note"), row("Ref__c", "title")))
    both.add_profile(email="a@x.co", title="Boss", note="longer than four")
    assert outcomes(both, full=True) == ["created"]
    (record,) = both.org.records["Lead"].values()
    assert record.get("Title") is None
    cut = goal(row("Title", "note", when_too_long=WhenTooLong.CUT))
    set_up.change_goal(both.goals["out"], cut)
    assert outcomes(both) == ["updated"]
    assert record["Title"] == "long"


def test_a_refused_row_is_sent_again_by_the_next_run(both: SideBySide) -> None:
    refusals: list[tuple[str, str]] = [("REQUIRED_FIELD_MISSING", "Required: [Company]")]

    def refuse(_operation: str, _row: Mapping[str, Any]) -> tuple[str, str] | None:
        return refusals[0] if refusals else None

    both.refuse = both.salesforce.writes.refuse = refuse
    both.add_goal(goal(row("Title", "title")))
    profile = both.add_profile(email="a@x.co", title="Boss")
    assert outcomes(both) == ["REQUIRED_FIELD_MISSING"]
    told = both.connection.execute("SELECT code, message FROM store.run_problem").fetchall()
    assert told == [("REQUIRED_FIELD_MISSING", "Required: [Company]")]
    refusal = refusals.pop()
    assert outcomes(both) == ["created"]
    both.change_profile(profile, title="CEO")
    refusals.append(refusal)
    assert outcomes(both) == ["REQUIRED_FIELD_MISSING"]
    refusals.clear()
    assert outcomes(both) == ["updated"]


def test_a_deleted_record_is_made_again_by_the_run_after_the_one_that_finds_out(
    both: SideBySide,
) -> None:
    both.add_goal(goal(row("Title", "title")))
    profile = both.add_profile(email="a@x.co", title="Boss")
    outcomes(both)
    both.change_org("Lead", both.org.id("Lead", 1), IsDeleted="true")
    both.change_profile(profile, title="CEO")
    assert outcomes(both) == ["ENTITY_IS_DELETED"]
    assert outcomes(both) == ["created"]


def test_rows_that_were_locked_go_out_again_in_the_same_run(both: SideBySide) -> None:
    both.add_goal(goal(row("Title", "title")))
    both.add_profile(email="a@x.co", title="Boss")
    tries: list[str] = []

    def lock(operation: str, _row: Mapping[str, Any]) -> tuple[str, str] | None:
        tries.append(operation)
        return ("UNABLE_TO_LOCK_ROW", "unable") if len(tries) < 3 else None

    both.salesforce.writes.refuse = lock
    goal_run = set_up.run(run_export, both.goals["out"], both.salesforce)
    assert (len(tries), goal_run.counts.created) == (3, 1)


@pytest.mark.parametrize("title", ['"', "a\nb", "a,b", "\\.", "\\N", "\u2028", "'", "%s", " x "])
def test_any_text_leaves_as_it_is(both: SideBySide, title: str) -> None:
    both.add_goal(goal(row("Title", "title")))
    profile = both.add_profile(email="a@x.co", title=title)
    outcomes(both)
    both.change_profile(profile, title=f"{title}!")
    outcomes(both)
    (record,) = both.org.records["Lead"].values()
    assert record["Title"] == f"{title}!"
