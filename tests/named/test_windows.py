"""What changed since the last run, and nothing else, comes in."""

from isthmus.connections.models import Goal
from named.world import READ, World, outcome

EQUAL_STAMPS = 50_000


def read_until(goal: Goal) -> str:
    goal.refresh_from_db()
    assert goal.read_until is not None
    return goal.read_until.isoformat()


def test_a_record_committed_after_the_watermark_passed_its_stamp_still_comes_in(
    world: World,
) -> None:
    world.connection.overlap_seconds = 600
    world.connection.save()
    goal = world.goal(READ)
    world.add("Lead", {"Email": "late@example.com"}, commit_after_seconds=300)
    world.wait(60)
    assert outcome(world.read(goal)) == {}
    world.wait(300)
    assert outcome(world.read(goal)) == {"created": 1}
    assert outcome(world.read(goal)) == {"unchanged": 1}
    assert world.profiles("email") == [("late@example.com",)]


def test_a_record_saved_in_the_second_of_a_run_comes_in_by_the_next_run(world: World) -> None:
    goal = world.goal(READ)
    world.add_leads(1)
    world.users(
        {
            "operation": "insert",
            "object": "Lead",
            "records": [{"LastName": "Now", "Company": "Acme", "Email": "now@example.com"}],
        }
    )
    assert outcome(world.read(goal)) == {"created": 1}
    world.wait(1)
    assert outcome(world.read(goal)) == {"created": 1}


def test_a_run_in_which_nothing_changed_counts_nothing_writes_nothing_and_goes_on(
    world: World,
) -> None:
    goal = world.goal(READ)
    world.add_leads(3)
    world.read(goal)
    before, until = world.dump(), read_until(goal)
    world.wait(60)
    goal_run = world.read(goal)
    assert goal_run.counts.received == 0
    assert world.dump() == before
    assert read_until(goal) > until


def test_an_org_without_records_is_a_run_without_records(world: World) -> None:
    assert world.read(world.goal(READ)).counts.received == 0


def test_fifty_thousand_records_of_one_second_come_in_once_over_all_page_boundaries(
    world: World,
) -> None:
    rows = "".join(f"n,a,{number}@example.com,1\n" for number in range(EQUAL_STAMPS))
    world.bulk_insert("LastName,Company,Email,Total__c", rows)
    world.page_size(7_001)
    goal = world.goal(READ)
    assert outcome(world.read(goal)) == {"created": EQUAL_STAMPS}
    stamps = world.store.execute("SELECT count(DISTINCT stamp) FROM store.record_link").fetchone()
    assert stamps == (1,)
    assert world.number("profile") == world.number("record_link") == EQUAL_STAMPS
    assert outcome(world.read(goal, full=True)) == {"unchanged": EQUAL_STAMPS}
