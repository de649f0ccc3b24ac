"""What becomes of single records, told case by case."""

from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.importing.histories import PROPERTIES, new_org
from integration.importing.side_by_side import SideBySide
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import CONTACT, LEAD, SalesforceObject

ID = MatchRow(field="Id", identifier="ids")
EMAIL = MatchRow(field="Email", identifier="email")
TITLE = ImportField(field="Title", property="title")


def goal(
    key: str = "leads",
    sobject: SalesforceObject = LEAD,
    *,
    match: tuple[MatchRow, ...] = (ID, EMAIL),
    fields: tuple[ImportField, ...] = (TITLE,),
    create_profiles: bool = True,
) -> ImportGoal:
    return ImportGoal(
        key=key,
        name=key,
        object=sobject,
        match=match,
        fields=fields,
        create_profiles=create_profiles,
    )


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


def test_a_new_record_is_created_then_unchanged_then_updated(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal())
    lead = both.org.save("Lead", Email="a@x.co", Title="Boss")
    assert outcomes(both, chunk) == ["created"]
    assert outcomes(both, chunk, full=True) == ["unchanged"]
    both.org.save("Lead", lead, Title="Chief")
    assert outcomes(both, chunk) == ["updated"]
    both.org.save("Lead", lead, Phone="not mapped")
    assert outcomes(both, chunk) == ["unchanged"]


def test_a_value_corrected_here_is_not_undone_by_reading_an_unchanged_record(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal())
    both.org.save("Lead", Email="a@x.co", Title="Boss")
    outcomes(both, chunk)
    both.connection.execute("UPDATE store.profile SET p_title = 'corrected'")
    both.store.profiles[1]["title"] = "corrected"
    assert outcomes(both, chunk, full=True) == ["unchanged"]


def test_a_changed_goal_reads_everything_again(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal())
    both.org.save("Lead", Email="a@x.co", Title="Boss", Total="5")
    outcomes(both, chunk)
    more = goal(fields=(TITLE, ImportField(field="Total", property="total")))
    set_up.change_goal(both.goals["leads"], more)
    assert outcomes(both, chunk) == ["updated"]
    assert outcomes(both, chunk) == []


def test_a_record_without_a_match_is_read_again_when_its_profile_appears(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(create_profiles=False))
    both.org.save("Lead", Email="a@x.co", Title="Boss")
    assert outcomes(both, chunk) == ["no_match"]
    assert both.store.profiles == {}
    assert outcomes(both, chunk) == ["no_match"]
    both.add_profile(email="a@x.co")
    assert outcomes(both, chunk) == ["updated"]
    assert outcomes(both, chunk) == []


def test_a_record_with_nothing_to_match_by_has_no_identifier(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal(match=(EMAIL,)))
    both.org.save("Lead", Title="Boss")
    both.org.save("Lead", Title="Boss", Email=" \u00a0")
    both.org.save("Lead", Title="Boss", Email="nonsense")
    assert outcomes(both, chunk) == ["no_identifier"] * 3
    assert outcomes(both, chunk) == []


def test_a_record_that_finds_two_profiles_changes_neither(both: SideBySide, chunk: int) -> None:
    match = (EMAIL, MatchRow(field="Phone", identifier="phone"))
    both.add_goal(goal(match=match))
    both.add_profile(email="a@x.co")
    both.add_profile(phone="1")
    both.org.save("Lead", Email="a@x.co", Phone="1", Title="Boss")
    assert outcomes(both, chunk) == ["ambiguous"]
    told = both.connection.execute("SELECT message FROM store.run_problem").fetchall()
    assert all(str(each) in told[0][0] for each in both.ids.values())


def test_an_ambiguous_record_is_applied_once_its_cause_is_gone(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(match=(EMAIL, MatchRow(field="Phone", identifier="phone"))))
    both.add_profile(email="a@x.co")
    second = both.add_profile(phone="1")
    both.org.save("Lead", Email="a@x.co", Phone="1", Title="Boss")
    outcomes(both, chunk)
    both.connection.execute("DELETE FROM store.identifier WHERE value = '1'")
    both.connection.execute("UPDATE store.profile SET p_phone = NULL")
    del both.store.profiles[second]["phone"]
    assert outcomes(both, chunk) == ["updated"]


def test_a_mapped_identifier_that_another_profile_holds_is_a_problem_of_that_field(
    both: SideBySide, chunk: int
) -> None:
    fields = (ImportField(field="Phone", property="phone"), TITLE)
    both.add_goal(goal(fields=fields))
    both.add_profile(phone="1")
    lead = both.org.save("Lead", Email="a@x.co", Phone="1", Title="Boss")
    assert outcomes(both, chunk) == ["created"]
    assert both.store.profiles[2]["title"] == "Boss"
    both.connection.execute("DELETE FROM store.identifier WHERE value = '1'")
    both.connection.execute("UPDATE store.profile SET p_phone = NULL WHERE p_phone = '1'")
    del both.store.profiles[1]["phone"]
    assert outcomes(both, chunk) == ["updated"]
    assert both.store.links[lead, "leads"].reason is None


def test_an_identifier_that_is_overwritten_is_free_for_the_next_record(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(fields=(ImportField(field="Email", property="email"),)))
    first = both.org.save("Lead", Email="a@x.co")
    second = both.org.save("Lead", Email="b@x.co")
    outcomes(both, chunk)
    both.org.save("Lead", first, Email="c@x.co")
    both.org.save("Lead", second, Email="a@x.co")
    assert outcomes(both, chunk) == ["updated", "updated"]


def test_two_records_of_one_profile_are_applied_in_the_order_of_their_stamps(
    both: SideBySide, chunk: int
) -> None:
    fields = (
        TITLE,
        ImportField(field="Tags", property="tags", rule=MergeRule.ADD),
        ImportField(field="Total", property="total", rule=MergeRule.SUM),
        ImportField(field="Title", property="note", rule=MergeRule.SET_IF_EMPTY),
    )
    both.add_goal(goal(fields=fields))
    both.org.save("Lead", both.org.id("Lead", 2), Email="a@x.co", Title="1", Tags="b", Total="5")
    both.org.seconds += 1
    both.org.save("Lead", both.org.id("Lead", 1), Email="A@x.co", Title="2", Tags="a;b", Total="7")
    assert outcomes(both, chunk) == ["created", "updated"]
    profile = both.store.profiles[1]
    assert (profile["title"], profile["note"], profile["tags"]) == ("2", "1", ["b", "a"])
    assert profile["total"] == 12


def test_a_sum_that_overflows_in_the_middle_of_a_chunk_is_refused_alone(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(fields=(ImportField(field="Total", property="total", rule=MergeRule.SUM),)))
    both.add_profile(email="a@x.co", total=2**63 - 10)
    for total in ("5", "6", "-1", "6"):
        both.org.save("Lead", Email="a@x.co", Total=total)
    assert outcomes(both, chunk) == ["updated"] * 4
    assert both.store.profiles[1]["total"] == 2**63 - 10 + 5 - 1


def test_two_sums_of_one_property_are_one_addition(both: SideBySide, chunk: int) -> None:
    sums = tuple(
        ImportField(field=name, property="total", rule=MergeRule.SUM)
        for name in ("Total", "Total2")
    )
    both.add_goal(goal(fields=sums))
    both.add_profile(email="a@x.co", total=2**63 - 3)
    lead = both.org.save("Lead", Email="a@x.co", Total="5", Total2="-4")
    assert outcomes(both, chunk) == ["updated"]
    both.org.save("Lead", lead, Total="7", Total2="-4")
    assert outcomes(both, chunk) == ["unchanged"]
    assert both.store.summed == {(lead, "total", "total"): 5, (lead, "total2", "total"): -4}


def test_an_undeleted_record_gets_its_profile_back(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal(match=(ID,)))
    lead = both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    both.org.save("Lead", lead, IsDeleted="true")
    assert outcomes(both, chunk) == ["deleted"]
    assert outcomes(both, chunk, full=True) == ["unchanged"]
    both.org.save("Lead", lead, IsDeleted="false", Title="Chief")
    assert outcomes(both, chunk) == ["updated"]
    assert len(both.store.profiles) == 1


def test_a_deleted_record_that_was_never_linked_is_skipped(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal())
    both.org.save("Lead", Email="a@x.co", IsDeleted="true")
    assert outcomes(both, chunk) == ["deleted"]
    assert both.store.links == {}


def test_a_converted_lead_hands_its_profile_to_the_contact(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal(match=(ID,)))
    both.add_goal(goal("contacts", CONTACT, match=(ID,)))
    lead = both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    contact = both.org.save("Contact", Title="Chief")
    both.org.save("Lead", lead, IsConverted="true", ConvertedContactId=contact)
    assert outcomes(both, chunk) == ["converted"]
    assert outcomes(both, chunk, "contacts") == ["updated"]
    assert both.store.links[contact, "contacts"].profile == 1


def test_a_merged_record_hands_its_profile_to_a_winner_that_is_new(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal(match=(ID,)))
    loser = both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    winner = both.org.save("Lead", Title="Chief")
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    assert outcomes(both, chunk) == ["merged", "updated"]
    assert both.store.links[winner, "leads"].profile == 1


def test_a_winner_that_has_a_profile_keeps_it(both: SideBySide, chunk: int) -> None:
    both.add_goal(goal(match=(ID,)))
    winner, loser = both.org.save("Lead", Title="Chief"), both.org.save("Lead", Title="Boss")
    outcomes(both, chunk)
    both.org.save("Lead", loser, IsDeleted="true", MasterRecordId=winner)
    both.org.save("Lead", winner, Title="Boss")
    assert outcomes(both, chunk) == ["updated", "merged"]
    assert both.store.links[winner, "leads"].profile == 1
    assert list(both.store.profiles) == [1]


def test_a_record_that_another_goal_has_linked_needs_no_identifier(
    both: SideBySide, chunk: int
) -> None:
    both.add_goal(goal())
    both.add_goal(goal("more", match=(MatchRow(field="Phone", identifier="phone"),)))
    lead = both.org.save("Lead", Email="a@x.co", Title="Boss")
    assert outcomes(both, chunk) == ["created"]
    assert outcomes(both, chunk, "more") == ["unchanged"]
    assert both.store.links[lead, "more"].profile == 1


def test_a_late_stamp_within_the_overlap_is_not_missed(world: Connection[Any], chunk: int) -> None:
    both = SideBySide(connection=world, org=new_org(), definitions=PROPERTIES, overlap_seconds=60)
    both.add_goal(goal())
    both.org.seconds = 100
    outcomes(both, chunk)
    late = both.org.save("Lead", Email="a@x.co")
    both.org.records["Lead"][late]["SystemModstamp"] = "2026-01-01T00:00:50.000Z"
    assert outcomes(both, chunk) == ["created"]
