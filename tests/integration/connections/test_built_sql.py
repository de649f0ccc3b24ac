"""The statements of a goal are fixed by its rows: read them in the snapshots before a release.

`ISTHMUS_WRITE_SQL=1` writes the snapshots anew; the difference is then there to be reviewed.
"""

import hashlib
import os
import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from psycopg import Connection
from psycopg.sql import Composable

from integration import set_up
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.domain.properties import (
    WHITESPACE,
    Normalise,
    PropertyDefinition,
    PropertyType,
)
from isthmus.exporting import diff, select, skips
from isthmus.exporting.plan import ExportPlan, plan_export
from isthmus.importing import finish, match, merge, ordering
from isthmus.importing.plan import ImportPlan, plan_import
from isthmus.profiles.models import Segment
from model.fake_org import FakeOrg, describe, moment, new_field
from model.fake_salesforce import FakeSalesforce

SNAPSHOTS = Path(__file__).parents[2] / "cases" / "sql"
SIZES = [1, 2, 40]
TODAY = date(2026, 3, 2)
LEGIBLE = 2
"""Columns. Of a goal with more, nobody would read the statements: their digests are kept."""

_TYPES = [*PropertyType]
_RULES = [MergeRule.SET, MergeRule.SET_IF_EMPTY, MergeRule.ADD, MergeRule.SUM]


def _property(number: int) -> PropertyDefinition:
    rule = _RULES[number % 4]
    summed = rule is MergeRule.SUM
    return PropertyDefinition(
        # Keys may be words of SQL, and labels anything.
        key="select" if number == 1 else f"Value_{number}",
        label=f'100 % "{number}" \'s',
        type=PropertyType.INTEGER if summed else _TYPES[number % len(_TYPES)],
        list=rule is MergeRule.ADD,
    )


def _world(size: int) -> FakeSalesforce:
    properties = [
        PropertyDefinition(key="salesforce_objecttype", label="Object type", list=True),
        PropertyDefinition(
            key="email",
            label="Email",
            type=PropertyType.EMAIL,
            identifier=True,
            normalise=Normalise.LOWERCASE,
        ),
        *map(_property, range(1, size + 1)),
    ]
    set_up.new_properties(properties)
    names = [new_field(f"F{number}__c") for number in range(1, size + 1)]
    fields = [new_field("Email", "email", id_lookup=True), *names]
    return FakeSalesforce(FakeOrg(objects={"Lead": describe("Lead", fields)}))


def _import_plan(size: int) -> ImportPlan:
    salesforce = _world(size)
    rows = tuple(
        ImportField(field=f"F{n}__c", property=_property(n).key, rule=_RULES[n % 4])
        for n in range(1, size + 1)
    )
    match_row = MatchRow(field="Email", identifier="email")
    goal = ImportGoal(key="in", name="In", object=LEAD, match=(match_row,), fields=rows)
    row = set_up.new_goal(set_up.new_connection(), goal)
    return plan_import(set_up.start(row, salesforce), kept={})


def _export_plan(size: int) -> ExportPlan:
    salesforce = _world(size)
    Segment.objects.create(key="all", name="All", where={"property": "email", "is_empty": False})
    rows = tuple(
        ExportField(field=f"F{n}__c", kind=ExportKind.PROPERTY, value=_property(n).key)
        for n in range(1, size + 1)
    )
    match_row = MatchRow(field="Email", identifier="email")
    goal = ExportGoal(
        key="out", name="Out", object=LEAD, segment="all", match=match_row, fields=rows
    )
    row = set_up.new_goal(set_up.new_connection(), goal)
    return plan_export(set_up.start(row, salesforce), moment(0))


def _imports(plan: ImportPlan) -> Iterator[tuple[str, Composable | None]]:
    written = merge.targets(plan)
    yield "order", ordering.order_statement(plan)
    yield "bound", match.bound_statement(plan)
    yield "take", match.take_statement(plan, handed_over=True)
    yield "claim", match.claim_statement(plan)
    yield "problem", merge.problem_statement(plan)
    yield "insert", merge.insert_statement(plan, written, TODAY)
    yield "update", merge.update_statement(plan, written)
    yield "fold", merge.fold_statement(plan, written, TODAY)
    yield "refused", finish.refused_statement(plan)
    yield "insert_links", finish.insert_links_statement(plan, troubled=True)
    yield "update_links", finish.update_links_statement(plan, troubled=True)


def _exports(plan: ExportPlan) -> Iterator[tuple[str, Composable | None]]:
    yield "members", select.members_statement(plan)
    later = replace(plan, changed_since=moment(0))
    yield "scan_all", select.scan_statement(later)
    yield "scan", select.scan_statement(replace(later, same_members=True))
    yield "unsettled_links", select.unsettled_links_statement(later)
    yield "unsettled", select.unsettled_statement(later)
    yield "values", diff.values_statement(plan)
    yield "problems", diff.problems_statement(plan)
    yield "rows", diff.rows_statement(plan)
    yield "skips", skips.end_statement(plan)


def _text(statements: Iterator[tuple[str, Composable | None]], plan: Any) -> str:
    """The statements, without what differs from run to run, and legible."""
    blocks = []
    for name, statement in statements:
        text = "" if statement is None else statement.as_string()
        text = text.replace(f"import_{plan.run_goal}", "import_N").replace(WHITESPACE, "WHITE")
        blocks.append(f"-- {name} --\n{text.strip()}\n")
    if len(plan.definition.fields) > LEGIBLE:
        return "".join(map(_digest, blocks))
    return re.sub(r"[ \t]+$", "", "\n".join(blocks), flags=re.MULTILINE)


def _digest(block: str) -> str:
    name = block.split()[1]
    return f"{name}: {len(block)} characters, {hashlib.sha256(block.encode()).hexdigest()}\n"


def _compare(name: str, text: str) -> None:
    path = SNAPSHOTS / name
    if os.environ.get("ISTHMUS_WRITE_SQL"):
        path.write_bytes(text.encode())
    assert text == path.read_bytes().decode(), (
        f"{name} is not what is built now. If that is meant, write it with ISTHMUS_WRITE_SQL=1."
    )


@pytest.mark.parametrize("size", SIZES)
def test_an_import_of_some_columns_is_built_as_before(store: Connection[Any], size: int) -> None:
    plan = _import_plan(size)
    _compare(f"import_{size}.sql", _text(_imports(plan), plan))


@pytest.mark.parametrize("size", SIZES)
def test_an_export_of_some_columns_is_built_as_before(store: Connection[Any], size: int) -> None:
    plan = _export_plan(size)
    _compare(f"export_{size}.sql", _text(_exports(plan), plan))
