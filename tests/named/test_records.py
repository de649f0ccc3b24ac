"""Records that are deleted, merged, converted, removed for good, or persons."""

from dataclasses import replace
from typing import Any

from isthmus.domain.goals import ImportField, ObjectTypeOnDelete
from isthmus.domain.objects import CONTACT, PERSON
from isthmus.profiles import database, merging
from named.world import BY_EMAIL, BY_ID, READ, TITLE, WRITE, World, outcome

SILENT = ImportField(field="Description", property="story")
"""A row that brings nothing: no record here has a description."""

CONTACTS = replace(READ, key="contacts_in", object=CONTACT)
PERSONS = replace(READ, key="persons_in", object=PERSON, match=(BY_ID,), fields=(SILENT,))


def live_links(world: World) -> list[Any]:
    rows = world.store.execute(
        "SELECT record_id FROM store.record_link "
        "WHERE gone IS NULL AND profile_id IS NOT NULL ORDER BY 1"
    )
    return [record_id for (record_id,) in rows]


def merge(world: World, master: str, *losers: str, sobject: str = "Lead") -> None:
    world.org.control("POST", "merge", {"object": sobject, "master": master, "losers": losers})
    world.wait(2)


def test_a_merged_record_leaves_its_profile_to_the_winner(world: World) -> None:
    winner, loser = world.add("Lead", {"Title": "winner"}, {"Email": "a@x.co", "Title": "loser"})
    goal = world.goal(READ)
    (known,) = world.add("Lead", {"Email": "b@x.co"})
    world.read(goal)
    merge(world, winner, loser)
    goal_run = world.read(goal)
    assert outcome(goal_run).get("removed") == 1
    assert live_links(world) == sorted([winner, known])
    assert outcome(world.read(goal, full=True)).keys() <= {"unchanged", "merged"}


def test_the_winner_of_a_merge_that_was_never_imported_takes_the_profile_over(
    world: World,
) -> None:
    (loser,) = world.add("Lead", {"Email": "a@x.co", "Title": "loser", "Total__c": 5})
    goal = world.goal(READ)
    world.read(goal)
    (winner,) = world.add("Lead", {"Title": "winner", "Total__c": 5})
    merge(world, winner, loser)
    world.read(goal)
    assert world.number("profile") == 1
    assert world.profiles("title") == [("winner",)]
    assert live_links(world) == [winner]


def test_a_merge_of_three_leaves_one_profile_linked_and_nothing_changes_again(
    world: World,
) -> None:
    ids = world.add_leads(3)
    goal = world.goal(READ)
    world.read(goal)
    merge(world, *ids)
    assert outcome(world.read(goal))["removed"] == 2
    before = world.dump()
    assert outcome(world.read(goal, full=True)).keys() <= {"unchanged", "merged"}
    assert world.dump() == before
    assert live_links(world) == [ids[0]]


def test_a_deleted_record_loses_its_link_and_an_undeleted_one_gets_it_back(world: World) -> None:
    (lead, _) = world.add_leads(2)
    goal = world.goal(READ)
    world.read(goal)
    world.delete("Lead", lead)
    assert outcome(world.read(goal)) == {"removed": 1}
    assert lead not in live_links(world)
    world.org.control("POST", "undelete", {"ids": [lead]})
    world.wait(2)
    world.read(goal)
    assert lead in live_links(world)
    assert world.number("profile") == 2


def test_a_record_that_left_an_emptied_recycle_bin_loses_its_link(world: World) -> None:
    (lead, other) = world.add_leads(2)
    goal = world.goal(replace(READ, object_type_on_delete=ObjectTypeOnDelete.REMOVE))
    world.read(goal)
    world.delete("Lead", lead)
    world.org.control("POST", "empty-recycle-bin", {})
    world.wait(2)
    world.read(goal, full=True)
    assert live_links(world) == [other]
    assert world.number("profile") == 2, "an import never deletes profiles"
    kinds = dict(world.profiles("email", "salesforce_objecttype"))
    assert (kinds["0@example.com"] or [], kinds["1@example.com"]) == ([], ["Lead"])
    before = world.dump()
    assert outcome(world.read(goal, full=True)) == {"unchanged": 1}
    assert world.dump() == before


def test_a_deleted_record_whose_tombstone_was_read_is_done_before_the_bin_is_emptied(
    world: World,
) -> None:
    (lead, other) = world.add_leads(2)
    goal = world.goal(READ)
    world.read(goal)
    world.delete("Lead", lead)
    world.read(goal)
    world.org.control("POST", "empty-recycle-bin", {})
    world.wait(2)
    before = world.dump()
    assert outcome(world.read(goal, full=True)) == {"unchanged": 1}
    assert world.dump() == before
    assert live_links(world) == [other]


def new_persons(world: World, number: int) -> list[str]:
    """Person accounts; the ids of their hidden contacts."""
    kinds = world.records("RecordType", "Id", where="IsPersonType = true")
    rows = [
        {"LastName": f"Person {each}", "RecordTypeId": kinds[0][0], "PersonEmail": f"{each}@p.co"}
        for each in range(number)
    ]
    world.users({"operation": "insert", "object": "Account", "records": rows})
    world.wait(2)
    return [contact for (contact,) in world.records("Account", "PersonContactId")]


def test_contacts_of_persons_come_in_as_persons_and_never_as_contacts(world: World) -> None:
    hidden = new_persons(world, 2)
    (contact,) = world.add("Contact", {"Email": "c@x.co"})
    assert outcome(world.read(world.goal(CONTACTS))) == {"created": 1}
    assert live_links(world) == [contact]
    assert outcome(world.read(world.goal(PERSONS))) == {"created": 2}
    assert not set(hidden) & set(live_links(world))
    kinds = sorted(kind[0] for (kind,) in world.profiles("salesforce_objecttype"))
    assert kinds == ["Contact", "Person", "Person"]


def test_a_person_that_a_user_changes_is_no_changed_contact(world: World) -> None:
    new_persons(world, 1)
    contacts = world.goal(CONTACTS)
    assert world.read(contacts).counts.received == 0
    ((account,),) = world.records("Account", "Id")
    world.change("Account", account, PersonEmail="new@p.co")
    assert world.read(contacts).counts.received == 0
    assert world.number("profile") == 0


def convert(world: World, lead: str, **given: Any) -> str:
    answer = world.org.control(
        "POST", "convert", {"leads": [{"leadId": lead, "doNotCreateOpportunity": True, **given}]}
    )
    assert answer["results"][0]["success"], answer
    world.wait(2)
    contact: str = answer["results"][0]["contactId"]
    return contact


def test_a_converted_lead_hands_its_profile_to_the_contact_whichever_is_read_first(
    world: World,
) -> None:
    leads = world.add_leads(2)
    leads_in, contacts_in = world.goal(READ), world.goal(CONTACTS)
    world.read(leads_in)
    contacts = [convert(world, lead) for lead in leads[:1]]
    world.read(leads_in)
    world.read(contacts_in)
    contacts += [convert(world, lead) for lead in leads[1:]]
    world.read(contacts_in)
    world.read(leads_in)
    assert live_links(world) == sorted(contacts)
    assert world.number("profile") == 2
    assert world.profiles("salesforce_objecttype") == [(["Contact"],)] * 2


def test_a_record_that_matched_nothing_is_remembered_and_read_again_until_it_is_applied(
    world: World,
) -> None:
    goal = world.goal(replace(READ, create_profiles=False))
    world.add("Lead", {"Email": "a@x.co", "Title": "Boss", "Total__c": 3})
    assert outcome(world.read(goal)) == {"no_match": 1}
    world.wait(3600)
    assert outcome(world.read(goal)) == {"no_match": 1}
    world.add_profile(email="a@x.co")
    assert outcome(world.read(goal)) == {"updated": 1}
    assert world.profiles("title", "total") == [("Boss", 3)]
    world.wait(3600)
    assert world.read(goal).counts.received == 0


def test_an_ambiguous_record_is_remembered_and_applied_once_the_profiles_agree(
    world: World,
) -> None:
    by_both = (BY_EMAIL, *(row for row in READ.match if row is not BY_EMAIL))
    goal = world.goal(replace(READ, match=by_both, fields=(TITLE,)))
    (lead,) = world.add("Lead", {"Email": "a@x.co", "Title": "Boss"})
    world.add_profile(email="a@x.co")
    other = world.add_profile(ids=[lead])
    assert outcome(world.read(goal)) == {"ambiguous": 1}
    world.wait(3600)
    world.change_profile(other, ids=["00Q000000000000AAA"])
    assert outcome(world.read(goal)) == {"updated": 1}
    assert (
        [title for (title,) in world.profiles("title") if title],
        world.number("profile"),
    ) == (["Boss"], 2)


def test_a_value_that_did_not_fit_is_read_again_once_it_changes(world: World) -> None:
    goal = world.goal(READ)
    (lead,) = world.add("Lead", {"Email": "a@x.co", "Title": "Boss", "Total__c": 5})
    profile_id = world.add_profile(email="a@x.co", total=2**63 - 2)
    goal_run = world.read(goal)
    assert world.codes(goal_run) == ["sum_too_large"]
    world.change_profile(profile_id, total=1)
    world.change("Lead", lead, Title="Chief")
    world.read(goal)
    assert world.profiles("title", "total") == [("Chief", 6)]


def test_an_export_notices_a_second_record_of_a_profile_that_did_not_change(world: World) -> None:
    world.add_profile(email="a@x.co", name="Doe")
    out = world.goal(WRITE)
    goal = world.goal(replace(READ, match=(BY_EMAIL,), fields=(SILENT,)))
    assert outcome(world.write(out)) == {"created": 1}
    world.wait(60)
    world.read(goal)
    assert outcome(world.write(out)) == {"unchanged": 1}
    (second,) = world.add("Lead", {"Email": "a@x.co"})
    before = world.profiles("email", "name")
    world.read(goal)
    assert world.profiles("email", "name") == before
    for _ in range(2):
        assert outcome(world.write(out)) == {"ambiguous": 1}
    world.delete("Lead", second)
    world.read(goal)
    assert outcome(world.write(out)) == {"unchanged": 1}
    world.org.control("POST", "undelete", {"ids": [second]})
    world.wait(2)
    world.read(goal)
    assert outcome(world.write(out)) == {"ambiguous": 1}


def test_profiles_that_are_merged_by_hand_are_reported_until_their_records_are_merged_too(
    world: World,
) -> None:
    survivor, loser = (world.add_profile(email=f"{n}@x.co", name="Doe") for n in range(2))
    out, goal = world.goal(WRITE), world.goal(replace(READ, match=(BY_ID,), fields=(SILENT,)))
    assert outcome(world.write(out)) == {"created": 2}
    with database.connected() as connection:
        merging.merge(connection, survivor, loser)
    for _ in range(3):
        assert outcome(world.write(out)) == {"ambiguous": 1}
    first, second = sorted(live_links(world))
    merge(world, first, second)
    world.read(goal)
    assert set(outcome(world.write(out))) <= {"updated", "unchanged"}
    assert outcome(world.write(out)) == {"unchanged": 1}
