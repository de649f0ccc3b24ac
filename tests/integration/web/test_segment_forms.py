"""Conditions through the form: what is shown and posted back is what was there."""

import json
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import QueryDict
from django.template.loader import render_to_string
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from integration.profiles.segments_strategies import DOCUMENTS
from isthmus.domain.segments import Operator, SystemValue, parse, plain
from isthmus.domain.segments.operators import SYSTEM_KINDS, fitting, kind_of_property
from isthmus.web.conditions import personal
from isthmus.web.conditions.desk import Desk
from isthmus.web.conditions.tree import act, from_document, from_form
from unit.domain.segments_rules import Case, cases, properties

DESK = Desk(properties=properties(), hidden=frozenset())


@pytest.fixture(autouse=True)
def _pages() -> None:
    """Nothing here needs a store."""


class Fields(HTMLParser):
    """What a browser would post of the form that a page has."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.select: str | None = None
        self.options: list[tuple[str, bool]] = []
        self.area: str | None = None
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        name = given.get("name")
        if tag == "input" and name and given.get("type") == "checkbox":
            if "checked" in given:
                self.found.append((name, given.get("value") or "on"))
        elif tag == "input" and name:
            self.found.append((name, given.get("value") or ""))
        elif tag == "select":
            self.select, self.options = name, []
        elif tag == "option":
            self.options.append((given.get("value") or "", "selected" in given))
            self.text = []
        elif tag == "textarea":
            self.area, self.text = name, []

    def handle_data(self, data: str) -> None:
        self.text.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "option" and self.select and not self.options[-1][0]:
            self.options[-1] = ("".join(self.text).strip(), self.options[-1][1])
        if tag == "select" and self.select:
            chosen = [value for value, on in self.options if on] or [self.options[0][0]]
            self.found.append((self.select, chosen[0]))
            self.select = None
        if tag == "textarea" and self.area:
            # A browser takes off the first line break and sends all as CRLF.
            text = "".join(self.text).removeprefix("\n").replace("\n", "\r\n")
            self.found.append((self.area, text))
            self.area = None


def posted(page: str) -> QueryDict:
    fields = Fields()
    fields.feed(page)
    fields.close()
    return QueryDict(urlencode(fields.found), encoding="utf-8")


def drawn(where: Any, desk: Desk = DESK) -> str:
    tree = desk.form(where)
    shown = {
        "items": desk.drawer(where).items(tree),
        "request": type("Asked", (), {"path": "/segments/x"})(),
        "focus": "",
    }
    bare = f'<input type="hidden" name="c.bare" value="{int(tree.bare)}">'
    return bare + render_to_string("web/conditions.html", shown)


def through(where: Any, desk: Desk = DESK) -> Any:
    read = desk.read(from_form(posted(drawn(where, desk))), where)
    assert not read.missing, read.missing
    assert not read.wrong, read.wrong
    return read.where


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.rule)
def test_conditions_of_documents_come_back_from_the_form_unchanged(case: Case) -> None:
    assert through(case.where) == plain(parse(case.where, properties()))


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(where=DOCUMENTS)
def test_any_conditions_come_back_from_the_form_unchanged(where: Any) -> None:
    assert through(where) == json.loads(json.dumps(plain(parse(where, properties()))))


NASTY = " \"\\\n\r\ta,&<>'{}%\x0b\x85\u00a0\u2028\u202e\ufeffé😀"


@settings(max_examples=300, deadline=None)
@given(texts=st.lists(st.text(NASTY, min_size=1, max_size=5), min_size=1, max_size=4))
def test_a_text_comes_back_to_the_last_blank_quote_and_line_break(texts: list[str]) -> None:
    one = [{"property": "country", "contains": each, "match_case": True} for each in texts]
    where = {"any": [{"property": "country", "is_not": ["x", *texts]}, *one]}
    assert through(where) == where


def test_of_several_values_the_first_stays_where_an_operator_takes_one() -> None:
    fields = posted(drawn({"property": "country", "is": ["NL", "BE"]})).copy()
    fields["c.0.operator"] = "contains"
    tree = from_form(fields)
    shown = {
        "items": DESK.drawer(None).items(tree),
        "request": type("Asked", (), {"path": "/segments/x"})(),
        "focus": "",
    }
    assert 'value="NL"' in render_to_string("web/conditions.html", shown)


def every_operator() -> Iterator[tuple[str, str]]:
    for definition in properties().values():
        kind = kind_of_property(definition.type)
        for operator in fitting(kind, many=definition.list, optional=True):
            yield f"property:{definition.key}", operator.value
    for system in SystemValue:
        for operator in fitting(SYSTEM_KINDS[system]):
            yield f"system:{system.value}", operator.value


VALUES = {
    "text": "NL",
    "whole number": "12",
    "decimal number": "12.5",
    "yes or no": "true",
    "date": "2024-05-31",
    "date and time": "2024-05-31 08:00",
    "profile id": "01890a5d-ac96-774b-bcce-b302099a8057",
}


@pytest.mark.parametrize(("subject", "operator"), list(every_operator()))
def test_every_operator_can_be_chosen_typed_and_shown_again(subject: str, operator: str) -> None:
    kind = DESK.subjects[subject].type.removeprefix("list of ").replace("e-mail", "text")
    fields = [("c.join", "all"), ("c.0.subject", subject), ("c.0.operator", operator)]
    if operator in ("within_last", "within_next", "before_last"):
        fields += [("c.0.amount", "30"), ("c.0.unit", "days")]
    elif operator == "between":
        fields += [("c.0.value", VALUES[kind]), ("c.0.value", VALUES[kind])]
    elif operator != "is_empty":
        fields += [("c.0.value", VALUES[kind])]
    read = DESK.read(from_form(QueryDict(urlencode(fields))))
    assert (read.missing, read.wrong, read.refused) == ({}, {}, "")
    (test,) = read.where["all"]
    assert operator in test
    assert through(read.where) == read.where


def test_what_is_missing_and_what_is_wrong_is_said_at_its_row() -> None:
    fields = [
        ("c.join", "all"),
        ("c.0.subject", ""),
        ("c.1.subject", "property:employees"),
        ("c.1.operator", "at_least"),
        ("c.1.value", "a dozen"),
        ("c.2.join", "any"),
        ("c.2.0.subject", "property:country"),
        ("c.2.0.operator", "is"),
        ("c.2.0.value", " \r\n "),
        ("c.3.join", "any"),
    ]
    read = DESK.read(from_form(QueryDict(urlencode(fields))))
    assert read.condition is None
    assert list(read.missing) == ["c.0", "c.2.0", "c.3"]
    assert list(read.wrong) == ["c.1"]
    assert "“a dozen” is none" in read.wrong["c.1"]
    assert "whole number" in read.wrong["c.1"]


@pytest.mark.parametrize("text", ["\0", '"\\ud800"', '"\\u0000"', '""'])
def test_a_text_that_the_database_can_not_hold_is_refused_at_its_row(text: str) -> None:
    fields = [("c.join", "all"), ("c.0.subject", "property:country"), ("c.0.operator", "contains")]
    read = DESK.read(from_form(QueryDict(urlencode([*fields, ("c.0.value", text)]))))
    assert list({**read.wrong, **read.missing}) == ["c.0"]
    for message in read.wrong.values():
        message.encode()


def test_a_condition_that_is_the_whole_becomes_the_first_of_a_list_when_one_is_added() -> None:
    where = {"property": "country", "is": "NL"}
    tree = from_document(where)
    assert DESK.read(tree).where == where
    act(tree, "add:c")
    tree.root.parts[1].__dict__.update(subject="property:country", operator="is_empty")
    assert DESK.read(tree).where == {"all": [where, {"property": "country", "is_empty": True}]}
    act(tree, "remove:c.1")
    assert DESK.read(tree).where == where


def test_groups_are_added_turned_around_and_go_with_their_last_condition() -> None:
    tree = from_document({"all": [{"property": "country", "is": "NL"}]})
    act(tree, "group:c")
    assert [place for place, _ in tree.walk()] == ["c", "c.0", "c.1", "c.1.0"]
    assert tree.at("c.1").any  # type: ignore[union-attr]
    act(tree, "not:c.1")
    act(tree, "not:c.1.0")
    assert (tree.at("c.1").nots, tree.at("c.1.0").nots) == (1, 1)
    act(tree, "unnot:c.1")
    assert tree.at("c.1").nots == 0
    act(tree, "remove:c.1.0")
    assert [place for place, _ in tree.walk()] == ["c", "c.0"]


def test_fifty_levels_are_shown_and_posted_back_and_no_deeper_ones_are_made() -> None:
    where: Any = {"property": "country", "is": "NL"}
    for level in range(49):
        where = {"any" if level % 2 else "all": [where]}
    assert through(where) == where
    tree = from_document(where)
    deepest = max((place for place, _ in tree.walk()), key=len).rpartition(".")[0]
    assert act(tree, f"group:{deepest}").refused


def test_conditions_on_hidden_values_stay_as_they_are_and_show_nothing() -> None:
    hidden = frozenset({"property:email"})
    desk = Desk(properties=properties(), hidden=hidden)
    where = {
        "all": [
            {"not": {"property": "email", "contains": "secret"}},
            {"any": [{"property": "email", "is": "secret"}, {"property": "country", "is": "NL"}]},
        ]
    }
    page = drawn(where, desk)
    assert "secret" not in page
    assert page.count("••••••") == 4  # a sentence each, seen and heard
    assert through(where, desk) == where
    tree = from_form(posted(page))
    assert not personal.loses(tree, where, hidden)
    assert act(tree, "remove:c.0").refused
    assert act(tree, "remove:c.1").refused
    del tree.root.parts[0]
    assert personal.loses(tree, where, hidden)


def test_nobody_asks_for_hidden_values_by_a_form_of_their_own() -> None:
    desk = Desk(properties=properties(), hidden=frozenset({"property:email"}))
    fields = [("c.join", "all"), ("c.0.subject", "property:email"), ("c.0.operator", "is_empty")]
    read = desk.read(from_form(QueryDict(urlencode(fields))))
    assert read.condition is None
    assert "personal data" in read.wrong["c.0"]


def test_a_row_offers_what_fits_its_property_and_nothing_else() -> None:
    page = drawn({"all": [{"property": "country", "is": "NL"}]})
    offered = {each for each in Operator if f'<option value="{each}"' in page}
    assert offered == {"is", "is_not", "contains", "starts_with", "is_empty"}


def test_a_value_that_turns_writing_around_turns_nothing_beside_it() -> None:
    said = DESK.teller.all_of({"property": "country", "is": ["\u202eabc", "NL"]})
    assert said == "Country is \u2068\u202eabc\u2069 or NL"
    assert DESK.teller.all_of({"property": "country", "is": "x" * 10_000}).endswith("x…")
