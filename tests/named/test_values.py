"""Values that break parsers, and words that look like nothing, come through as they are."""

from dataclasses import replace
from typing import Any

import pytest

from isthmus.domain.goals import (
    ExportField,
    ExportKind,
    ImportField,
    MatchRow,
    WhenEmpty,
)
from isthmus.exporting import send
from named.world import COMPANY, EMAIL, NAME, READ, STORY, WRITE, World, outcome, pairs, written

LONG = 131_073
"""One more than the longest field of Python's csv module, and of a long text area."""

ODD = {
    "line separator": "a\u2028b",
    "paragraph separator": "a\u2029b",
    "next line": "a\x85b",
    "quotes": '"a" ""b"" \'c\'',
    "only a quote": '"',
    "comma and line end": "a,b\nc",
    "backslashes": "\\N \\. \\\\",
    "backslash and dot alone": "\\.",
    "emoji": "😀é",
    "percent and braces": "%s {} %(x)s",
    "formula": "=1+1",
    "byte order mark": "\ufeffa",
    "separators": "\x1c\x1d\x1e\x1f.",
}
NOTHINGS = ("NA", "N/A", "null", "NULL", "None", "nil", "nan", "undefined", "#n/a", "\\N", "-")
MARK = "#N/A"

TITLE = written("Title", "title")
READ_STORY = replace(READ, fields=(*READ.fields, STORY))
SEND_STORY = replace(
    WRITE, fields=(NAME, EMAIL, COMPANY, written("Story__c", "story", when_empty=WhenEmpty.CLEAR))
)


@pytest.fixture(params=["collections", "bulk"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """How updates go out: by calls of some records, or by Bulk jobs."""
    if request.param == "bulk":
        monkeypatch.setattr(send, "FEW_UPDATES", 0)
    way: str = request.param
    return way


def test_odd_characters_come_in_as_they_are(world: World) -> None:
    world.add("Lead", *({"Email": f"{n}@x.co", "Story__c": v} for n, v in enumerate(ODD.values())))
    world.read(world.goal(READ_STORY))
    stories = pairs(world.profiles("email", "story"))
    assert stories == {f"{n}@x.co": value for n, value in enumerate(ODD.values())}


def test_odd_characters_go_out_as_they_are_and_come_back_as_no_change(
    world: World, way: str
) -> None:
    for number, value in enumerate(ODD.values()):
        world.add_profile(email=f"{number}@x.co", name="x", story=value)
    out, back = world.goal(SEND_STORY), world.goal(READ_STORY)
    assert outcome(world.write(out)) == {"created": len(ODD)}
    expected = {f"{n}@x.co": value for n, value in enumerate(ODD.values())}
    assert pairs(world.records("Lead", "Email", "Story__c")) == expected
    world.wait(2)
    world.read(back)
    assert pairs(world.profiles("email", "story")) == expected
    for number, profile_id in enumerate(_ids(world)):
        world.change_profile(profile_id, story=f"{number} {ODD['quotes']}\u2028")
    assert outcome(world.write(out)) == {"updated": len(ODD)}
    assert all(story.endswith("'c'\u2028") for (story,) in world.records("Lead", "Story__c"))


def _ids(world: World) -> list[Any]:
    return [row[0] for row in world.store.execute("SELECT profile_id FROM store.profile")]


def test_a_nul_character_is_taken_out_and_the_run_says_so(world: World) -> None:
    world.add("Lead", {"Email": "a@x.co", "Story__c": "a\0b\0"}, {"Email": "b@x.co", "Title": "B"})
    goal_run = world.read(world.goal(READ_STORY))
    assert outcome(goal_run) == {"created": 2}
    assert world.profiles("email", "story") == [("a@x.co", "ab"), ("b@x.co", None)]
    assert "2 bytes" in goal_run.run_goal.message


def test_one_bad_byte_costs_one_character_and_not_the_page(world: World) -> None:
    def spoil(body: bytes, _headers: dict[str, str]) -> bytes:
        return body.replace(b"badbyte", b"bad\xffbyte")

    world.add("Lead", {"Email": "a@x.co", "Title": "badbyte"}, {"Email": "b@x.co", "Title": "é"})
    world.wire.tamper("GET", r"/results\b", spoil)
    goal_run = world.read(world.goal(READ))
    assert world.profiles("email", "title") == [("a@x.co", "bad\ufffdbyte"), ("b@x.co", "é")]
    assert "1 bytes" in goal_run.run_goal.message


@pytest.mark.parametrize("character", ["x", '"', "é"])
def test_a_field_of_131073_characters_comes_in_whole(world: World, character: str) -> None:
    def lengthen(body: bytes, _headers: dict[str, str]) -> bytes:
        written_as = (character * 2 if character == '"' else character).encode()
        return body.replace(b"long", written_as * LONG)

    world.add("Lead", {"Email": "a@x.co", "Story__c": "long"})
    world.wire.tamper("GET", r"/results\b", lengthen)
    world.read(world.goal(READ_STORY))
    assert world.profiles("story") == [(character * LONG,)]


def test_a_field_of_131072_quotes_goes_out_whole_and_one_more_is_reported(
    world: World, way: str
) -> None:
    goal = world.goal(SEND_STORY)
    world.add_profile(email="a@x.co", name="x", story='"' * (LONG - 1))
    over = world.add_profile(email="b@x.co", name="x", story='"' * LONG)
    goal_run = world.write(goal)
    assert outcome(goal_run) == {"created": 2}
    assert world.codes(goal_run) == ["too_long"]
    sizes = [(email, story and len(story)) for email, story in _stories(world)]
    assert sizes == [("a@x.co", LONG - 1), ("b@x.co", None)]
    world.change_profile(over, story="'" * (LONG - 1))
    assert outcome(world.write(goal)) == {"unchanged": 1, "updated": 1}
    assert dict(_stories(world))["b@x.co"] == "'" * (LONG - 1)


def _stories(world: World) -> list[tuple[Any, ...]]:
    return world.records("Lead", "Email", "Story__c")


def test_words_for_nothing_come_in_as_words(world: World) -> None:
    words = (*NOTHINGS, MARK)
    world.add("Lead", *({"Email": f"{n}@x.co", "Story__c": v} for n, v in enumerate(words)))
    goal_run = world.read(world.goal(READ_STORY))
    assert goal_run.counts.problems == 0
    assert pairs(world.profiles("email", "story")) == {f"{n}@x.co": v for n, v in enumerate(words)}


def test_words_for_nothing_replace_what_was_there_and_nothing_clears_it(world: World) -> None:
    (lead,) = world.add("Lead", {"Email": "a@x.co", "Story__c": "before"})
    goal = world.goal(READ_STORY)
    for value in ("NA", "null", MARK, None):
        world.change("Lead", lead, Story__c=value)
        world.read(goal)
        assert world.profiles("story") == [(value,)]


def test_words_for_nothing_go_out_as_words(world: World, way: str) -> None:
    ids = [world.add_profile(email=f"{n}@x.co", name="x") for n in range(len(NOTHINGS))]
    goal = world.goal(SEND_STORY)
    world.write(goal)
    for profile_id, value in zip(ids, NOTHINGS, strict=True):
        world.change_profile(profile_id, story=value)
    assert outcome(world.write(goal)) == {"updated": len(NOTHINGS)}
    assert pairs(_stories(world)) == {f"{n}@x.co": value for n, value in enumerate(NOTHINGS)}


def test_the_text_that_clears_a_field_is_reported_and_clears_nothing(
    world: World, way: str
) -> None:
    profile_id = world.add_profile(email="a@x.co", name="x", story="before")
    goal = world.goal(SEND_STORY)
    world.write(goal)
    world.change_profile(profile_id, story=MARK, name="New")
    goal_run = world.write(goal)
    assert world.codes(goal_run) == ["reserved"]
    assert world.records("Lead", "LastName", "Story__c") == [("New", "before")]
    world.change_profile(profile_id, story=None)
    world.write(goal)
    assert world.records("Lead", "Story__c") == [(None,)]


def test_the_text_that_clears_a_field_goes_out_neither_from_a_list_nor_as_a_constant(
    world: World, way: str
) -> None:
    (lead,) = world.add("Lead", {"Email": "a@x.co", "Story__c": "s", "Title": "t"})
    world.add_profile(email="a@x.co", words=[MARK])
    constant = ExportField(field="Title", kind=ExportKind.TEXT, value=MARK)
    fields = (EMAIL, constant, written("Story__c", "words"))
    goal_run = world.write(world.goal(replace(SEND_STORY, fields=fields)))
    assert world.codes(goal_run) == ["reserved", "reserved"]
    assert world.records("Lead", "Id", "Title", "Story__c") == [(lead, "t", "s")]


def test_ids_that_differ_only_by_case_are_different_records(world: World) -> None:
    ids = world.add_leads(80)
    folded = [each[:15].lower() for each in ids]
    assert len(set(folded)) < len(ids), "the org made no such ids"
    goal = world.goal(READ)
    assert outcome(world.read(goal)) == {"created": 80}
    twins = [each for each, fold in zip(ids, folded, strict=True) if folded.count(fold) > 1]
    world.change("Lead", twins[0], Title="changed")
    assert outcome(world.read(goal)) == {"updated": 1}
    rows = world.store.execute(
        "SELECT link.record_id FROM store.profile JOIN store.record_link AS link "
        "USING (profile_id) WHERE p_title = 'changed' AND p_ids = ARRAY[link.record_id]"
    )
    assert rows.fetchall() == [(twins[0],)]


def test_an_export_by_id_writes_to_the_record_with_that_case(world: World, way: str) -> None:
    ids = world.add_leads(80)
    folded = [each[:15].lower() for each in ids]
    twins = [each for each, fold in zip(ids, folded, strict=True) if folded.count(fold) > 1]
    world.add_profile(ids=[twins[1]], title="from here")
    by_id = MatchRow(field="Id", identifier="ids")
    title = replace(WRITE, match=by_id, create_records=False, fields=(TITLE,))
    goal_run = world.write(world.goal(title))
    assert outcome(goal_run) == {"updated": 1}
    assert world.records("Lead", "Id", where="Title = 'from here'") == [(twins[1],)]


def test_texts_that_differ_only_by_case_are_different_identifiers(world: World) -> None:
    by_shop = MatchRow(field="Shop_Number__c", identifier="shop")
    story = ImportField(field="Story__c", property="story")
    goal = replace(READ, match=(by_shop,), fields=(story,))
    world.add("Lead", {"Shop_Number__c": "abc", "Story__c": "1"}, {"Shop_Number__c": "x"})
    world.add_profile(shop="ABC", story="other")
    world.read(world.goal(goal))
    assert world.profiles("shop", "story") == [("ABC", "other"), ("abc", "1"), ("x", None)]


def test_odd_keys_find_their_record(world: World) -> None:
    keys = ["o'hara", 'a"b', "a\\b", "%_", "a\u2028b", "NULL", "#N/A "]
    leads = world.add("Lead", *({"Shop_Number__c": key} for key in [*keys, "other"]))
    for number, key in enumerate(keys):
        world.add_profile(shop=key, title=f"found {number}")
    by_shop = MatchRow(field="Shop_Number__c", identifier="shop")
    title = replace(WRITE, match=by_shop, create_records=False, fields=(TITLE,))
    assert outcome(world.write(world.goal(title))) == {"updated": len(keys)}
    titles = pairs(world.records("Lead", "Id", "Title"))
    assert [titles[lead] for lead in leads] == [*(f"found {n}" for n in range(len(keys))), None]
