"""Whatever is written as a formula: it is refused in words, or it runs."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localorg.formulas import FormulaError
from localorg.formulas.compiling import Circumstances, Compiled, compile_formula
from localorg.formulas.function_table import FUNCTIONS
from localorg.formulas.references import Fields
from localorg.schema import ALIAS, Schema
from localorg.store import Store, quoted
from unit.localorg.formulas.formula_org import filled, with_lead

_FIELDS = (
    *("FirstName", "AnnualRevenue", "Newsletter__c", "Last_Purchase__c", "Last_Seen__c", "Rating"),
    *("Interests__c", "Opens_At__c", "Discount__c", "ConvertedAccount.Name", "Owner.Name", "Id"),
)
_WORDS = (
    *("(", ")", ",", "+", "-", "*", "/", "^", "&", "=", "<>", "<", ">=", "&&", "||", "!", " "),
    *("1", "0", "-7.5", "1e300", '"a"', '""', '"2026-01-31"', '"[a"', "NULL", "TRUE"),
    *_FIELDS,
    *(f"{name}(" for name in FUNCTIONS),
)
_ANYTHING = st.lists(st.sampled_from(_WORDS), max_size=12).map(" ".join) | st.text(max_size=30)


def _calls(inner: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    arguments = st.lists(inner, max_size=4).map(", ".join)
    called = st.tuples(st.sampled_from(sorted(FUNCTIONS)), arguments).map(
        lambda parts: f"{parts[0]}({parts[1]})"
    )
    operators = st.sampled_from(["+", "-", "*", "/", "^", "&", "=", "<", "&&"])
    joined = st.tuples(inner, operators, inner).map(lambda parts: f"({' '.join(parts)})")
    return called | joined


_LITERALS = st.sampled_from(["1", "0", "-3", "99999999999999999999", "2.5", '"a"', '"9"', "NULL"])
_SHAPED = st.recursive(_LITERALS | st.sampled_from(_FIELDS), _calls, max_leaves=8)


@pytest.fixture(scope="module")
def schema() -> Schema:
    return with_lead()[0]


@pytest.fixture(scope="module")
def store(schema: Schema) -> Iterator[Store]:
    store = filled(schema)
    yield store
    store.close()


def compiled(schema: Schema, formula: str) -> Compiled | None:
    """None where the formula is refused."""
    fields = Fields(schema.object("Lead"), schema, lambda _, field: field.formula_sql or "NULL")
    try:
        return compile_formula(formula, Circumstances(fields=fields))
    except FormulaError:
        return None


def run(store: Store, found: Compiled) -> None:
    parts = ("SELECT ", found.sql.replace(ALIAS, "t0"), " FROM ", quoted("Lead"), " t0")
    with store.read() as connection:
        assert len(connection.execute("".join(parts)).fetchall()) == 2


@given(formula=_ANYTHING)
@settings(deadline=None, max_examples=300)
def test_any_text_is_refused_in_words_or_runs(store: Store, formula: str) -> None:
    found = compiled(store.schema, formula)
    if found is not None:
        run(store, found)


@given(formula=_SHAPED)
@settings(deadline=None, max_examples=500)
def test_any_formula_is_refused_in_words_or_runs(store: Store, formula: str) -> None:
    found = compiled(store.schema, formula)
    if found is not None:
        run(store, found)
