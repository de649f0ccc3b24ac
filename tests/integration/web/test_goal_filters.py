"""The filter of an import goal, edited on its page."""

from collections.abc import Callable
from html import unescape
from typing import Any
from urllib.parse import quote

import pytest
from django.test import Client
from django.utils import timezone

from integration.set_up import change_goal
from integration.web.orgs import field, know_all
from integration.web.planted import World, plant
from isthmus.connections import filter_checks
from isthmus.connections.filter_checks import Answer
from isthmus.connections.models import Connection, Goal, KnownObject
from isthmus.domain.goals import ImportGoal
from isthmus.domain.roles import Role
from isthmus.people import accounts
from isthmus.people.models import User

PAGE = "/connections/acme/goals/leads_in"
FORM = "application/x-www-form-urlencoded"
SignIn = Callable[[User], Client]


class Salesforce:
    """Answers for Salesforce, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[Any] = []
        self.answer = Answer(records=1_234)

    def __call__(self, connection: Connection, goal: ImportGoal) -> Answer:
        del connection
        self.asked.append(goal.filter)
        return self.answer


@pytest.fixture
def salesforce(monkeypatch: pytest.MonkeyPatch) -> Salesforce:
    found = Salesforce()
    monkeypatch.setattr(filter_checks, "ask", found)
    return found


@pytest.fixture
def world(store: Any) -> World:
    found = plant(store)
    know_all(found.connection)
    return found


@pytest.fixture
def browser(world: World, alice: User, signed_in: SignIn) -> Client:
    alice.sees_personal_data = True
    alice.save()
    return signed_in(alice)


def typed(**more: Any) -> dict[str, Any]:
    return {
        "name": "Import leads",
        "object": "Lead",
        "active": "on",
        "m1.field": "Email",
        "m1.identifier": "email",
        "r1.field": "LastName",
        "r1.property": "full_name",
        **more,
    }


def conditions(*tests: dict[str, Any]) -> dict[str, Any]:
    """The form of these tests, of which all hold."""
    found: dict[str, Any] = {"filter_way": "conditions", "c.join": "all", "c.bare": "0"}
    for number, test in enumerate(tests):
        found |= {f"c.{number}.{name}": value for name, value in test.items()}
    return found


def seen(browser: Client) -> str:
    from integration.web.conftest import seen as find

    return find(browser, PAGE)


def save(browser: Client, **more: Any) -> Any:
    return browser.post(PAGE, typed(seen=seen(browser), **more))


def said(answer: Any) -> str:
    return unescape(answer.content.decode())


def stored() -> Any:
    found = Goal.objects.get(key="leads_in").definition
    assert isinstance(found, ImportGoal)
    return found.filter


COUNTRY = {"subject": "field:MailingCountry", "operator": "is_not_empty"}


def test_conditions_are_saved_and_said_in_words(browser: Client, salesforce: Salesforce) -> None:
    answer = save(
        browser,
        **conditions(
            COUNTRY,
            {"subject": "field:Rank__c", "operator": "is", "value": ["Gold", "Silver"]},
            {"subject": "field:Visits__c", "operator": "between", "value": ["1", "5"]},
            {
                "subject": "field:Seen__c",
                "operator": "within_last",
                "amount": "30",
                "unit": "days",
                "not": "1",
            },
        ),
    )
    assert answer.status_code == 302, said(answer)
    wanted = {
        "all": [
            {"field": "MailingCountry", "is_empty": False},
            {"field": "Rank__c", "is": ["Gold", "Silver"]},
            {"field": "Visits__c", "between": ["1", "5"]},
            {"not": {"field": "Seen__c", "within_last": {"days": 30}}},
        ]
    }
    assert stored() == wanted
    assert salesforce.asked == [wanted]
    page = said(browser.get(PAGE))
    assert "where Mailing Country is not empty and Rank is Gold or Silver and" in page
    assert "MailingCountry != null" in page
    assert '<input type="checkbox" name="c.1.value" value="Gold" checked>' in page
    assert "The Gold" in page


def test_a_filter_that_did_not_change_is_not_asked_for_again(
    browser: Client, salesforce: Salesforce
) -> None:
    assert save(browser, **conditions(COUNTRY)).status_code == 302
    assert save(browser, **conditions(COUNTRY), create_profiles="on").status_code == 302
    assert len(salesforce.asked) == 1


def test_check_says_how_many_match(browser: Client, salesforce: Salesforce) -> None:
    answer = browser.post(PAGE, typed(seen="", act="check-filter", **conditions(COUNTRY)))
    assert "1,234" in said(answer)
    assert stored() is None


def test_whoever_may_not_see_personal_data_learns_no_count(
    world: World, alice: User, signed_in: SignIn, salesforce: Salesforce
) -> None:
    carol = accounts.add("carol@example.com", "a quiet harbour", name="C", role=Role.EDITOR)
    asked = typed(seen="", act="check-filter", **conditions(COUNTRY))
    page = said(signed_in(carol).post(PAGE, asked))
    assert "Salesforce takes it" in page
    assert "1,234" not in page


def test_what_salesforce_refuses_is_said_and_not_saved(
    browser: Client, salesforce: Salesforce
) -> None:
    salesforce.answer = Answer(refused="No such column 'X' on <entity> 'Lead'.")
    for more in ({"act": "check-filter"}, {}):
        answer = save(browser, filter_way="soql", filter_soql="X = 1", **more)
        page = said(answer)
        assert "Salesforce refused the filter." in page
        assert "No such column 'X' on <entity> 'Lead'." in page
        assert "<entity>" not in answer.content.decode()
        assert ">\nX = 1</textarea>" in page
    assert answer.status_code == 422
    assert stored() is None


def test_a_filter_is_saved_while_salesforce_cannot_be_asked(
    browser: Client, salesforce: Salesforce
) -> None:
    salesforce.answer = Answer(unheard="No connection was made.")
    assert save(browser, filter_way="soql", filter_soql="X = 1").status_code == 302
    assert stored() == {"soql": "X = 1"}
    page = said(browser.post(PAGE, typed(seen="", act="check-filter", filter_way="soql",
                                         filter_soql="X = 1")))  # fmt: skip
    assert "It couldn\u2019t be checked. No connection was made." in page


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "A SOQL filter is a text."),
        ("SELECT Id FROM Lead", "SELECT can't stand in a filter"),
        ("Country = 'NL", "has no closing quote"),
        ("(Country = 'NL'", "A parenthesis opens and is not closed."),
        ("x = 1 LIMIT 5", "LIMIT can't stand in a filter"),
    ],
)
def test_soql_that_is_no_condition_is_refused_before_anybody_is_asked(
    browser: Client, salesforce: Salesforce, text: str, words: str
) -> None:
    answer = save(browser, filter_way="soql", filter_soql=text)
    assert answer.status_code == 422
    assert words in said(answer)
    assert salesforce.asked == []


@pytest.mark.parametrize(
    ("test", "words"),
    [
        ({"subject": "", "operator": ""}, "Choose a field."),
        ({"subject": "field:Visits__c", "operator": "is", "value": "many"}, "the text 'many' came"),
        ({"subject": "field:Visits__c", "operator": "is", "value": ""}, "Visits: give a value."),
        ({"subject": "field:Seen__c", "operator": "within_last"}, "give a length of time"),
    ],
)
def test_conditions_that_cannot_be_read_are_said_at_their_place(
    browser: Client, salesforce: Salesforce, test: dict[str, str], words: str
) -> None:
    answer = save(browser, **conditions(test))
    assert answer.status_code == 422
    assert words in said(answer).split('id="error-c.0"')[1][:400]
    assert stored() is None


def test_buttons_change_the_form_and_save_nothing(browser: Client, salesforce: Salesforce) -> None:
    for act, expected in (
        ("add:c", 'name="c.1.subject"'),
        ("group:c", 'name="c.1.0.subject"'),
        ("not:c.0", 'name="c.0.not" value="1"'),
        ("remove:c.0", 'name="c.0.subject"'),
        ("change", 'name="c.0.operator"'),
    ):
        answer = browser.post(PAGE, typed(seen="", act=act, **conditions(COUNTRY)))
        assert expected in said(answer), act
    assert stored() is None
    assert salesforce.asked == []


def test_what_is_not_shown_is_kept(browser: Client, salesforce: Salesforce) -> None:
    given = {**conditions(COUNTRY), "filter_way": "none", "filter_soql": "X = 1"}
    page = said(browser.post(PAGE, typed(seen="", act="change", **given)))
    assert 'value="field:MailingCountry"' in page
    assert ">\nX = 1</textarea>" in page


def test_a_filter_of_a_document_is_shown_and_stays_as_it_is(
    world: World, browser: Client, salesforce: Salesforce
) -> None:
    definition = world.goal.definition
    written = {
        "any": [
            {"field": "mailingcountry", "is": ["NL"]},
            {"field": "Owner.Name", "starts_with": "A"},
        ]
    }
    change_goal(world.goal, ImportGoal(**{**vars(definition), "filter": written}))
    page = said(browser.get(PAGE))
    assert "Mailing Country is NL" in page
    assert "Owner.Name starts with A" in page
    tests = (
        {"subject": "field:mailingcountry", "operator": "is", "value": "NL"},
        {"subject": "field:Owner.Name", "operator": "starts_with", "value": "A"},
    )
    answer = save(browser, **{**conditions(*tests), "c.join": "any"})
    assert answer.status_code == 302, said(answer)
    assert stored() == written


def test_a_filter_on_a_parent_is_read_by_what_the_parent_has(
    world: World, browser: Client, salesforce: Salesforce
) -> None:
    lookup = field("OwnerId", "reference", referenceTo=["User"], relationshipName="Owner")
    known = KnownObject.objects.get(sobject="Lead")
    known.description["fields"].append(lookup)
    known.save()
    written = {"all": [{"field": "Owner.Seats__c", "at_least": "5"}]}
    change_goal(world.goal, ImportGoal(**{**vars(world.goal.definition), "filter": written}))
    assert "has no field 'Owner" not in said(browser.get(PAGE)), "nobody knows users yet"
    KnownObject.objects.create(
        authorization=world.connection.authorization,
        sobject="user",
        described_at=timezone.now(),
        description={"name": "User", "fields": [field("Seats__c", "double")]},
    )
    page = said(browser.get(PAGE))
    assert "has no field 'Owner" not in page
    assert "Owner.Seats__c is at least 5" in page
    assert "WHERE Owner.Seats__c >= 5" in page
    test = {"subject": "field:Owner.Seats__c", "operator": "at_least", "value": "5"}
    answer = save(browser, **conditions(test))
    assert answer.status_code == 302, said(answer)
    assert stored() == written
    wrong = {"subject": "field:Owner.Chairs__c", "operator": "is", "value": "5"}
    answer = browser.post(PAGE, typed(**conditions(wrong), act="check"))
    assert "Lead has no field 'Owner.Chairs__c'" in said(answer)


def test_only_fields_that_can_be_filtered_by_are_offered(browser: Client) -> None:
    page = said(browser.post(PAGE, typed(seen="", act="change", **conditions(COUNTRY))))
    choices = page.split('name="c.0.subject"')[1].split("</select>")[0]
    assert "field:MailingCountry" in choices
    assert "Note__c" not in choices


HOSTILE = ["\0", "\ud800", "<script>alert(1)</script>", "\u202eabc", "x" * 20_000, "'; DROP", '"']


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["filter_soql", "c.0.subject", "c.0.operator", "c.0.value"])
def test_hostile_texts_break_nothing(
    browser: Client, salesforce: Salesforce, name: str, text: str
) -> None:
    way = "soql" if name == "filter_soql" else "conditions"
    test = {"subject": "field:LastName", "operator": "is", "value": "x"}
    given = typed(seen=seen(browser), **{**conditions(test), "filter_way": way, name: text})
    body = "&".join(
        f"{key}={quote(str(value).encode('utf-8', 'surrogatepass'))}"
        for key, value in given.items()
    )
    answer = browser.post(PAGE, body, content_type=FORM)
    assert answer.status_code in (302, 400, 422)
    assert b"<script>alert" not in browser.get(PAGE).content
    assert b"<script>alert" not in answer.content


@pytest.mark.parametrize(
    "more", [{"filter_way": "other"}, {"filter_way": "conditions", "c.join": "all", "c.not": "x"}]
)
def test_what_no_page_posts_is_refused(browser: Client, more: dict[str, str]) -> None:
    assert browser.post(PAGE, typed(seen="", act="change", **more)).status_code == 400
