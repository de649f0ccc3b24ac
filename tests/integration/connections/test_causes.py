"""Problems that differ in a record only have one cause, and every number has its rows."""

from typing import Any
from uuid import UUID, uuid4

import pytest
from psycopg import Connection

from integration.set_up import new_connection
from isthmus.connections import causes, rows
from isthmus.connections.models import IMPORT, Run, RunGoal, RunState
from isthmus.connections.rows import Wanted


@pytest.fixture
def part(store: Connection[Any]) -> RunGoal:
    run = Run.objects.create(
        connection=new_connection(), number=1, state=RunState.PROBLEMS, goal_keys=[]
    )
    return RunGoal.objects.create(run=run, key="leads_in", direction=IMPORT, state="problems")


def problem(store: Connection[Any], part: RunGoal, code: str, message: str, **more: Any) -> None:
    names = {"record": None, "profile": None, "field": None, "property": None, **more}
    store.execute(
        "INSERT INTO store.run_problem"
        " (run_goal, code, message, record_id, profile_id, field, property)"
        " VALUES (%(part)s, %(code)s, %(message)s, %(record)s, %(profile)s, %(field)s,"
        " %(property)s)",
        {**names, "part": part.id, "code": code, "message": message},
    )


def outcome(
    store: Connection[Any],
    part: RunGoal,
    name: str,
    *,
    reason: str | None = None,
    record: str | None = None,
    profile: UUID | None = None,
) -> None:
    store.execute(
        "INSERT INTO store.run_record (run_goal, outcome, reason, record_id, profile_id)"
        " VALUES (%s, %s, %s, %s, %s)",
        [part.id, name, reason, record, profile],
    )


ONE_CAUSE = [
    [
        "duplicate value found: Isthmus_Id__c duplicates value on record with id: 0035g00000TgA3z",
        "duplicate value found: Isthmus_Id__c duplicates value on record with id: 003000000000001",
    ],
    [
        "Country: bad value for restricted picklist field: O'Land",
        "Country: bad value for restricted picklist field: Atlantis",
    ],
    [
        "Title: data value too large: Senior (max length=5)",
        "Title: data value too large: Junior person (max length=5)",
    ],
    ["Email: invalid email address: nobody", "Email: invalid email address: some body at home"],
    ["Value 'O'Brien' is refused.", "Value 'Smith' is refused."],
    ["It matches a@b.example, twice", "It matches c.d@e.example, twice"],
    [f"Profiles {uuid4()} and {uuid4()} are one.", f"Profiles {uuid4()} and {uuid4()} are one."],
    [
        "unable to obtain exclusive access to this record or 1 records: 0015g00000Bn3Xw",
        "unable to obtain exclusive access to this record or 3 records: 0015g00000Bn3X, 001a, 001b",
        "unable to obtain exclusive access to this record or 2 records: 0015g00000Bn3Xw,001000000c",
    ],
    ["Tried 5 times, until 2026-01-01 10:00.", "Tried 12 times, until 2027-10-01 01:00."],
]


@pytest.mark.parametrize("messages", ONE_CAUSE)
def test_words_that_differ_in_a_record_only_are_one_cause(
    store: Connection[Any], part: RunGoal, messages: list[str]
) -> None:
    for message in messages:
        problem(store, part, "X", message, field="F")
    (cause,) = causes.causes(part.run, [part]).rows
    assert cause.problems == len(messages)
    assert cause.example in messages


def test_what_differs_otherwise_is_another_cause(store: Connection[Any], part: RunGoal) -> None:
    problem(store, part, "X", "The postal code is wrong.")
    problem(store, part, "X", "The country is wrong.")
    problem(store, part, "Y", "The country is wrong.")
    problem(store, part, "Y", "The country is wrong.", field="Country")
    found = causes.causes(part.run, [part])
    assert [cause.problems for cause in found.rows] == [1, 1, 1, 1]


def test_causes_come_biggest_first_and_their_numbers_are_those_of_their_rows(
    store: Connection[Any], part: RunGoal
) -> None:
    for number in range(30):
        problem(store, part, "X", f"Value '{number}' is wrong.", record=f"r{number:02}")
    for number in range(7):
        problem(store, part, "wrong_type", "No date.", field="Born", property="born")
        problem(store, part, "X", f"Row {number} is odd.", record=f"o{number}")
    found = causes.causes(part.run, [part])
    assert [cause.problems for cause in found.rows] == [30, 7, 7]
    assert (found.causes, found.problems, found.of_fields) == (3, 44, 7)
    for cause in found.rows:
        wanted = Wanted(code=cause.code, cause=cause.key, field=cause.field)
        listed = rows.problems(part.run, [part], wanted, None, 100)
        assert len(listed) == cause.problems
        assert {row.code for row in listed} == {cause.code}


def test_another_runs_problems_are_not_among_them(store: Connection[Any], part: RunGoal) -> None:
    problem(store, part, "X", "Mine.")
    run = Run.objects.create(connection=part.run.connection, number=2, state=RunState.PROBLEMS)
    other = RunGoal.objects.create(run=run, key="leads_in", direction=IMPORT)
    problem(store, other, "X", "Theirs.")
    assert [cause.example for cause in causes.causes(part.run, [part]).rows] == ["Mine."]
    assert [row.message for row in rows.problems(run, [other], Wanted(), None, 9)] == ["Theirs."]


def test_pages_of_rows_follow_each_other_without_a_gap_or_a_repeat(
    store: Connection[Any], part: RunGoal
) -> None:
    second = RunGoal.objects.create(run=part.run, key="more", direction=IMPORT, state="finished")
    # All of one statement, and so close together that only the ids tell them apart.
    store.execute(
        "INSERT INTO store.run_record (at, run_goal, outcome, reason, record_id)"
        " SELECT now(), (ARRAY[%s, %s])[1 + n %% 2], (ARRAY['created', 'skipped'])[1 + n %% 2],"
        " (ARRAY[NULL, 'no_match', 'ambiguous'])[1 + n %% 3], 'r' || n"
        " FROM generate_series(1, 95) AS n",
        [part.id, second.id],
    )
    seen, after = [], None
    for _ in range(30):
        page = rows.outcomes(part.run, [part, second], Wanted(), after, 10)
        seen += [row.record_id for row in page]
        if len(page) < 10:
            break
        after = page[-1].place
    assert sorted(filter(None, seen)) == sorted(f"r{n}" for n in range(1, 96))


def test_rows_are_those_of_the_outcome_and_reason(store: Connection[Any], part: RunGoal) -> None:
    outcome(store, part, "created", record="a")
    outcome(store, part, "skipped", reason="no_match", record="b")
    outcome(store, part, "skipped", reason="ambiguous", record="c")

    def listed(**wanted: str) -> list[str | None]:
        found = rows.outcomes(part.run, [part], Wanted(**wanted), None, 9)  # type: ignore[arg-type]
        return [row.record_id for row in found]

    assert listed() == ["a", "c", "b"]
    assert listed(outcome="skipped") == ["c", "b"]
    assert listed(outcome="skipped", reason="no_match") == ["b"]
    assert listed(outcome="failed") == []


@pytest.mark.parametrize(
    "place",
    [
        [],
        ["x"],
        [1, "a", "b", "not a time", "", ""],
        [1, "a", "b", "2026-01-01", "", ""],
        [1 << 40, "a", "b", "2026-01-01T00:00:00+00:00", "", ""],
        [1, None, "b", "x", "", ""],
        [1, "a\0", "b", "2026-01-01T00:00:00+00:00", "", ""],
    ],
)
def test_a_place_that_is_none_is_refused(part: RunGoal, place: Any) -> None:
    with pytest.raises((ValueError, TypeError)):
        rows.outcomes(part.run, [part], Wanted(), place, 9)


def test_one_record_is_found_by_15_and_18_characters_and_a_profile_with_its_records(
    store: Connection[Any], part: RunGoal
) -> None:
    profile = uuid4()
    outcome(store, part, "updated", record="00Q000000000001EAA", profile=profile)
    outcome(store, part, "failed", reason="X", profile=profile)
    outcome(store, part, "updated", record="00Q000000000002EAA")
    store.execute(
        "INSERT INTO store.record_link (profile_id, goal, record_id, object)"
        " VALUES (%s, 1, '00Q000000000001EAA', 'Lead')",
        [profile],
    )
    for text, number in (
        ("00Q000000000001", 1),
        (" 00Q000000000001EAA ", 1),
        (str(profile), 2),
        ("00Q000000000003EAA", 0),
    ):
        who = rows.whose(text)
        assert who is not None
        assert len(rows.outcomes_of(part.run, [part], who)) == number, text
    assert rows.whose("Zinnia") is None
