from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from localorg.dml import Operation, RecordReader, Target
from localorg.schema import standard_schema

SCHEMA = standard_schema()
CASES = Path(__file__).parents[3] / "cases" / "localorg" / "values.yaml"
VALUES: list[dict[str, Any]] = YAML(typ="safe").load(CASES)


@pytest.mark.parametrize("case", VALUES, ids=lambda case: f"{case['field']}={case['value']}")
def test_a_value_is_stored_or_refused_as_salesforce_does(case: dict[str, Any]) -> None:
    target = Target(
        schema=SCHEMA, object_type=SCHEMA.object(case["object"]), operation=Operation.INSERT
    )
    [change] = RecordReader(target, [case["field"]]).read_csv_rows([[str(case["value"])]])
    if "error" in case:
        assert [error.as_bulk() for error in change.errors] == [case["error"]]
    else:
        assert change.errors == []
        assert change.values == {case["field"]: case["stored"]}


def test_an_empty_value_in_csv_leaves_the_field_as_it_is() -> None:
    target = Target(schema=SCHEMA, object_type=SCHEMA.object("Lead"), operation=Operation.UPDATE)
    [change] = RecordReader(target, ["FirstName", "Tier__c"]).read_csv_rows([["", ""]])
    assert change.values == {}
