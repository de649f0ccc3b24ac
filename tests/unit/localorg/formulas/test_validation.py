from collections.abc import Mapping

import pytest

from localorg.errors import RowError
from localorg.formulas import ValidationRow, failures, needed
from localorg.schema import Schema, ValidationRule
from localorg.store import OWNER_IDS
from unit.localorg.formulas.formula_org import filled, with_lead

Values = Mapping[str, str | float | None]


def schema_with(*formulas: str, active: bool = True) -> Schema:
    schema, problems = with_lead(
        rules=[
            ValidationRule(
                name=f"Rule_{number}",
                formula=formula,
                message=f"message {number}",
                error_field="Email" if number else None,
                active=active,
            )
            for number, formula in enumerate(formulas)
        ]
    )
    assert [str(problem) for problem in problems] == []
    return schema


def checked(
    schema: Schema, *rows: ValidationRow, user_id: str | None = None
) -> dict[int, RowError]:
    store = filled(schema)
    with store.read() as connection:
        found = failures(connection, schema.object("Lead"), dict(enumerate(rows)), user_id=user_id)
    store.close()
    return found


def refused(formula: str, new: Values, old: Values | None = None) -> bool:
    return bool(checked(schema_with(formula), ValidationRow(new=new, old=old)))


def test_a_record_for_which_a_rule_is_true_is_refused_with_its_words() -> None:
    schema = schema_with('LastName = "Byron"')
    rows = [ValidationRow(new={"LastName": name}) for name in ("Ada", "Byron", "byron")]
    assert checked(schema, *rows) == {1: RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "message 0")}


def test_the_first_rule_speaks_and_names_its_field() -> None:
    schema = schema_with("FALSE", "TRUE", "TRUE")
    assert checked(schema, ValidationRow(new={})) == {
        0: RowError("FIELD_CUSTOM_VALIDATION_EXCEPTION", "message 1", ("Email",))
    }


def test_rules_that_are_off_refuse_nothing_and_need_nothing() -> None:
    schema = schema_with("ISBLANK(Email)", active=False)
    assert needed(schema.object("Lead")) == ()
    assert checked(schema, ValidationRow(new={})) == {}


def test_a_rule_says_which_fields_it_needs() -> None:
    schema = schema_with(
        'ISCHANGED(Email) && ConvertedAccount.Name = "x" && LEN(Base__c) > 1 && Owner.Name = "y"'
    )
    assert needed(schema.object("Lead")) == ("ConvertedAccountId", "Email", "FirstName", "OwnerId")


@pytest.mark.parametrize(
    ("formula", "new", "old", "expected"),
    [
        ("ISNEW()", {}, None, True),
        ("ISNEW()", {}, {}, False),
        ("ISCHANGED(Email)", {"Email": "a"}, {"Email": "b"}, True),
        ("ISCHANGED(Email)", {"Email": "a"}, {"Email": "a"}, False),
        ("ISCHANGED(Email)", {"Email": "A"}, {"Email": "a"}, True),
        ("ISCHANGED(Email)", {"Email": "a"}, {"Email": None}, True),
        ("ISCHANGED(Email)", {"Email": None}, {"Email": None}, False),
        ("ISCHANGED(Email)", {"Email": "a"}, None, False),
        ("PRIORVALUE(AnnualRevenue) > AnnualRevenue", {"AnnualRevenue": 1}, {"AnnualRevenue": 2},
         True),
        ("PRIORVALUE(AnnualRevenue) > AnnualRevenue", {"AnnualRevenue": 1}, None, False),
        ('ISPICKVAL(PRIORVALUE(Rating), "Hot")', {"Rating": None}, {"Rating": "Hot"}, True),
        ("Newsletter__c", {"Newsletter__c": True}, None, True),
        ("Newsletter__c", {"Newsletter__c": 0}, None, False),
        ("LEN(Description) > 3", {"Description": "long"}, None, True),
        ("Discount__c > 0.3", {"Discount__c": 40.0}, None, True),
        ("AnnualRevenue < 0", {}, None, False),
    ],
)  # fmt: skip
def test_rules_see_what_a_record_was_and_will_be(
    formula: str, new: Values, old: Values | None, *, expected: bool
) -> None:
    assert refused(formula, new, old) is expected


def test_a_rule_can_spare_a_user() -> None:
    schema = schema_with('$User.Username <> "amara@localorg.example"')
    row = ValidationRow(new={})
    assert checked(schema, row, user_id=OWNER_IDS[0]) == {}
    assert set(checked(schema, row, user_id=OWNER_IDS[1])) == {0}


def test_a_rule_can_ask_for_the_profile_of_the_user() -> None:
    schema = schema_with('$Profile.Name = "System Administrator"')
    assert set(checked(schema, ValidationRow(new={}), user_id=OWNER_IDS[0])) == {0}


def test_a_rule_that_is_no_yes_or_no_is_refused() -> None:
    rule = ValidationRule(name="R", formula="1 + 1", message="m")
    _, [problem] = with_lead(rules=[rule])
    assert "incompatible with expected data type (Boolean)" in problem.message


def test_the_earlier_value_of_a_formula_is_not_known() -> None:
    rule = ValidationRule(name="R", formula="ISCHANGED(Base__c)", message="m")
    _, [problem] = with_lead(rules=[rule])
    assert "Field Base__c is calculated: it has no earlier value" in problem.message
