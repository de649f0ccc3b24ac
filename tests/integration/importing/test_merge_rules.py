"""Each merge rule does to each kind of property what the tables of cases say."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from ruamel.yaml import YAML

from integration import set_up
from integration.importing.side_by_side import SideBySide
from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.domain.properties import Normalise, PropertyDefinition, PropertyType
from model.fake_org import FakeOrg, describe, new_field

CASES = Path(__file__).parents[2] / "cases" / "merge_rules"
Table = Mapping[str, Any]

_READERS: Mapping[PropertyType, Callable[[Any], Any]] = {
    PropertyType.DECIMAL: Decimal,
    PropertyType.DATE: date.fromisoformat,
    PropertyType.DATETIME: datetime.fromisoformat,
}


def tables() -> Iterator[Any]:
    for path in sorted(CASES.glob("*.yaml")):
        for table in YAML(typ="safe").load(path):
            about = table["property"]
            kind = " ".join(str(v) if k in ("type", "normalise") else k for k, v in about.items())
            name = f"{table['rule']} on {kind} from {table.get('field', 'string')}"
            keeps = " keeping" if table.get("keep_when_empty") else ""
            yield pytest.param(table, id=name + keeps)


def _value(definition: PropertyDefinition, given: Any) -> Any:
    if given is None:
        return None
    read = _READERS.get(definition.type, lambda value: value)
    return [read(each) for each in given] if isinstance(given, list) else read(given)


def _definition(table: Table) -> PropertyDefinition:
    about = dict(table["property"])
    return PropertyDefinition(
        key="value",
        label="Value",
        type=PropertyType(about.pop("type")),
        normalise=Normalise(about.pop("normalise", "none")),
        **about,
    )


def _begin(store: Connection[Any], table: Table) -> SideBySide:
    key = PropertyDefinition(key="key", label="Key", identifier=True)
    kind = PropertyDefinition(key="salesforce_objecttype", label="Object type", list=True)
    definitions = {each.key: each for each in (key, kind, _definition(table))}
    set_up.new_properties(definitions.values())
    fields = [new_field("Key"), new_field("Value", table.get("field", "string"))]
    both = SideBySide(
        connection=store,
        org=FakeOrg(objects={"Lead": describe("Lead", fields)}),
        definitions=definitions,
        timezone="Europe/Amsterdam",
    )
    both.add_goal(_goal(table))
    return both


def _goal(table: Table) -> ImportGoal:
    row = ImportField(
        field="Value",
        property="value",
        rule=MergeRule(table["rule"]),
        keep_when_empty=table.get("keep_when_empty", False),
    )
    match = (MatchRow(field="Key", identifier="key"),)
    return ImportGoal(key="in", name="in", object=LEAD, match=match, fields=(row,))


def _add_profiles(both: SideBySide, number: int, case: Table) -> None:
    definition = both.definitions["value"]
    before = _value(definition, case.get("before"))
    values = {} if before is None else {"value": before}
    both.add_profile(key=str(number), **values)
    for taken in case.get("taken", ()):
        both.add_profile(value=[taken] if definition.list else taken)


@pytest.mark.parametrize("table", list(tables()))
def test_the_property_is_afterwards_as_the_case_says(store: Connection[Any], table: Table) -> None:
    both = _begin(store, table)
    cases: list[Table] = table["cases"]
    numbers = {}
    for number, case in enumerate(cases, 1):
        numbers[number] = len(both.store.profiles) + 1
        _add_profiles(both, number, case)
    problems: dict[str, list[str]] = {}
    for step in range(max(len(case.get("values", "1")) for case in cases)):
        _save(both, cases, step)
        for result in both.run("in", chunk=4):
            problems.setdefault(result.record_id, []).extend(p.code for p in result.problems)
    for number, case in enumerate(cases, 1):
        after = both.store.profiles[numbers[number]].get("value")
        assert after == _value(both.definitions["value"], case.get("after")), case
        if "values" not in case:
            wanted = [case["problem"]] if "problem" in case else []
            assert problems[both.org.id("Lead", number)] == wanted, case


def _save(both: SideBySide, cases: list[Table], step: int) -> None:
    for number, case in enumerate(cases, 1):
        values = case.get("values", [case.get("value")])
        if step < len(values):
            record_id = both.org.id("Lead", number)
            both.org.save("Lead", record_id, Key=str(number), Value=values[step])
    both.org.seconds += 1


def test_every_type_has_a_table_for_every_rule_that_fits_it() -> None:
    known = [table.values[0] for table in tables()]
    for kind in PropertyType:
        rules = {table["rule"] for table in known if table["property"]["type"] == kind}
        wanted = {"set", "set_if_empty", "add"} | ({"sum"} if kind == "integer" else set())
        assert rules == wanted
