"""What a run finds as the run before left it is counted and not written down again."""

from collections import Counter
from dataclasses import replace
from typing import Any
from uuid import UUID

from isthmus.connections import executing, queueing
from isthmus.connections.executing import Worker
from isthmus.connections.models import Goal, RunState
from isthmus.connections.runs import GoalRun
from isthmus.connections.tracing import became, left_out
from isthmus.domain.goals import ImportField, MatchRow
from isthmus.profiles.links import forget_goals
from named.test_log import ENGINES, log_of
from named.test_refusals import CODE
from named.world import BY_EMAIL, EMAIL, READ, WRITE, World, outcome, written

SHOP = MatchRow(field="Shop_Number__c", identifier="shop")
MATCHING = replace(
    READ,
    match=(BY_EMAIL, SHOP),
    fields=(
        ImportField(field="Phone", property="shop"),
        ImportField(field="Title", property="price"),
    ),
    create_profiles=False,
)
UPDATING = replace(
    WRITE, fields=(written("Title", "title"), written("LastName", "name")), create_records=False
)
CREATING = replace(WRITE, fields=(written("Title", "title"), EMAIL))


def noted(world: World, of: GoalRun) -> Counter[str]:
    """Rows of outcomes that a run wrote."""
    rows = world.store.execute(
        "SELECT coalesce(reason, outcome) FROM store.run_record WHERE run_goal = %s",
        [of.run_goal.id],
    )
    return Counter(name for (name,) in rows)


def read_again(world: World) -> Goal:
    """An import that reads all that changed in the last ten minutes in each run."""
    world.connection.overlap_seconds = 600
    world.connection.save()
    return world.goal(MATCHING)


def with_every_skip_of_an_import(world: World) -> dict[str, str]:
    """Records by what becomes of each."""
    world.add_profile(email="a@x.co")
    world.add_profile(shop="taken")
    world.add_profile(email="c@x.co")
    world.add_profile(email="d@x.co")
    gone, *rest = world.add(
        "Lead",
        {"Email": "gone@x.co"},
        {"Email": "nobody@x.co"},
        {"Email": "a@x.co", "Shop_Number__c": "taken"},
        {},
        {"Email": "c@x.co", "Phone": "taken"},
        {"Email": "d@x.co", "Title": "no number"},
    )
    world.delete("Lead", gone)
    names = ("no_match", "ambiguous", "no_identifier", "identifier_taken", "not_a_number")
    return {"deleted": gone, **dict(zip(names, rest, strict=True))}


def test_records_that_an_import_leaves_out_again_are_counted_and_not_noted_again(
    world: World,
) -> None:
    with_every_skip_of_an_import(world)
    goal = read_again(world)
    skips = {"no_match": 1, "ambiguous": 1, "no_identifier": 1, "deleted": 1}
    first, *others = [world.read(goal) for _ in range(3)]
    for each in (first, *others):
        assert outcome(each).items() >= skips.items()
        assert each.counts.received == 6
    assert noted(world, first) >= Counter(skips)
    for each in others:
        # Of a record that was deleted before it was ever read, nothing is kept.
        assert noted(world, each) == {"deleted": 1}
        # A taken identifier is a problem of a field: each run that reads the record says so.
        assert world.codes(each) == ["identifier_taken"]
    assert world.codes(first).count("ambiguous") == 1


def test_an_ambiguous_record_is_told_again_where_it_finds_other_profiles(world: World) -> None:
    with_every_skip_of_an_import(world)
    goal = read_again(world)
    world.read(goal)
    assert "ambiguous" not in world.codes(world.read(goal))
    world.store.execute("DELETE FROM store.identifier WHERE value = 'a@x.co'")
    world.add_profile(email="a@x.co")
    again = world.read(goal)
    assert world.codes(again).count("ambiguous") == 1
    assert noted(world, again) == {"deleted": 1}
    assert "ambiguous" not in world.codes(world.read(goal))


def test_a_record_that_is_no_longer_left_out_is_noted_even_where_it_changes_nothing(
    world: World,
) -> None:
    record = with_every_skip_of_an_import(world)["no_match"]
    goal = read_again(world)
    world.read(goal)
    before = world.read(goal)
    # The profile has all that the record brings, but for the object's name.
    profile_id = world.add_profile(email="nobody@x.co", salesforce_objecttype=["Lead"])
    applied, after = world.read(goal), world.read(goal)
    assert noted(world, applied) == {"unchanged": 1, "deleted": 1}
    assert noted(world, after) == {"deleted": 1}
    stood = became(before.run_goal, record_id=record)
    assert stood is not None
    assert (stood.outcome, stood.reason, stood.run) == ("skipped", "no_match", 1)
    now = became(after.run_goal, record_id=record)
    assert now is not None
    assert (now.outcome, now.profile_id, now.run) == ("unchanged", profile_id, 3)
    assert left_out(goal, "no_match", most=10) == []


def with_every_skip_of_an_export(world: World) -> dict[str, UUID]:
    """Members by what becomes of each; a row is refused three times before it is held back."""
    world.add("Lead", {"Email": "twice@x.co"}, {"Email": "twice@x.co"})
    world.add("Lead", {"Email": "refused@x.co"}, {"Email": "long@x.co"}, {"Email": "fine@x.co"})
    found = {
        "no_match": world.add_profile(email="nobody@x.co", title="x"),
        "no_identifier": world.add_profile(title="x"),
        "ambiguous": world.add_profile(email="twice@x.co", title="x"),
        "held": world.add_profile(email="refused@x.co", title="Refused"),
        "too_long": world.add_profile(email="long@x.co", title="x" * 200, name="Long"),
        "converted": world.add_profile(email="lead@x.co", title="x"),
    }
    world.add_profile(email="fine@x.co", title="x")
    world.store.execute(
        """INSERT INTO store.record_link (record_id, goal, profile_id, object, gone)
        SELECT '00Q000000000001AAA', id, %s, 'Lead', 'converted' FROM connections_goal""",
        [found["converted"]],
    )
    return found


SKIPS = {"no_match": 1, "no_identifier": 1, "ambiguous": 1, "converted": 1}


def test_members_that_an_export_skips_again_are_counted_and_not_noted_again(world: World) -> None:
    goal = world.goal(UPDATING)
    with_every_skip_of_an_export(world)
    refused = [world.write(goal) for _ in range(3)]
    assert noted(world, refused[0]) == {**SKIPS, CODE: 1, "updated": 2}
    for each in refused[1:]:
        assert outcome(each) == {**SKIPS, CODE: 1, "unchanged": 2}
        assert noted(world, each) == {CODE: 1}
        # What Salesforce refuses and values that do not fit are told by every run.
        assert world.codes(each) == [CODE, "too_long"]
    held, *others = [world.write(goal) for _ in range(3)]
    assert noted(world, held) == {"held": 1}
    assert world.codes(held) == [CODE, "too_long"]
    for each in others:
        assert outcome(each) == {**SKIPS, "held": 1, "unchanged": 2}
        assert not noted(world, each)
        assert world.codes(each) == ["too_long"]
    assert world.number("export_skip") == 5


def test_the_members_behind_each_number_of_the_newest_run_can_be_named(world: World) -> None:
    goal = world.goal(UPDATING)
    members = with_every_skip_of_an_export(world)
    for _ in range(5):
        goal_run = world.write(goal)
    for reason, number in goal_run.counts.skipped.items():
        found = left_out(goal, reason, most=10)
        assert [each.profile_id for each in found] == [members[reason]]
        assert len(found) == number
    (first,) = left_out(goal, "no_match", most=10)
    (held,) = left_out(goal, "held", most=10)
    assert (first.run, held.run) == (1, 4)


def test_a_member_that_is_no_longer_skipped_is_noted_by_what_becomes_of_it(world: World) -> None:
    goal = world.goal(UPDATING)
    members = with_every_skip_of_an_export(world)
    runs = [world.write(goal) for _ in range(4)]
    world.change_profile(members["no_identifier"], wanted=False)
    world.add("Lead", {"Email": "nobody@x.co"})
    world.store.execute(
        "UPDATE store.profile SET updated_at = now(), p_title = NULL WHERE profile_id = %s",
        [members["held"]],
    )
    runs += [world.write(goal) for _ in range(2)]
    assert noted(world, runs[4]) == {"left": 1, "updated": 1, "unchanged": 1}
    assert not noted(world, runs[5])
    story = {
        "no_identifier": [("no_identifier", 1)] * 4 + [("left", 5)] * 2,
        "no_match": [("no_match", 1)] * 4 + [("updated", 5)] * 2,
        "held": [(CODE, 1), (CODE, 2), (CODE, 3), ("held", 4), ("unchanged", 5), ("unchanged", 5)],
        "ambiguous": [("ambiguous", 1)] * 6,
    }
    for name, told in story.items():
        assert [_became(each, members[name]) for each in runs] == told


def _became(of: GoalRun, profile_id: UUID) -> Any:
    found = became(of.run_goal, profile_id=profile_id)
    assert found is not None
    return found.reason or found.outcome, found.run


def _link(world: World, goal: Goal, profile_id: UUID, record_id: str) -> None:
    world.store.execute(
        """INSERT INTO store.record_link (record_id, goal, profile_id, object)
        VALUES (%s, %s, %s, 'Lead')""",
        [record_id, goal.id, profile_id],
    )


def test_another_reason_is_noted_and_other_words_for_the_same_reason_are_told(
    world: World,
) -> None:
    goal = world.goal(UPDATING)
    keyless, linked = world.add_profile(title="x"), world.add_profile(title="x")
    for record_id in ("00Q000000000001AAA", "00Q000000000002AAA"):
        _link(world, goal, linked, record_id)
    first = world.write(goal)
    assert noted(world, first) == {"no_identifier": 1, "ambiguous": 1}
    world.change_profile(keyless, email="nobody@x.co")
    _link(world, goal, linked, "00Q000000000003AAA")
    second, third = world.write(goal), world.write(goal)
    assert noted(world, second) == {"no_match": 1}
    assert world.codes(second) == ["several_records"]
    assert not noted(world, third)
    assert world.codes(third) == []
    assert _became(first, keyless) == ("no_identifier", 1)
    assert _became(third, keyless) == ("no_match", 2)
    assert _became(third, linked) == ("ambiguous", 1)


def test_what_has_not_changed_for_longer_than_outcomes_are_kept_is_still_known(
    world: World,
) -> None:
    record = with_every_skip_of_an_import(world)["no_match"]
    reads, writes = read_again(world), world.goal(UPDATING)
    profile_id = world.add_profile(title="x")
    for _ in range(2):
        read, wrote = world.read(reads), world.write(writes)
    world.store.execute("DELETE FROM store.run_record")
    by_record = became(read.run_goal, record_id=record)
    by_profile = became(wrote.run_goal, profile_id=profile_id)
    assert by_record is not None
    assert by_profile is not None
    assert (by_record.reason, by_record.run) == ("no_match", None)
    assert (by_profile.reason, by_profile.run) == ("no_identifier", 2)
    assert [each.record_id for each in left_out(reads, "no_match", most=5)] == [record]


def test_nothing_is_told_of_a_run_before_a_record_was_left_out(world: World) -> None:
    goal = world.goal(UPDATING)
    early = world.write(goal)
    late = world.add_profile(title="x")
    world.write(goal)
    assert became(early.run_goal, profile_id=late) is None


def test_a_member_whose_record_may_have_been_created_is_told_of_once(
    world: World,
) -> None:
    goal = world.goal(CREATING)
    unknown = world.add_profile(email="unknown@x.co", title="x")
    world.store.execute(
        """INSERT INTO store.export_hold (goal, profile_id, code, failures, next_at)
        VALUES (%s, %s, 'outcome_unknown', 1, 'infinity')""",
        [goal.id, unknown],
    )
    first, second = world.write(goal), world.write(goal)
    assert noted(world, first) == outcome(first) == outcome(second) == {"outcome_unknown": 1}
    assert world.codes(first) == ["outcome_unknown"]
    assert not noted(world, second)
    assert world.codes(second) == []


def test_what_is_skipped_is_forgotten_with_its_goal(world: World) -> None:
    kept, deleted = world.goal(UPDATING), world.goal(replace(UPDATING, key="other"))
    world.add_profile(title="x")
    for goal in (kept, deleted):
        world.write(goal)
    forget_goals([deleted.id], [])
    assert left_out(deleted, "no_identifier", most=5) == []
    assert len(left_out(kept, "no_identifier", most=5)) == 1


def rows_by_table(world: World) -> Counter[str]:
    """How many rows each table has, partitions counted with their table."""
    tables = world.store.execute(
        """SELECT format('%I.%I', schemaname, tablename) FROM pg_tables
        WHERE schemaname IN ('store', 'stage', 'public') AND tablename !~ '_[0-9]{8}$'"""
    ).fetchall()
    counted: Counter[str] = Counter()
    for (name,) in tables:
        row = world.store.execute(f"SELECT count(*) FROM {name}".encode()).fetchone()  # noqa: S608
        counted[name] = row[0] if row else 0
    return counted


def test_runs_that_find_everything_as_it_was_leave_nothing_but_their_own_rows(
    world: World,
) -> None:
    world.add("Lead", {"Email": "nobody@x.co"}, {"Email": "a@x.co", "Shop_Number__c": "s"}, {})
    world.add("Lead", {"Email": "twice@x.co"}, {"Email": "twice@x.co"})
    world.add_profile(email="a@x.co")
    world.add_profile(shop="s")
    world.add_profile(email="twice@x.co", title="x")
    world.goal(MATCHING)
    world.goal(UPDATING)
    seen = []
    for _ in range(6):
        queueing.ask(world.connection)
        (run,) = executing.work_off(world.connection, Worker(engines=ENGINES))
        seen.append(rows_by_table(world))
    assert seen[-1] - seen[1] == {
        "public.connections_run": 4,
        "public.connections_rungoal": 8,
        "store.audit": 4,  # that somebody asked for it
    }
    assert run.state == RunState.PROBLEMS
    ends = {line["goal"]: line["message"] for line in log_of(run)}
    assert "2 skipped (ambiguous 1, no match 1)" in ends["leads_in"]
    assert "not listed again" in ends["leads_in"]
