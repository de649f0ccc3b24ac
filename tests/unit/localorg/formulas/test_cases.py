from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from localorg.schema import Field, Schema
from localorg.store import Store
from unit.localorg.formulas.formula_org import ADA, BLANK, filled, value, with_lead

_FOLDER = Path(__file__).parents[3] / "cases" / "localorg"


def _cases(name: str) -> list[dict[str, Any]]:
    return list(YAML(typ="safe").load((_FOLDER / name).read_text("utf-8")))


CASES = _cases("formulas.yaml")


def _field(number: int, case: dict[str, Any]) -> Field:
    return Field(
        name=f"F{number}__c",
        label="F",
        type=case.get("type", "string"),
        precision=18,
        scale=case.get("scale", 0),
        formula=case["formula"],
        blanks_as_zeros=case.get("blanks") == "zeros",
    )


@pytest.fixture(scope="module")
def schema() -> Schema:
    compiled, problems = with_lead(_field(*entry) for entry in enumerate(CASES))
    assert [str(problem) for problem in problems] == []
    return compiled


@pytest.fixture(scope="module")
def store(schema: Schema) -> Iterator[Store]:
    store = filled(schema)
    yield store
    store.close()


def test_there_are_enough_cases() -> None:
    assert len(CASES) >= 100


@pytest.mark.parametrize("number", range(len(CASES)), ids=lambda number: CASES[number]["formula"])
def test_a_formula_gives_what_it_gives_in_salesforce(store: Store, number: int) -> None:
    case = CASES[number]
    record_id = BLANK if case.get("record") == "blank" else ADA
    found = value(store, f"F{number}__c", record_id)
    expected = case["expect"]
    assert found == (str(expected) if case.get("type") == "date" and expected else expected)


@pytest.mark.parametrize(
    "case", _cases("formula_errors.yaml"), ids=lambda case: str(case["formula"])
)
def test_a_wrong_formula_is_refused_with_its_place(case: dict[str, Any]) -> None:
    _, problems = with_lead(
        [Field(name="Error__c", label="E", type="string", formula=case["formula"])]
    )
    [problem] = problems
    assert case["message"] in problem.message
    assert (problem.line, problem.column) == (1, case["column"])
