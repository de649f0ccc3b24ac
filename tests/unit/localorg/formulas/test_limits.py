import sqlite3

import pytest

from localorg.formulas import functions
from localorg.schema import Field
from unit.localorg.formulas.formula_org import ADA, NOW, filled, value, with_lead


def text_field(formula: str) -> Field:
    return Field(name="F__c", label="F", type="string", formula=formula)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (" & ".join(['"abcd"'] * 300), "abcd" * 300),
        ("TEXT(" + " + ".join(["1"] * 800) + ")", "800"),
        ('IF(FALSE, "x", ' * 38 + '"a"' + ")" * 38, "a"),
        ("IF(TRUE, " * 10 + '"a"' + ', "b")' * 10, "a"),
        ("(" * 39 + '"a"' + ")" * 39, "a"),
    ],
    ids=["joined", "added", "chain of conditions", "nested conditions", "brackets"],
)
def test_long_formulas_run(formula: str, expected: str) -> None:
    schema, problems = with_lead([text_field(formula)])
    assert problems == []
    store = filled(schema)
    found = value(store, "F__c")
    store.close()
    assert found == expected


def test_a_formula_shows_no_more_characters_than_describe_says() -> None:
    schema, _ = with_lead([text_field('RPAD("x", 2000, "y")')])
    store = filled(schema)
    found = value(store, "F__c")
    store.close()
    assert len(str(found)) == 1300


def test_what_sqlite_can_not_read_is_refused_when_the_schema_is_made() -> None:
    nested = "IF(TRUE, " * 38 + '"a"' + ', "b")' * 38
    _, problems = with_lead([text_field(nested)])
    # Newer editions of SQLite read it.
    assert all("too big to execute" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("(" * 41 + "1" + ")" * 41, "nested too deep. Allowed: 40 levels"),
        ('"' + "x" * 3900 + '"', "3902 characters). Allowed: 3900 characters"),
    ],
)
def test_formulas_beyond_the_limits_are_refused(formula: str, message: str) -> None:
    _, [problem] = with_lead([text_field(formula)])
    assert message in problem.message


def test_a_formula_follows_the_clock_of_the_org() -> None:
    schema, _ = with_lead([Field(name="F__c", label="F", type="date", formula="TODAY()")])
    store = filled(schema)
    before = value(store, "F__c")
    store.now = lambda: NOW.replace(year=2030)
    after = value(store, "F__c")
    store.close()
    assert (before, after) == ("2026-02-28", "2030-02-28")


def test_a_formula_field_has_no_column_and_can_be_searched_by() -> None:
    schema, _ = with_lead()
    base = schema.object("Lead").field("Base__c")
    assert not base.stored
    assert base.calculated
    assert base.name not in {column.name for column in schema.object("Lead").columns}
    store = filled(schema)
    where = (base.expression("t0") or "", " = 'base of Ada'")
    statement = "".join(("SELECT Id FROM Lead t0 WHERE ", *where))
    with store.read() as connection:
        assert connection.execute(statement).fetchall() == [(ADA,)]
    store.close()


def test_functions_are_installed_on_any_connection() -> None:
    connection = sqlite3.connect(":memory:")
    functions.install(connection, lambda: NOW)
    found = connection.execute("SELECT localorg_now(), localorg_round(1.005, 2)").fetchone()
    connection.close()
    assert found == ("2026-02-28T12:30:00.000Z", 1.01)
