"""Making, changing and copying connections and their goals."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest
from django.db import connections

from integration.connections.worlds import EXPORT, IMPORT, SIGNED_OUT
from integration.set_up import new_connection, new_goal
from isthmus.connections import goal_setting, lacking, queueing, setting_up
from isthmus.connections.errors import NoSignIn, NoSuchThing
from isthmus.connections.models import Connection
from isthmus.connections.sign_in import signed_in
from isthmus.domain.properties import PropertyDefinition, PropertyType

pytestmark = pytest.mark.usefixtures("store")

EMAIL = PropertyDefinition(key="email", label="Email", type=PropertyType.EMAIL, identifier=True)
TITLE = PropertyDefinition(key="title", label="Title")


def keys(connection: Connection) -> list[str]:
    return [goal.key for goal in goal_setting.in_order(connection)]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("Vantaa production", "vantaa_production"),
        ("  Çà -- 2!", "2"),
        ("日本営業", "connection"),
        ("W" * 200, "w" * 50),
    ],
)
def test_a_new_connection_has_a_key_of_its_name_and_is_off(name: str, key: str) -> None:
    made = setting_up.make(name, sandbox=True, timezone="Europe/Amsterdam")
    assert (made.key, made.active, made.sandbox) == (key, False, True)
    again = setting_up.make(name, sandbox=False, timezone="UTC")
    assert again.key == f"{key[:48]}_2"


def test_two_that_make_a_connection_of_one_name_at_once_get_keys_of_their_own() -> None:
    def make(_: int) -> str:
        try:
            return setting_up.make("Acme", sandbox=False, timezone="UTC").key
        finally:
            connections.close_all()

    with ThreadPoolExecutor(4) as pool:
        assert set(pool.map(make, range(4))) == {"acme", "acme_2", "acme_3", "acme_4"}


def test_a_connection_without_a_sign_in_is_not_run_and_says_why() -> None:
    connection = new_connection(**SIGNED_OUT)
    new_goal(connection, IMPORT)
    with pytest.raises(NoSignIn, match="has no sign-in"):
        queueing.ask(connection)
    with pytest.raises(NoSignIn), signed_in(connection):
        pass


@pytest.mark.parametrize("key", ["nothing", "a\0b", "\ud800", "ACME", "", "x" * 60])
def test_what_is_no_key_is_not_there(key: str) -> None:
    connection = new_connection()
    with pytest.raises(NoSuchThing):
        setting_up.find(key)
    with pytest.raises(NoSuchThing):
        setting_up.find_goal(connection, key)


def test_a_copy_is_off_has_all_goals_and_neither_the_secret_nor_the_org() -> None:
    connection = new_connection(labels=["CRM"], description="For sales", timezone="UTC")
    done = new_goal(connection, IMPORT)
    new_goal(connection, EXPORT)
    done.version, done.slots = 4, {"Title": 1}
    done.save()
    made = setting_up.copy(connection)
    assert (made.key, made.name, made.active) == ("acme_copy", "acme (copy)", False)
    assert (made.authorization, made.org_id, made.labels) == (None, "", ["CRM"])
    assert [goal.document for goal in made.goals.all()] == [
        goal.document for goal in connection.goals.all()
    ]
    first = made.goals.get(key="leads_in")
    assert (first.version, first.slots, first.read_until) == (1, {}, None)
    assert setting_up.copy(connection).key == "acme_copy_2"


def test_a_goal_that_is_switched_moved_or_copied_is_no_new_version() -> None:
    connection = new_connection()
    goal = new_goal(connection, IMPORT)
    new_goal(connection, replace(IMPORT, key="second"))
    goal_setting.set_active(goal, active=False)
    goal_setting.move(goal, up=False, past="second")
    goal_setting.copy(goal)
    goal.refresh_from_db()
    assert (goal.version, goal.definition) == (1, replace(IMPORT, active=False))


def test_goals_move_among_those_of_their_direction_and_imports_stay_first() -> None:
    connection = new_connection()
    for definition in (EXPORT, IMPORT, replace(IMPORT, key="second")):
        new_goal(connection, definition)
    second = connection.goals.get(key="second")
    assert not goal_setting.move(second, up=True, past="third")
    assert goal_setting.move(second, up=True, past="leads_in")
    assert keys(connection) == ["second", "leads_in", "contacts_out"]
    assert not goal_setting.move(connection.goals.get(key="second"), up=True, past="")
    assert not goal_setting.move(
        connection.goals.get(key="leads_in"), up=False, past="contacts_out"
    )
    assert not goal_setting.move(connection.goals.get(key="contacts_out"), up=True, past="leads_in")
    positions = list(connection.goals.values_list("position", flat=True))
    assert positions == [1, 2, 3]
    assert [goal.key for goal in queueing.chosen_goals(connection)] == keys(connection)


def test_a_copied_goal_stands_behind_it_is_off_and_has_a_key_of_its_own() -> None:
    connection = new_connection()
    goal = new_goal(connection, replace(IMPORT, key="k" * 50, name="n" * 300))
    new_goal(connection, EXPORT)
    made = goal_setting.copy(goal)
    assert keys(connection) == ["k" * 50, made.key, "contacts_out"]
    assert (len(made.key), made.definition.key) == (50, made.key)
    assert (made.definition.active, len(made.definition.name)) == (False, 200)


def test_what_is_missing_is_said_in_words() -> None:
    assert lacking.of_connection(new_connection("none", **SIGNED_OUT), []) == [
        "It has no sign-in, so it can't reach Salesforce.",
        "It has no goal, so there is nothing to run.",
    ]
    connection = new_connection()
    goal = new_goal(connection, replace(IMPORT, active=False))
    assert lacking.of_connection(connection, [goal]) == ["None of its goals is active."]


def test_what_a_goal_names_and_the_store_does_not_have_is_said() -> None:
    known = {"email": EMAIL, "title": TITLE}
    assert lacking.of_goal(IMPORT, known, []) == []
    assert lacking.of_goal(EXPORT, known, ["dutch"]) == []
    assert lacking.of_goal(replace(IMPORT, match=()), known, []) == [
        "There is nothing to match by. Add at least one row: a field and an identifier."
    ]
    segment, email = lacking.of_goal(EXPORT, {"title": TITLE}, [])
    assert segment == (
        "There is no segment 'dutch'. There are none yet. Choose another, or make the segment "
        "first."
    )
    assert email == (
        "There is no property 'email'. Allowed: title. Choose another, or make the property first."
    )
    text = replace(EMAIL, identifier=False)
    (problem,) = lacking.of_goal(IMPORT, {"title": TITLE, "email": text}, [])
    assert problem.startswith("Property 'email' is no identifier: several profiles may have")
