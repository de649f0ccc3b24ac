"""The pages of profiles."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote
from uuid import UUID, uuid4

import psycopg
import pytest
from django.test import Client
from psycopg import Connection
from psycopg.types.json import Jsonb

from integration.profiles.people import add, define, define_all, held
from integration.set_up import new_connection, new_goal
from integration.web.conftest import PASSWORD
from integration.web.planted import World, plant
from isthmus.connections.models import Connection as ConnectionRow
from isthmus.connections.models import Goal, Run, RunGoal
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.objects import OBJECTS
from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User
from isthmus.profiles import history, merging, properties, searching
from isthmus.profiles.models import Segment
from isthmus.web.views import profiles as views

SCRIPT = "<script>alert('x')</script>\u202e\"quoted\"" + "w" * 10_000
HTMX = {"HX-Request": "true"}
SignIn = Callable[[User], Client]


@pytest.fixture
def marit(alice: User) -> User:
    """An editor who sees personal data."""
    email = "marit@example.com"
    return accounts.add(
        email, PASSWORD, name="Marit Jansen", role=Role.EDITOR, sees_personal_data=True
    )


@pytest.fixture
def erin(alice: User) -> User:
    """An editor who does not."""
    return accounts.add("erin@example.com", PASSWORD, name="Erin", role=Role.EDITOR)


@pytest.fixture
def browser(marit: User, signed_in: SignIn, store: Connection[Any]) -> Client:
    define_all()
    return signed_in(marit)


def page(browser: Client, address: str, **headers: str) -> str:
    answer = browser.get(address, headers=headers)
    assert answer.status_code == 200, (address, answer.status_code)
    return str(answer.content.decode())


def seen(browser: Client, address: str) -> str:
    found = re.search(r'name="seen" value="([^"]+)"', page(browser, address))
    assert found
    return found[1]


def save(browser: Client, address: str, value: str, sealed: str = "", **headers: str) -> Any:
    sealed = sealed or seen(browser, address)
    return browser.post(address, {"value": value, "seen": sealed}, headers=headers)


def edit_address(profile_id: UUID, key: str) -> str:
    return f"/profiles/{profile_id}/properties/{key}/edit"


# Finding ---------------------------------------------------------------------


def test_a_store_without_profiles_says_where_they_come_from(browser: Client) -> None:
    assert "Profiles come in by an import" in page(browser, "/profiles")


def test_profiles_are_listed_by_name_or_best_identifier(
    browser: Client, store: Connection[Any]
) -> None:
    add(store, full_name="Zoë de Vries", email="z@example.com", country="NL")
    add(store, phones=["12"], email="a@example.com")
    add(store)
    html = page(browser, "/profiles")
    for words in ("Zoë de Vries", "a@example.com", "Anonymous profile", "NL"):
        assert words in html


def test_a_whole_identifier_leads_straight_to_its_profile(
    browser: Client, store: Connection[Any]
) -> None:
    profile_id = add(store, email="z@example.com")
    for typed in ("Z@example.com", str(profile_id)):
        answer = browser.get("/profiles", {"q": typed})
        assert (answer.status_code, answer["Location"]) == (302, f"/profiles/{profile_id}")
    # Whoever types into the page's own field stays there.
    assert "z@example.com" in page(browser, "/profiles?q=z@example.com", **HTMX)


def test_what_is_no_identifier_may_be_looked_for_in_the_name(
    browser: Client, store: Connection[Any]
) -> None:
    add(store, full_name="Zoë de Vries")
    html = page(browser, "/profiles?q=vries")
    assert "No profile" in html
    found = re.search(r'href="(/profiles\?property=full_name[^"]+)"', html)
    assert found
    assert "Zoë de Vries" in page(browser, found[1].replace("&amp;", "&"))


@pytest.mark.parametrize(
    ("query", "there"),
    [
        ("property=country&op=is&value=nl", True),
        ("property=country&op=contains&value=N", True),
        ("property=country&op=is_empty", False),
        ("property=vip&op=is_empty", True),
        ("property=country&op=is_filled", True),
        ("property=events&op=is&value=3", True),
        ("property=contract&op=is&value=1.50", True),
        ("property=interests&op=contains&value=train", True),
        ("property=birthday&op=is&value=1984-05-31", True),
        ("property=birthday&op=is&value=1984-06-01", False),
        ("property=last_seen&op=is&value=2026-05-31", True),
        ("property=last_seen&op=is&value=2026-06-01", False),
        ("property=email&op=contains&value=example", True),
        ("property=number&op=is&value=7", True),
    ],
)
def test_any_property_can_be_searched(
    browser: Client, store: Connection[Any], query: str, there: object
) -> None:
    values: dict[str, Any] = {"country": "NL", "events": 3, "contract": "1.5", "number": 7}
    values |= {"interests": ["Training"], "birthday": "1984-05-31", "email": "z@example.com"}
    profile_id = add(store, **values, last_seen="2026-05-31T12:00Z")
    assert (str(profile_id) in page(browser, f"/profiles?{query}")) == there


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("property=events&op=contains&value=3", "is for texts"),
        ("property=events&op=is&value=many", "no whole number"),
        ("property=vip&op=is&value=many", "neither yes nor no"),
        ("property=last_seen&op=is&value=soon", "no date and time"),
        ("property=shoes&op=is&value=3", "no longer there"),
        ("property=country&op=nonsense&value=3", "No profile has that value"),
        ("property=country&op=is&value=%00", "no value has"),
        ("property=country&op=is&value=%ED%A0%80", "No profile has that value"),
        ("q=%00", "No profile"),
        ("q=" + "x" * 10_000, "No profile"),
    ],
)
def test_what_can_t_be_found_is_said_in_words(
    browser: Client, store: Connection[Any], query: str, words: str
) -> None:
    add(store, country="NL")
    assert words in page(browser, f"/profiles?{query}")


@pytest.mark.parametrize("after", ["x", "WzFd", "WyJ4Il0=", "bnVsbA==", "W10="])
def test_a_place_in_the_list_that_is_none_is_refused(browser: Client, after: str) -> None:
    assert browser.get("/profiles", {"after": after}).status_code in (200, 400)


def test_long_lists_are_pages(browser: Client, store: Connection[Any]) -> None:
    ids = [str(add(store)) for _ in range(51)]
    html = page(browser, "/profiles")
    assert [each for each in ids if each not in html] == ids[:1]
    following = re.search(r'href="(/profiles\?after=[^"]+)"', html)
    assert following
    assert [each for each in ids if each in page(browser, following[1])] == ids[:1]


def test_a_search_that_takes_long_goes_on_after_the_page_and_then_ends(
    browser: Client, store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    add(store, country="NL")

    def slow(session: Connection[Any], *_: Any, **__: Any) -> list[UUID]:
        session.execute("SELECT pg_sleep(0.2)")
        return []

    monkeypatch.setattr(searching, "search", slow)
    address = "/profiles?property=country&op=is&value=NL"
    html = page(browser, address)
    assert "Searching" in html
    assert 'hx-trigger="load"' in html
    assert "patient=1" in html
    monkeypatch.setattr(views, "PATIENT_MS", 50)
    html = page(browser, f"{address}&patient=1")
    assert "took longer" in html
    assert "Searching" not in html


def test_a_list_takes_the_same_number_of_queries_for_one_and_for_fifty(
    browser: Client, store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    def asked() -> int:
        with counting(monkeypatch) as statements:
            page(browser, "/profiles")
        return len(statements)

    add(store, email="0@example.com")
    one = asked()
    for number in range(1, 50):
        add(store, email=f"{number}@example.com", phones=[str(number)])
    assert asked() == one


@contextmanager
def counting(patch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """The statements of Django's and the store's own sessions while it lasts."""
    kept, statements = psycopg.Cursor.execute, list[str]()

    def execute(cursor: Any, query: Any, *args: Any, **named: Any) -> Any:
        statements.append(str(query))
        return kept(cursor, query, *args, **named)

    with patch.context() as context:
        context.setattr(psycopg.Cursor, "execute", execute)
        yield statements


# One profile -------------------------------------------------------------------


def test_the_page_shows_all_that_is_known(
    store: Connection[Any], marit: User, signed_in: SignIn
) -> None:
    world = plant(store)
    html = page(signed_in(marit), f"/profiles/{world.profile_id}")
    for words in ("Zinnia Plantedname", "ZP", "zinnia.planted@example.com", "Country", "NL"):
        assert words in html
    for words in ("Dutch customers", "1 of 1", "Import leads #1", "Read from Salesforce"):
        assert words in html
    assert "00Q000000000001AAA" in html


def test_states_of_records_are_said_in_words(browser: Client, store: Connection[Any]) -> None:
    profile_id = add(store)
    goal = a_goal()
    for number, (reason, gone, successor) in enumerate(
        [
            (None, None, None),
            ("identifier_taken", None, None),
            ("ambiguous", None, None),
            (None, "converted", "0030000000000AAAAA"),
            (None, "deleted", None),
            ("something_new", None, None),
        ]
    ):
        store.execute(
            "INSERT INTO store.record_link"
            " (profile_id, goal, record_id, object, reason, gone, successor)"
            " VALUES (%s, %s, %s, 'Lead', %s, %s, %s)",
            [profile_id, goal, f"00Q00000000000{number}AAA", reason, gone, successor],
        )
    html = page(browser, f"/profiles/{profile_id}")
    for words in (
        "One of its identifiers belongs to another profile.",
        "It matches several profiles.",
        "Converted in Salesforce",
        "0030000000000AAAAA took over.",
        "Deleted in Salesforce",
        "Something new.",
    ):
        assert words in html
    assert 'href="https://x/00Q000000000000AAA"' in html
    assert 'href="https://x/00Q000000000004AAA"' not in html
    assert 'href="/connections/acme/records/00Q000000000000AAA"' in html
    # A connection whose sign-in is yet to be set up.
    ConnectionRow.objects.update(authorization=None)
    assert 'href="https://x/' not in page(browser, f"/profiles/{profile_id}")


def a_goal() -> int:
    goal = new_goal(
        new_connection("acme"),
        ImportGoal(
            key="in",
            name="Import leads",
            object=OBJECTS["Lead"],
            match=(MatchRow(field="Email", identifier="email"),),
            fields=(ImportField(field="Name", property="full_name"),),
        ),
    )
    return int(goal.id)


def test_a_profile_that_became_part_of_another_leads_there_with_a_word(
    browser: Client, store: Connection[Any]
) -> None:
    survivor, loser = add(store, country="NL"), add(store, events=4)
    merging.merge(store, survivor, loser)
    for address in ("", "/changes", "/properties/country", "/properties/country/edit"):
        answer = browser.get(f"/profiles/{loser}{address}")
        assert (answer.status_code, answer["Location"]) == (302, f"/profiles/{survivor}")
    html = page(browser, f"/profiles/{survivor}")
    assert f"Profile {loser} became part of this one on" in html
    assert "Merged" in html


def test_what_is_not_there_is_not_found(browser: Client, store: Connection[Any]) -> None:
    profile_id = add(store)
    for address in (
        *(f"/profiles/{uuid4()}", f"/profiles/{uuid4()}/changes", "/profiles/x"),
        *(f"/profiles/{profile_id}/properties/shoes", f"{edit_address(profile_id, 'shoes')}"),
        f"/profiles/{profile_id}/properties/%00",
        edit_address(uuid4(), "country"),
    ):
        assert browser.get(address).status_code == 404, address


def test_without_changes_the_page_says_since_when_or_for_how_long(
    browser: Client, store: Connection[Any]
) -> None:
    profile_id = add(store, country="NL")
    html = page(browser, f"/profiles/{profile_id}/properties/country")
    assert "No change since the profile was made" in html
    store.execute("UPDATE store.profile SET created_at = '2020-01-01'")
    html = page(browser, f"/profiles/{profile_id}/properties/country")
    assert "Unchanged for 30 days or more" in html
    assert "Changes are kept for 30 days" in html


def test_many_segments_are_worked_out_after_the_page(
    browser: Client, store: Connection[Any]
) -> None:
    profile_id = add(store, country="NL")
    for number in range(31):
        where = {"property": "country", "is": ["NL"]}
        Segment.objects.create(key=f"s{number}", name=f"Segment {number}", where=where)
    html = page(browser, f"/profiles/{profile_id}")
    assert "Working out the segments" in html
    assert "Segment 7" not in html
    html = page(browser, f"/profiles/{profile_id}?segments=1")
    assert "Segment 7" in html
    assert "31 of 31" in html


def test_hundreds_of_properties_are_filtered_and_empty_ones_folded(
    browser: Client, store: Connection[Any]
) -> None:
    for number in range(70):
        define(f"extra_{number}")
    profile_id = add(store, **{f"extra_{number}": f"value {number}" for number in range(69)})
    address = f"/profiles/{profile_id}"
    html = page(browser, address)
    assert "1 to 50 of 69" in html
    assert "value 49" in html
    assert "value 50" not in html
    for start in ("?from=50", "?from=77"):
        assert ("value 68" in page(browser, f"{address}{start}")) == (start == "?from=50")
    assert "value 0<" in page(browser, f"{address}?from=9x")
    assert "12 empty" in html
    html = page(browser, f"{address}?q=extra+68")
    assert "value 68" in html
    assert "value 1<" not in html


def test_a_profile_takes_the_same_number_of_queries_whatever_belongs_to_it(
    browser: Client, store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    profile_id, goal = add(store, country="NL"), a_goal()

    def asked(address: str) -> int:
        with counting(monkeypatch) as statements:
            page(browser, f"/profiles/{profile_id}{address}")
        return len(statements)

    def more() -> None:
        run = Run.objects.create(
            connection=Goal.objects.get().connection,
            number=Run.objects.count() + 1,
            state="finished",
        )
        part = RunGoal.objects.create(run=run, goal_id=goal, key="in", direction="import")
        change(store, profile_id, {"country": f"x{run.number}"}, run_goal=part.id)
        change(store, profile_id, {"country": f"y{run.number}"}, by="marit@example.com")
        store.execute(
            "INSERT INTO store.record_link (profile_id, goal, record_id, object)"
            " VALUES (%s, %s, %s, 'Lead')",
            [profile_id, goal, f"00Q{run.number:012}AAA"],
        )

    more()
    addresses = ("", "/changes", "/properties/country")
    one = [asked(address) for address in addresses]
    for _ in range(8):
        more()
    assert [asked(address) for address in addresses] == one


def change(store: Connection[Any], profile_id: UUID, old: dict[str, Any], **by: Any) -> None:
    store.execute(
        "INSERT INTO store.change (profile_id, run_goal, by, old) VALUES (%s, %s, %s, %s)",
        [profile_id, by.get("run_goal"), by.get("by"), Jsonb(old)],
    )


def test_hostile_texts_are_shown_as_texts(browser: Client, store: Connection[Any]) -> None:
    properties.save_property(PropertyDefinition(key="odd", label=SCRIPT))
    profile_id = add(store, full_name=SCRIPT, odd=SCRIPT, interests=[SCRIPT, "b"])
    change(store, profile_id, {"odd": SCRIPT, "interests": [SCRIPT]}, by=SCRIPT)
    Segment.objects.create(key="s", name=SCRIPT, where={"property": "odd", "is_empty": False})
    for address in (
        *("/profiles", "/profiles?property=odd&op=contains&value=w", "/profiles?q=%3Cscript%3E"),
        *(f"/profiles/{profile_id}", f"/profiles/{profile_id}/changes"),
        *(f"/profiles/{profile_id}/properties/odd", edit_address(profile_id, "odd")),
        edit_address(profile_id, "interests"),
    ):
        html = page(browser, address)
        assert "<script>alert" not in html
        assert " style=" not in html
        assert html.count("<h1") == 1


# Editing -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "before", "typed", "after"),
    [
        ("country", "NL", " BE ", "BE"),
        ("full_name", None, "Zoë\r\nde Vries", "Zoë\nde Vries"),
        ("events", 3, "4", 4),
        ("vip", True, "no", False),
        ("vip", True, "", None),
        ("interests", ["a", "b"], "b\r\nc\r\n", ["b", "c"]),
        ("email", "a@example.com", "B@example.com", "b@example.com"),
    ],
)
def test_a_value_is_edited_by_a_form_alone(
    browser: Client, store: Connection[Any], key: str, before: Any, typed: str, after: Any
) -> None:
    profile_id = add(store, **({} if before is None else {key: before}))
    answer = save(browser, edit_address(profile_id, key), typed)
    assert (answer.status_code, answer["Location"]) == (302, f"/profiles/{profile_id}#p-{key}")
    assert held(store, profile_id, key) == after
    html = page(browser, f"/profiles/{profile_id}")
    assert "was saved." in html
    assert "Edited by <bdi>Marit Jansen</bdi>" in html


def test_a_value_that_is_edited_in_place_comes_back_as_a_part_and_is_told_to_the_page(
    browser: Client, store: Connection[Any]
) -> None:
    profile_id = add(store, country="NL")
    answer = save(browser, edit_address(profile_id, "country"), "BE", **HTMX)
    assert answer.status_code == 200
    assert 'id="p-country"' in answer.content.decode()
    assert "Edited by" in answer.content.decode()
    assert {"profile-edited", "said"} <= set(json.loads(answer["HX-Trigger"]))


@pytest.mark.parametrize(
    ("key", "typed", "words"),
    [
        ("email", "jane", "no e-mail address"),
        ("events", "1,000", "no whole number"),
        ("contract", "x", "no number"),
        ("birthday", "yesterday", "no day of the calendar"),
        ("last_seen", "soon", "no date and time"),
        ("vip", "maybe", "maybe"),
        ("number", str(2**63), "too large"),
        ("country", "a\0b", "Null characters"),
        ("country", "a\ud800b", ""),
    ],
)
def test_what_is_no_value_is_refused_at_the_field_and_what_was_typed_stays(
    browser: Client, store: Connection[Any], key: str, typed: str, words: str
) -> None:
    profile_id = add(store)
    address = edit_address(profile_id, key)
    answer = browser.post(
        address,
        f"seen={seen(browser, address)}&value=".encode()
        + quote(typed.encode("utf-8", "surrogatepass")).encode(),
        content_type="application/x-www-form-urlencoded",
    )
    assert answer.status_code in ((422,) if words else (302, 422))
    assert words in answer.content.decode()
    if words:
        assert held(store, profile_id, key) is None
        assert 'aria-invalid="true"' in answer.content.decode()


def test_an_identifier_of_another_profile_is_refused_with_a_link_to_it(
    browser: Client, store: Connection[Any]
) -> None:
    other = add(store, email="a@example.com")
    profile_id = add(store, email="b@example.com")
    answer = save(browser, edit_address(profile_id, "email"), "a@example.com")
    assert answer.status_code == 422
    assert f'href="/profiles/{other}"' in answer.content.decode()
    assert "belongs to another profile" in answer.content.decode()
    assert held(store, profile_id, "email") == "b@example.com"


def test_the_second_of_two_editors_is_told_and_may_still_win(
    browser: Client, store: Connection[Any]
) -> None:
    profile_id = add(store, country="NL")
    address = edit_address(profile_id, "country")
    sealed = seen(browser, address)
    assert save(browser, address, "BE").status_code == 302
    answer = save(browser, address, "DE", sealed)
    html = answer.content.decode()
    assert answer.status_code == 409
    assert "Somebody else changed this meanwhile" in html
    assert "<q>BE</q>" in html
    assert 'value="DE"' in html
    assert held(store, profile_id, "country") == "BE"
    again = re.search(r'name="seen" value="([^"]+)"', html)
    assert again
    assert save(browser, address, "DE", again[1]).status_code == 302
    assert held(store, profile_id, "country") == "DE"


def test_what_was_not_touched_is_not_written(browser: Client, store: Connection[Any]) -> None:
    profile_id = add(store, country="NL")
    address = edit_address(profile_id, "country")
    sealed = seen(browser, address)
    assert save(browser, address, "BE").status_code == 302
    # The form still shows NL, as when it was opened: that is no wish to have NL back.
    assert save(browser, address, "NL", sealed).status_code == 302
    assert held(store, profile_id, "country") == "BE"
    assert "nothing was changed" in page(browser, f"/profiles/{profile_id}")


def test_forms_that_are_not_ours_change_nothing(browser: Client, store: Connection[Any]) -> None:
    profile_id, other = add(store, country="NL"), add(store, country="NL")
    address = edit_address(profile_id, "country")
    of_another = seen(browser, edit_address(other, "country"))
    of_another_property = seen(browser, edit_address(profile_id, "events"))
    for given in (
        *({}, {"value": ""}, {"seen": seen(browser, address)}),
        *({"value": "x", "seen": "forged"}, {"value": "x", "seen": of_another}),
        {"value": "x", "seen": of_another_property},
    ):
        assert browser.post(address, given).status_code == 400, given
    assert held(store, profile_id, "country") == "NL"


def test_a_profile_that_is_merged_while_its_form_is_open_leads_to_the_one_it_became(
    browser: Client, store: Connection[Any]
) -> None:
    survivor, loser = add(store, country="NL"), add(store, country="BE")
    address = edit_address(loser, "country")
    sealed = seen(browser, address)
    merging.merge(store, survivor, loser)
    answer = save(browser, address, "DE", sealed)
    assert (answer.status_code, answer["Location"]) == (302, f"/profiles/{survivor}")
    assert held(store, survivor, "country") == "NL"


def test_a_list_whose_values_have_line_breaks_is_not_taken_apart(
    browser: Client, store: Connection[Any]
) -> None:
    profile_id = add(store, interests=["one\ntwo", "b"])
    html = page(browser, edit_address(profile_id, "interests"))
    assert "holds a line break" in html
    assert '<form class="stack value-form' not in html


def test_a_profile_that_can_t_be_read_in_time_is_said_without_a_trouble(
    browser: Client, store: Connection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    profile_id = add(store)

    def slow(session: Connection[Any], *_: Any) -> None:
        session.execute("SET statement_timeout = 10")
        session.execute("SELECT pg_sleep(5)")

    monkeypatch.setattr(history, "sources", slow)
    for address in ("", "/properties/country", "/properties/country/edit"):
        answer = browser.get(f"/profiles/{profile_id}{address}")
        assert answer.status_code == 503
        assert "try again" in answer.content.decode()


def test_viewers_edit_nothing(
    browser: Client, store: Connection[Any], bob: User, signed_in: SignIn
) -> None:
    profile_id = add(store, country="NL")
    sealed = seen(browser, edit_address(profile_id, "country"))
    viewer = signed_in(bob)
    assert save(viewer, edit_address(profile_id, "country"), "BE", sealed).status_code == 403
    assert held(store, profile_id, "country") == "NL"
    assert "/edit" not in page(viewer, f"/profiles/{profile_id}")


# Personal data ---------------------------------------------------------------------


def test_without_the_right_nothing_personal_is_shown_anywhere(
    store: Connection[Any], erin: User, signed_in: SignIn
) -> None:
    world: World = plant(store)
    change(
        store, world.profile_id, {"email": "older.planted@example.com", "gone": "zinnia.planted"}
    )
    browser = signed_in(erin)
    for address in (
        *("", "/changes", "/properties/email", "/properties/full_name", "?q=email", "?from=0"),
        *("/changes?after=", "/properties/email?folded"),
    ):
        html = page(browser, f"/profiles/{world.profile_id}{address}")
        assert "planted" not in html.lower().replace("plantedname</q>", ""), address
    assert "••••••" in page(browser, f"/profiles/{world.profile_id}")
    assert "NL" in page(browser, f"/profiles/{world.profile_id}")
    assert "planted" not in page(browser, "/profiles").lower()


def test_without_the_right_a_personal_property_is_not_searched_but_a_whole_identifier_is(
    store: Connection[Any], erin: User, signed_in: SignIn
) -> None:
    world = plant(store)
    browser = signed_in(erin)
    for query in (
        *("property=email&op=contains&value=z", "property=email&op=is_empty"),
        *("property=full_name&op=is_filled", "property=full_name&op=contains&value=Zin"),
    ):
        html = page(browser, f"/profiles?{query}")
        assert "is personal data" in html
        assert str(world.profile_id) not in html
    answer = browser.get("/profiles", {"q": "zinnia.planted@example.com"})
    assert answer["Location"] == f"/profiles/{world.profile_id}"
    html = page(browser, "/profiles?q=Plantedname")
    assert "property=full_name" not in html


def test_without_the_right_personal_values_are_not_edited_and_refusals_tell_nothing(
    store: Connection[Any], marit: User, erin: User, signed_in: SignIn
) -> None:
    world = plant(store)
    address = edit_address(world.profile_id, "full_name")
    sealed = seen(signed_in(marit), address)
    browser = signed_in(erin)
    for answer in (browser.get(address), save(browser, address, "X", sealed)):
        assert answer.status_code == 403
        assert "is personal data" in answer.content.decode()
        assert "Plantedname" not in answer.content.decode()
    assert held(store, world.profile_id, "full_name") == "Zinnia Plantedname"
    assert f"{address}" not in page(browser, f"/profiles/{world.profile_id}")
    # What is nobody's secret they may edit.
    country = edit_address(world.profile_id, "country")
    assert save(browser, country, "BE").status_code == 302
    assert held(store, world.profile_id, "country") == "BE"


def test_the_field_in_the_navigation_finds_profiles_for_those_who_may_look(
    browser: Client, alice: User, signed_in: SignIn
) -> None:
    assert 'action="/profiles"' in page(browser, "/account")
    without_role = signed_in(alice)
    User.objects.filter(id=alice.id).update(role="")
    assert 'action="/profiles"' not in page(without_role, "/account")


def test_the_list_shows_known_ones_only_where_that_is_asked_for(
    browser: Client, store: Connection[Any]
) -> None:
    assert "none has an identifier" in page(browser, "/profiles?known=yes")
    known, other = add(store, email="ann@example.com"), add(store)
    shown = page(browser, "/profiles?known=yes")
    assert str(known) in shown
    assert str(other) not in shown
    assert "Known ones only" in shown
    assert '<input type="hidden" name="known" value="yes">' in shown
    assert str(other) in page(browser, "/profiles")
