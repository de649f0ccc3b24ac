"""What goals use of the store, and deleting segments."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection as database
from django.db import connections, transaction
from psycopg import Connection

from integration.set_up import new_connection, new_goal, new_properties
from isthmus.connections.uses import delete_segment, uses
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
)
from isthmus.domain.objects import OBJECTS
from isthmus.domain.properties import PropertyDefinition, PropertyError, PropertyType
from isthmus.domain.segments import SegmentError
from isthmus.profiles import setting_up
from isthmus.profiles.errors import SegmentRefused
from isthmus.profiles.models import Segment

DUTCH = {"property": "country", "is": "NL"}
SEND = ExportGoal(
    key="out",
    name="Send",
    object=OBJECTS["Contact"],
    segment="dutch",
    match=MatchRow(field="Id", identifier="profile_id"),
    fields=(
        ExportField(field="Country__c", kind=ExportKind.PROPERTY, value="country"),
        ExportField(field="Title", kind=ExportKind.TEXT, value="email"),
    ),
)


@pytest.fixture(autouse=True)
def _properties(store: Connection[Any]) -> None:
    new_properties(
        [
            PropertyDefinition(
                key="email", label="Email", type=PropertyType.EMAIL, identifier=True
            ),
            PropertyDefinition(key="country", label="Country"),
            PropertyDefinition(key="salesforce_objecttype", label="Object", list=True),
        ]
    )
    setting_up.add_segment("dutch", "Dutch", DUTCH)


def test_uses_say_which_goal_and_what_for() -> None:
    acme = new_connection("acme")
    new_goal(
        acme,
        ImportGoal(
            key="in",
            name="Fetch",
            object=OBJECTS["Lead"],
            match=(MatchRow(field="Email", identifier="email"),),
            fields=(
                ImportField(field="Country", property="country"),
                ImportField(field="Email", property="email"),
            ),
        ),
    )
    new_goal(acme, SEND)
    found = uses()
    assert {
        key: [(each.goal, each.ways) for each in goals] for key, goals in found.properties.items()
    } == {
        "email": [("Fetch", ("matched with Email", "gets Email"))],
        "country": [("Fetch", ("gets Country",)), ("Send", ("goes to Country__c",))],
        "salesforce_objecttype": [("Fetch", ("gets the object type",))],
    }
    ((key, (use,)),) = found.segments.items()
    assert (key, use.connection_key, use.goal_key, use.exports) == ("dutch", "acme", "out", True)


def test_segments_are_found_by_the_properties_that_their_conditions_ask_for() -> None:
    nested = {"all": [{"not": {"any": [DUTCH, {"property": "email", "is": "property"}]}}, DUTCH]}
    setting_up.add_segment("nested", "Nested", nested)
    setting_up.add_segment("known", "Known", {"system": "known", "is": True})
    assert setting_up.segments_by_property() == {"country": 2, "email": 1}
    found = setting_up.segments_of_property("country", 5)
    assert [each.key for each in found] == ["dutch", "nested"]
    assert [each.key for each in setting_up.segments_of_property("email", 5)] == ["nested"]
    assert len(setting_up.segments_of_property("country", 1)) == 1


def test_a_segment_is_deleted_unless_a_goal_sends_it() -> None:
    goal = new_goal(new_connection("acme"), SEND)
    with pytest.raises(SegmentRefused, match=r"Send \(acme\)"):
        delete_segment("dutch")
    goal.delete()
    assert delete_segment("dutch").name == "Dutch"
    with pytest.raises(SegmentRefused, match="not there"):
        delete_segment("dutch")


def test_a_goal_that_is_made_meanwhile_is_waited_for() -> None:
    waits = Event()

    def delete() -> str:
        try:
            waits.wait(5)
            delete_segment("dutch")
        except SegmentRefused as error:
            return str(error)
        finally:
            connections.close_all()
        return "deleted"

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            setting_up.lock()
            answer = pool.submit(delete)
            waits.set()
            new_goal(new_connection("acme"), SEND)
            database.cursor().execute("SELECT pg_sleep(0.2)")
        assert "Send (acme)" in answer.result(10)
    assert Segment.objects.count() == 1


@pytest.mark.parametrize(
    ("key", "name", "field"),
    [
        ("dutch", "Again", "key"),
        ("", "Name", "key"),
        ("a b", "Name", "key"),
        ("é", "Name", "key"),
        ("x" * 51, "Name", "key"),
        ("fine", "  ", "name"),
        ("fine", "x" * 201, "name"),
    ],
)
def test_a_segment_that_can_not_be_is_refused_at_its_field(key: str, name: str, field: str) -> None:
    with pytest.raises(SegmentRefused) as caught:
        setting_up.add_segment(key, name, DUTCH)
    assert caught.value.field == field
    assert Segment.objects.count() == 1


def test_conditions_that_can_not_be_read_are_refused() -> None:
    with pytest.raises(SegmentError):
        setting_up.add_segment("fine", "Fine", {"property": "nothing", "is": "x"})


def test_a_property_is_made_once() -> None:
    with pytest.raises(PropertyError, match="already"):
        setting_up.add_property(PropertyDefinition(key="country", label="Other"))


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Dutch", "dutch_2"),
        ("Größe & Farbe", "grosse_farbe"),
        ("Été", "ete"),
        ("東京", ""),
        ("!" * 5_000, ""),
        ("a" * 5_000, "a" * 50),
        ("\0\u202e x", "x"),
    ],
)
def test_a_key_is_made_of_the_letters_of_a_name(name: str, key: str) -> None:
    assert setting_up.suggested_key(name, ["dutch"]) == key
