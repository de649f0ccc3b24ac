"""Lists in one field."""

from typing import Any

import pytest
from psycopg import Connection, sql

from isthmus.domain.goals import ExportField, ExportKind
from isthmus.domain.properties import PropertyDefinition
from isthmus.exporting.values import cell
from model.fake_org import new_field

TAGS = PropertyDefinition(key="tags", label="Tags", list=True)


@pytest.mark.parametrize(
    ("values", "code"), [(["Arts", "Crafts"], None), (["Arts; Crafts"], "holds_separator")]
)
def test_a_value_that_holds_the_separator_is_a_problem_and_not_two_values(
    store: Connection[Any], values: list[str], code: str | None
) -> None:
    row = ExportField(field="Tags__c", kind=ExportKind.PROPERTY, value="tags")
    made = cell(row, new_field("Tags__c", "multipicklist", length=4099), TAGS, "UTC")
    failing = [
        check.code
        for check in made.checks
        if store.execute(
            sql.SQL(
                "SELECT {} FROM (SELECT {} FROM (SELECT {}::text[] AS p_tags) AS p) AS v (value)"
            ).format(check.fails, made.value, sql.Literal(values))
        ).fetchone()
        == (True,)
    ]
    assert failing == ([code] if code else [])
