"""Goals that are edited, records that are gone, and what was corrected here meanwhile."""

from dataclasses import replace
from typing import Any
from uuid import UUID

import pytest

from integration import set_up
from isthmus.connections.models import Goal
from isthmus.domain.goals import ExportField, ExportGoal, ImportField
from isthmus.domain.objects import CONTACT
from isthmus.importing import ordering
from named.test_echo import reading
from named.world import STORY, TITLE, WRITE, World, connect, outcome, written

OUT_TITLE = written("Title", "title")
OUT_STORY = written("Story__c", "story")


def exported(*fields: ExportField, **given: Any) -> ExportGoal:
    """An export that only updates, of some fields."""
    return replace(WRITE, create_records=False, fields=fields, **given)


def overlap(world: World) -> None:
    """Imports read ten minutes again."""
    world.connection.overlap_seconds = 600
    world.connection.save()


def profile_ids(world: World) -> list[UUID]:
    found = world.store.execute("SELECT profile_id FROM store.profile").fetchall()
    return [profile_id for (profile_id,) in found]


def read_then_write(world: World, back: Goal, out: Goal) -> list[UUID]:
    """Import, and export all that came in, which nobody has read back yet; the profiles."""
    world.read(back)
    found = profile_ids(world)
    for profile in found:
        world.change_profile(profile, wanted=True)
    world.write(out)
    world.wait(2)
    return found


def exports_before(world: World, change: str) -> tuple[Goal, Goal | None]:
    """The export that is edited, and one beside it that is removed."""
    fields = (OUT_TITLE, OUT_STORY) if change == "row taken away" else (OUT_TITLE,)
    out = world.goal(exported(*fields))
    if change == "goal removed":
        return out, world.goal(exported(OUT_STORY, key="other", segment="nobody"))
    return out, None


def edit(world: World, change: str, out: Goal, other: Goal | None) -> None:
    if change == "row added":
        set_up.change_goal(out, exported(OUT_TITLE, OUT_STORY))
    elif change == "row taken away":
        set_up.change_goal(out, exported(OUT_TITLE))
    elif change == "goal added":
        world.goal(exported(OUT_STORY, key="other", segment="members"))
    elif change == "goal removed":
        assert other is not None
        other.delete()


@pytest.mark.parametrize(
    "change", ["nothing", "row added", "row taken away", "goal added", "goal removed"]
)
def test_an_edited_export_is_no_reason_to_apply_an_unchanged_record_again(
    world: World, change: str
) -> None:
    overlap(world)
    world.add_leads(1, Title="before", Story__c="by a user")
    out, other = exports_before(world, change)
    back = world.goal(reading(TITLE, STORY))
    (profile,) = read_then_write(world, back, out)
    world.change_profile(profile, story="corrected by a person")
    world.read(back)
    assert world.profiles("story") == [("corrected by a person",)]
    edit(world, change, out, other)
    world.read(back)
    assert world.profiles("story") == [("corrected by a person",)]


@pytest.mark.parametrize("edited", [False, True])
def test_everything_again_after_an_export_was_edited(world: World, *, edited: bool) -> None:
    world.add_leads(20, Title="before", Story__c="by a user")
    out = world.goal(exported(OUT_TITLE))
    back = world.goal(reading(TITLE, STORY))
    found = read_then_write(world, back, out)
    world.read(back)
    for profile in found:
        world.change_profile(profile, story="corrected by a person")
    if edited:
        set_up.change_goal(out, exported(OUT_TITLE, OUT_STORY))
    world.wait(3600)
    world.read(back, full=True)
    assert world.profiles("story") == [("corrected by a person",)] * 20


def test_a_record_that_an_export_writes_between_its_reading_and_its_merging(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another connection to the org exports while this one imports."""
    overlap(world)
    second = connect(world.org, "second", org_id=world.connection.org_id)
    world.add_leads(1, Title="before", Story__c="by a user")
    out = set_up.new_goal(second, exported(OUT_TITLE))
    back = world.goal(reading(TITLE, STORY))
    (profile,) = read_then_write(world, back, out)
    world.read(back)
    world.change_profile(profile, title="new", story="corrected by a person")
    real = ordering.order

    def meanwhile(*given: Any) -> None:
        monkeypatch.setattr(ordering, "order", real)
        assert outcome(world.write(out)) == {"updated": 1}
        real(*given)

    monkeypatch.setattr(ordering, "order", meanwhile)
    world.read(back)
    assert world.records("Lead", "Title") == [("new",)]
    found = [world.profiles("title", "story")]
    world.wait(2)
    world.read(back)
    found.append(world.profiles("title", "story"))
    assert found == [[("new", "corrected by a person")]] * 2


def test_a_full_import_that_finds_a_record_missing_lets_the_export_make_it_again(
    world: World,
) -> None:
    """Deleted and out of the recycle bin before an import read of it."""
    world.add_profile(email="a@x.co", name="Doe")
    out, back = world.goal(WRITE), world.goal(reading(TITLE))
    world.write(out)
    world.wait(2)
    world.read(back)
    ((lead,),) = world.records("Lead", "Id")
    world.users({"operation": "delete", "object": "Lead", "ids": [lead]})
    world.org.control("POST", "empty-recycle-bin", {})
    world.wait(2)
    world.read(back, full=True)
    assert outcome(world.write(out)) == {"created": 1}


def test_a_user_who_changes_the_case_of_an_address_is_read(world: World) -> None:
    world.add_profile(email="a@x.co", name="Doe", story="https://x.co/a")
    out = world.goal(replace(WRITE, fields=(*WRITE.fields, written("Website", "story"))))
    back = world.goal(reading(ImportField(field="Website", property="story")))
    world.write(out)
    world.wait(2)
    world.read(back)
    ((lead,),) = world.records("Lead", "Id")
    world.change("Lead", lead, Website="https://x.co/A")
    world.read(back)
    assert world.records("Lead", "Website") == [("https://x.co/A",)]
    assert world.profiles("story") == [("https://x.co/A",)]


@pytest.mark.parametrize("whole", [False, True])
def test_contacts_that_users_merge_and_leads_that_were_exported(
    world: World, *, whole: bool
) -> None:
    """All by the engines: the profiles of two exported leads become one by a merge of contacts."""
    for name in ("a", "b"):
        world.add_profile(email=f"{name}@x.co", name="Doe", title="Boss")
    ids = world.add("Contact", {"Email": "a@x.co"}, {"Email": "b@x.co"})
    out = world.goal(WRITE)
    back = world.goal(reading(TITLE, key="contacts_in", object=CONTACT))
    world.read(back)
    assert outcome(world.write(out)) == {"created": 2}
    world.org.control("POST", "merge", {"object": "Contact", "master": ids[0], "losers": ids[1:]})
    world.wait(2)
    world.read(back)
    assert world.number("profile") == 1
    if whole:  # a day has passed
        Goal.objects.filter(id=out.id).update(read_whole_at=None)
    assert outcome(world.write(out)) == {"ambiguous": 1}
