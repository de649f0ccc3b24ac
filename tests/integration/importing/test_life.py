"""Records that are deleted, merged or converted, come back, or hand over what identifies them."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import psycopg
import pytest
from psycopg import Connection, sql

from integration import set_up
from integration.importing.histories import PROPERTIES, new_org
from integration.importing.side_by_side import SideBySide, chunks_of
from isthmus.connections.runs import GoalRun
from isthmus.domain.goals import (
    ImportField,
    ImportGoal,
    MatchRow,
    ObjectTypeOnDelete,
    OnMerge,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import CONTACT, LEAD, PERSON, SalesforceObject
from isthmus.importing import engine, match
from isthmus.importing.fetch import fetch
from isthmus.importing.plan import ImportPlan
from isthmus.profiles import merging

ID = MatchRow(field="Id", identifier="ids")
EMAIL = MatchRow(field="Email", identifier="email")
TITLE = ImportField(field="Title", property="title")
TOTAL = ImportField(field="Total", property="total", rule=MergeRule.SUM)


def goal(key: str = "leads", sobject: SalesforceObject = LEAD, **given: Any) -> ImportGoal:
    known: dict[str, Any] = {"match": (ID,), "fields": (TITLE, TOTAL), "create_profiles": True}
    return ImportGoal(key=key, name=key, object=sobject, **{**known, **given})


def contacts(**given: Any) -> ImportGoal:
    return goal("contacts", CONTACT, **given)


@pytest.fixture
def both(world: Connection[Any]) -> SideBySide:
    return SideBySide(connection=world, org=new_org(), definitions=PROPERTIES)


@pytest.fixture(params=[1, 5000], ids=["one by one", "all at once"], autouse=True)
def chunk(request: pytest.FixtureRequest) -> int:
    size: int = request.param
    return size


def outcomes(both: SideBySide, chunk: int, key: str = "leads", **given: Any) -> list[str]:
    both.org.seconds += 1
    results = both.run(key, chunk=chunk, **given)
    return [each.reason or each.outcome for each in results]


def total(both: SideBySide) -> Any:
    (profile,) = both.store.profiles.values()
    return profile.get("total")


def test_an_undeleted_record_adds_nothing_again(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal())
    lead = both.org.save("Lead", Total="5")
    outcomes(both, chunk)
    both.org.save("Lead", lead, IsDeleted="true")
    outcomes(both, chunk)
    both.org.save("Lead", lead, IsDeleted="false")
    assert outcomes(both, chunk) == ["unchanged"]
    assert total(both) == 5


def test_a_value_that_comes_back_after_an_empty_one_adds_nothing_again(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal())
    lead = both.org.save("Lead", Total="5")
    for value in ("", "5"):
        outcomes(both, chunk)
        both.org.save("Lead", lead, Total=value)
    outcomes(both, chunk)
    assert total(both) == 5
    both.org.save("Lead", lead, Total="7")
    outcomes(both, chunk)
    assert total(both) == 12


def test_two_goals_that_add_the_same_field_of_a_record_add_it_once(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal())
    both.add_goal(goal("again", fields=(TITLE, TOTAL)))
    lead = both.org.save("Lead", Total="5")
    for value in ("7", "5", "5"):
        outcomes(both, chunk)
        outcomes(both, chunk, "again")
        both.org.save("Lead", lead, Total=value)
    outcomes(both, chunk, "again")
    assert total(both) == 5 + 7 + 5


def test_the_sums_of_merged_records_are_both_kept_and_added_once(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal())
    winner, loser = both.org.save("Lead", Total="5"), both.org.save("Lead", Total="7")
    outcomes(both, chunk)
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    both.org.save("Lead", winner, Title="one now")
    outcomes(both, chunk)
    assert total(both) == 12
    both.org.save("Lead", loser, IsDeleted="false", MasterRecordId=None)
    assert outcomes(both, chunk) == ["updated"]
    assert total(both) == 12


def test_merged_records_with_two_profiles_make_one_of_them(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal())
    loser, winner = both.org.save("Lead", Title="Boss"), both.org.save("Lead", Title="Chief")
    outcomes(both, chunk)
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    both.org.save("Lead", winner, Title="Chief of both")
    assert outcomes(both, chunk) == ["merged", "updated"]
    (profile,) = both.store.profiles.values()
    assert profile["title"] == "Chief of both"
    assert set(profile["ids"]) == {winner, loser}
    assert both.store.merged == {1: 2}


def test_of_merged_records_the_profile_whose_record_changed_last_stays(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(match=(ID, EMAIL)))
    winner = both.org.save("Lead", Title="Chief")
    loser, beside = (both.org.save("Lead", Email="a@x.co") for _ in range(2))
    outcomes(both, chunk)
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    both.org.save("Lead", winner, Title="Chief")
    both.org.seconds += 1
    both.org.save("Lead", beside, Title="of the third")
    outcomes(both, chunk)
    assert list(both.store.profiles) == [2]
    assert both.store.profiles[2]["title"] == "of the third"


def test_merged_records_are_left_to_a_person_where_the_goal_says_so(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(on_merge=OnMerge.REVIEW))
    loser, winner = both.org.save("Lead", Title="Boss"), both.org.save("Lead", Title="Chief")
    outcomes(both, chunk)
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    assert outcomes(both, chunk) == ["merged"]
    assert (len(both.store.profiles), both.unsettled) == (2, 1)
    told = both.connection.execute(
        "SELECT record_id, message FROM store.run_problem WHERE code = 'ambiguous'"
    ).fetchall()
    assert [record_id for record_id, _ in told] == [winner]
    assert all(str(each) in told[0][1] for each in both.ids.values())
    outcomes(both, chunk, full=True)
    assert both.unsettled == 0


@pytest.mark.parametrize("turned", [False, True], ids=["loser first", "winner first"])
def test_a_new_winner_takes_over_whichever_of_two_equal_stamps_comes_first(
    both: SideBySide, chunk: int, *, turned: bool
) -> None:
    both.add_goal(goal())
    loser, winner = both.org.id("Lead", 1 + turned), both.org.id("Lead", 2 - turned)
    both.org.save("Lead", loser, Title="Boss")
    outcomes(both, chunk)
    both.org.save("Lead", winner, Title="Chief")
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    assert sorted(outcomes(both, chunk)) == ["merged", "updated"]
    assert (list(both.store.profiles), both.store.merged) == ([1], {})


def test_a_winner_that_is_imported_in_a_later_run_takes_over(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal())
    loser = both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=both.org.id("Lead", 9))
    assert outcomes(both, chunk) == ["merged"]
    both.org.save("Lead", both.org.id("Lead", 9), Title="Chief")
    assert outcomes(both, chunk) == ["updated"]
    assert both.store.profiles[1]["title"] == "Chief"


def test_a_later_winner_that_matches_another_profile_brings_the_two_together(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(match=(ID, EMAIL)))
    loser = both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    both.add_profile(email="a@x.co", note="kept")
    winner = both.org.save("Lead", Email="a@x.co")
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    assert sorted(outcomes(both, chunk)) == ["merged", "updated"]
    (profile,) = both.store.profiles.values()
    assert profile["note"] == "kept"
    assert set(profile["ids"]) == {loser, winner}


def test_a_winner_that_comes_later_still_and_matches_another_profile_brings_them_together(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(match=(ID, EMAIL)))
    loser, winner = both.org.save("Lead", Title="Boss"), both.org.id("Lead", 9)
    outcomes(both, chunk)
    both.add_profile(email="a@x.co")
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    outcomes(both, chunk)
    both.org.save("Lead", winner, Email="a@x.co")
    assert outcomes(both, chunk) == ["updated"]
    (profile,) = both.store.profiles.values()
    assert set(profile["ids"]) == {loser, winner}


def test_records_that_were_merged_one_into_the_next_end_in_one_profile(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal())
    leads = [both.org.save("Lead", Total="1") for _ in range(5)]
    outcomes(both, chunk)
    for loser, winner in pairwise(leads):
        both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    outcomes(both, chunk)
    assert total(both) == 5
    assert set(both.store.merged.values()) == {5}


def converted(both: SideBySide, lead: str, **values: str | None) -> str:
    contact = both.org.save("Contact", **values)
    both.org.save("Lead", lead, IsConverted="true", ConvertedContactId=contact)
    return contact


@pytest.mark.parametrize("first", ["leads", "contacts"])
def test_a_converted_lead_and_its_contact_are_one_profile_whichever_is_read_first(
    both: SideBySide, chunk: int, first: str
) -> None:
    both.add_goal(goal())
    both.add_goal(contacts())
    lead = both.org.save("Lead", Title="Boss", Total="5")
    outcomes(both, chunk)
    contact = converted(both, lead, Title="Chief", Total="7")
    second = "contacts" if first == "leads" else "leads"
    for key in (first, second):
        outcomes(both, chunk, key)
    (profile,) = both.store.profiles.values()
    assert (profile["title"], profile["total"]) == ("Chief", 12)
    assert profile["salesforce_objecttype"] == ["Contact"]
    assert set(profile["ids"]) == {lead, contact}


def test_a_converted_lead_is_a_contact_although_contacts_are_not_imported(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(object_type_property="kind"))
    lead = both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    converted(both, lead)
    assert outcomes(both, chunk) == ["converted"]
    assert both.store.profiles[1]["kind"] == "Contact"
    journal = both.connection.execute(
        "SELECT old FROM store.change WHERE record_id = %s ORDER BY at DESC LIMIT 1", [lead]
    ).fetchone()
    assert journal == ({"kind": "Lead"},)


def test_a_lead_that_was_converted_before_it_was_ever_read_is_left_out(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal())
    both.add_goal(contacts())
    converted(both, both.org.save("Lead", Title="Boss"), Title="Chief")
    assert outcomes(both, chunk) == ["converted"]
    assert outcomes(both, chunk, "contacts") == ["created"]
    assert both.store.profiles[1]["salesforce_objecttype"] == ["Contact"]


@pytest.mark.parametrize(("how", "left"), [("keep", ["Lead"]), ("remove", None)])
def test_a_deleted_record_takes_the_name_of_its_object_along_by_choice(
    both: SideBySide, chunk: int, how: str, left: list[str] | None
) -> None:
    both.add_goal(goal(match=(EMAIL,), object_type_on_delete=ObjectTypeOnDelete(how)))
    first, second = (both.org.save("Lead", Email="a@x.co") for _ in range(2))
    outcomes(both, chunk)
    both.org.save("Lead", first, IsDeleted="true")
    outcomes(both, chunk)
    assert both.store.profiles[1]["salesforce_objecttype"] == ["Lead"]
    both.org.save("Lead", second, IsDeleted="true")
    assert outcomes(both, chunk) == ["deleted"]
    assert both.store.profiles[1].get("salesforce_objecttype") == left
    both.org.save("Lead", second, IsDeleted="false")
    outcomes(both, chunk)
    assert both.store.profiles[1]["salesforce_objecttype"] == ["Lead"]


def test_a_record_that_left_the_recycle_bin_is_found_missing_by_a_full_read(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(object_type_on_delete=ObjectTypeOnDelete.REMOVE))
    kept, purged = both.org.save("Lead", Title="Boss"), both.org.save("Lead", Title="Chief")
    outcomes(both, chunk)
    del both.org.records["Lead"][purged]
    assert outcomes(both, chunk) == []
    assert outcomes(both, chunk, full=True) == ["unchanged", "deleted"]
    assert both.store.links[purged, "leads"].gone == "deleted"
    assert both.store.links[kept, "leads"].gone is None
    assert outcomes(both, chunk, full=True) == ["unchanged"]


def test_a_record_too_young_for_a_full_read_is_not_taken_for_deleted(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal())
    lead = both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    both.org.save("Lead", lead, Title="Chief")
    assert [each.outcome for each in both.run("leads", full=True, chunk=chunk)] == []
    assert both.store.links[lead, "leads"].gone is None
    assert outcomes(both, chunk) == ["updated"]


def test_a_contact_that_became_a_person_is_no_contact_any_more(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(contacts())
    contact = both.org.save("Contact", Title="Boss")
    outcomes(both, chunk, "contacts")
    both.org.save("Contact", contact, IsPersonAccount="true")
    assert outcomes(both, chunk, "contacts", full=True) == ["deleted"]
    both.org.save("Contact", contact, IsPersonAccount="false")
    assert outcomes(both, chunk, "contacts") == ["unchanged"]
    assert both.store.links[contact, "contacts"].profile == 1


def test_a_contact_that_became_a_person_hands_its_profile_to_the_person(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(contacts())
    both.add_goal(goal("persons", PERSON))
    contact = both.org.save("Contact", Title="Boss", Total="5")
    outcomes(both, chunk, "contacts")
    both.org.save("Contact", contact, IsPersonAccount="true")
    person = both.org.save("Account", IsPersonAccount="true", PersonContactId=contact, Total="5")
    assert outcomes(both, chunk, "persons") == ["updated"]
    assert outcomes(both, chunk, "contacts", full=True) == ["deleted"]
    assert set(both.store.profiles[1]["ids"]) == {contact, person}


@pytest.mark.parametrize("match", [(ID,), (ID, EMAIL)], ids=["by id", "by e-mail"])
def test_a_lead_that_became_a_person_is_one_profile_with_it(
    both: SideBySide, chunk: int, match: tuple[MatchRow, ...]
) -> None:
    both.add_goal(goal())
    both.add_goal(goal("persons", PERSON, match=match))
    both.add_profile(email="a@x.co")
    lead = both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    contact = both.org.save("Contact", IsPersonAccount="true")
    both.org.save("Lead", lead, IsConverted="true", ConvertedContactId=contact)
    outcomes(both, chunk)
    person = both.org.save(
        "Account", IsPersonAccount="true", PersonContactId=contact, Email="a@x.co"
    )
    assert outcomes(both, chunk, "persons") == ["updated"]
    assert both.store.links[lead, "leads"].profile == both.store.links[person, "persons"].profile


def moves(both: SideBySide, *, together: bool, chunk: int) -> list[list[str]]:
    """The e-mail of the second record goes to the first one, which stands before it."""
    both.add_goal(goal(match=(ID, EMAIL), fields=(ImportField(field="Email", property="email"),)))
    first, second = both.org.save("Lead", Email="a@x.co"), both.org.save("Lead", Email="b@x.co")
    outcomes(both, chunk)
    both.org.save("Lead", first, Email="b@x.co")
    seen = [] if together else [outcomes(both, chunk)]
    both.org.save("Lead", second, Email="c@x.co")
    return [*seen, *[outcomes(both, chunk) for _ in range(3)]]


def test_an_email_that_moves_is_handed_over_within_two_runs(both: SideBySide, chunk: int) -> None:
    assert moves(both, together=True, chunk=chunk)[-1] == []
    emails = [profile["email"] for profile in both.store.profiles.values()]
    assert emails == ["b@x.co", "c@x.co"]


def test_an_email_that_moves_in_two_runs_is_handed_over(both: SideBySide, chunk: int) -> None:
    assert moves(both, together=False, chunk=chunk)[0] == ["ambiguous"]
    emails = [profile["email"] for profile in both.store.profiles.values()]
    assert emails == ["b@x.co", "c@x.co"]


def test_records_that_wait_for_an_identifier_do_not_take_turns(
    both: SideBySide, chunk: int
) -> None:
    fields = (
        ImportField(field="Phone", property="phone"),
        ImportField(field="Num", property="number"),
    )
    both.add_goal(goal(match=(EMAIL,), fields=fields))
    both.add_profile(number=9)
    for phone in ("1", "2"):
        both.org.save("Lead", Email="a@x.co", Phone=phone, Num="9")
    outcomes(both, chunk)
    for _ in range(2):
        assert outcomes(both, chunk) == ["unchanged", "unchanged"]
    assert both.store.profiles[2]["phone"] == "2"


def test_ids_that_differ_only_by_case_are_two_records(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal())
    for record_id in ("00Q00000000000aAAA", "00Q00000000000AAAA"):
        both.org.save("Lead", record_id, Title=record_id)
    assert outcomes(both, chunk) == ["created", "created"]
    assert outcomes(both, chunk, full=True) == ["unchanged", "unchanged"]


@pytest.mark.parametrize("text", ["NA", "null", "NULL", "#N/A", "\\N", "nan", "None"])
def test_words_that_mean_nothing_elsewhere_are_values(
    both: SideBySide, chunk: int, text: str
) -> None:
    both.add_goal(goal(match=(MatchRow(field="Phone", identifier="phone"),)))
    both.org.save("Lead", Phone=text, Title=text)
    assert outcomes(both, chunk) == ["created"]
    assert (both.store.profiles[1]["phone"], both.store.profiles[1]["title"]) == (text, text)


def test_an_identifier_of_more_than_500_characters_is_a_problem_of_that_field(
    both: SideBySide, chunk: int
) -> None:
    phone = MatchRow(field="Phone", identifier="phone")
    both.add_goal(goal(match=(ID, phone)))
    long = both.org.save("Lead", Phone="9" * 501)
    both.org.save("Lead", Phone="9" * 500)
    results = [outcomes(both, chunk), both.store.links[long, "leads"].reason]
    assert results == [["created", "created"], "problem"]


TOO_LARGE = """
CREATE FUNCTION store.refuse() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'row is too big' USING ERRCODE = 'program_limit_exceeded';
END $$;
CREATE TRIGGER too_big BEFORE INSERT OR UPDATE ON store.profile
FOR EACH ROW WHEN (new.p_title LIKE 'too big%') EXECUTE FUNCTION store.refuse();
"""


def test_records_that_make_a_profile_too_large_fail_alone(both: SideBySide, chunk: int) -> None:
    row = both.add_goal(goal())
    both.connection.execute(TOO_LARGE)
    for number in range(20):
        both.org.save("Lead", Title="too big" if number in (3, 4, 17) else "fits", Total="1")
    both.org.seconds += 1
    with chunks_of(chunk):
        run = set_up.run(engine.run_import, row, both.salesforce)
    assert (run.counts.created, run.counts.failed) == (17, {"too_large": 3})
    told = both.connection.execute("SELECT code, message FROM store.run_problem").fetchall()
    assert [code for code, _ in told] == ["too_large"] * 3
    links = both.connection.execute(
        "SELECT count(*) FROM store.record_link WHERE reason = 'too_large' AND profile_id IS NULL"
    ).fetchone()
    assert links == (3,)


def _noted(both: SideBySide) -> list[tuple[int, str, str | None]]:
    """Run by run, what became of records."""
    rows = both.connection.execute(
        "SELECT run_goal, outcome, reason FROM store.run_record ORDER BY run_goal, record_id"
    ).fetchall()
    first = rows[0][0] - 1
    return [(run_goal - first, outcome, reason) for run_goal, outcome, reason in rows]


def test_a_record_that_was_too_large_is_as_it_was_once_it_is_as_it_was_applied(
    both: SideBySide, chunk: int
) -> None:
    row = both.add_goal(goal())
    both.connection.execute(TOO_LARGE)
    lead = both.org.save("Lead", Title="fits")
    for title in ("fits", "too big", "too big", "fits", "fits"):
        both.org.save("Lead", lead, Title=title)
        both.org.seconds += 1
        with chunks_of(chunk):
            set_up.run(engine.run_import, row, both.salesforce)
    assert _noted(both) == [
        (1, "created", None),
        (2, "failed", "too_large"),
        (4, "unchanged", None),
    ]
    reasons = both.connection.execute("SELECT reason FROM store.record_link").fetchall()
    assert reasons == [(None,)]


def test_a_record_that_was_read_twice_is_still_remembered_and_noted_once(
    both: SideBySide, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = both.add_goal(goal(match=(EMAIL,), create_profiles=False))
    both.org.save("Lead", Email="nobody@x.co")

    def fetch_twice(goal_run: GoalRun, plan: ImportPlan, connection: Connection[Any]) -> bool:
        complete = fetch(goal_run, plan, connection)
        stage = sql.Identifier("stage", f"import_{plan.run_goal}")
        connection.execute(sql.SQL("INSERT INTO {0} SELECT * FROM {0}").format(stage))
        return complete

    monkeypatch.setattr(engine, "fetch", fetch_twice)
    for _ in range(3):
        both.org.seconds += 1
        with chunks_of(chunk):
            run = set_up.run(engine.run_import, row, both.salesforce)
        assert (run.counts.skipped, run.counts.unchanged) == ({"no_match": 1}, 1)
    assert _noted(both) == [(1, "skipped", "no_match")]


def in_the_middle(
    monkeypatch: pytest.MonkeyPatch, both: SideBySide, meanwhile: Callable[[], None]
) -> None:
    """Do something by hand once, after a chunk is taken and before it is matched."""
    waiting = [meanwhile]
    matched = match.match

    def interrupted(*given: Any) -> None:
        if waiting:
            waiting.pop()()
        matched(*given)

    monkeypatch.setattr(match, "match", interrupted)
    both.org.seconds += 1


ORPHANS = """
SELECT
    (SELECT count(*) FROM store.record_link WHERE profile_id IS NOT NULL
        AND profile_id NOT IN (SELECT profile_id FROM store.profile)),
    (SELECT count(*) FROM store.identifier
        WHERE profile_id NOT IN (SELECT profile_id FROM store.profile))
"""


def test_a_profile_merged_by_hand_in_the_middle_of_a_chunk_gets_what_the_chunk_brings(
    both: SideBySide, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = both.add_goal(goal(match=(EMAIL,)))
    stays, goes = both.add_profile(email="a@x.co"), both.add_profile(phone="1")
    lead = both.org.save("Lead", Email="a@x.co", Title="Boss")

    def merge() -> None:
        # As `merging.merge` does, without waiting for the chunk.
        merging.prepare(both.connection)
        with both.connection.transaction():
            pair = {"survivor": both.ids[goes], "loser": both.ids[stays]}
            both.connection.execute(merging.QUERIES["add_pair"], pair)
            merging.merge_pairs(both.connection)

    in_the_middle(monkeypatch, both, merge)
    with chunks_of(chunk):
        run = set_up.run(engine.run_import, row, both.salesforce)
    assert run.counts.updated == 1
    profile = both.connection.execute(
        "SELECT profile_id, p_title, p_email, p_phone FROM store.profile"
    ).fetchall()
    assert profile == [(both.ids[goes], "Boss", "a@x.co", "1")]
    link = both.connection.execute(
        "SELECT profile_id FROM store.record_link WHERE record_id = %s", [lead]
    ).fetchone()
    assert link == (both.ids[goes],)
    assert both.connection.execute(ORPHANS).fetchone() == (0, 0)


def test_a_profile_erased_by_hand_in_the_middle_of_a_chunk_leaves_no_orphans(
    both: SideBySide, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = both.add_goal(goal(match=(EMAIL,)))
    both.add_profile(email="a@x.co")
    both.org.save("Lead", Email="a@x.co", Title="Boss")

    def erase() -> None:
        with both.connection.transaction():
            both.connection.execute("DELETE FROM store.profile")
            both.connection.execute("DELETE FROM store.identifier")

    in_the_middle(monkeypatch, both, erase)
    with chunks_of(chunk):
        run = set_up.run(engine.run_import, row, both.salesforce)
    assert run.counts.created == 1
    assert both.connection.execute(ORPHANS).fetchone() == (0, 0)


def test_a_goal_that_only_settles_otherwise_reads_nothing_again(
    both: SideBySide, chunk: int
) -> None:
    given = both.add_goal(goal())
    both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    given.document = replace(goal(), on_merge=OnMerge.REVIEW).plain()
    given.save(update_fields=["document"])
    assert outcomes(both, chunk) == []


def test_a_session_that_dies_while_it_settles_leaves_it_to_the_next_run(
    both: SideBySide, chunk: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = both.add_goal(goal())
    winner, loser = both.org.save("Lead", Title="Chief"), both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    both.org.seconds += 1

    def killed(*_given: Any, **_more: Any) -> None:
        raise psycopg.OperationalError("the server closed the connection")

    with monkeypatch.context() as patch, chunks_of(chunk):
        patch.setattr(merging, "merge_pairs", killed)
        with pytest.raises(Exception, match="closed"):
            set_up.run(engine.run_import, row, both.salesforce)
    with chunks_of(chunk):
        set_up.run(engine.run_import, row, both.salesforce)
    count = both.connection.execute("SELECT count(*) FROM store.profile").fetchone()
    assert count == (1,)
