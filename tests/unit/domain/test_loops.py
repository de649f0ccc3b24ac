"""Values that would go round and grow."""

import pytest

from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
)
from isthmus.domain.loops import growing_rows
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import CONTACT, LEAD

MATCH = MatchRow(field="Email", identifier="email")


@pytest.mark.parametrize(
    ("rule", "field", "value", "sobject", "grows"),
    [
        (MergeRule.SUM, "Points__c", "points", LEAD, True),
        (MergeRule.ADD, "POINTS__C", "points", LEAD, True),
        (MergeRule.SET, "Points__c", "points", LEAD, False),
        (MergeRule.SET_IF_EMPTY, "Points__c", "points", LEAD, False),
        (MergeRule.SUM, "Other__c", "points", LEAD, False),
        (MergeRule.SUM, "Points__c", "other", LEAD, False),
        (MergeRule.SUM, "Points__c", "points", CONTACT, False),
    ],
)
def test_a_row_grows_where_the_export_writes_its_field_from_its_property(
    rule: MergeRule, field: str, value: str, sobject: object, *, grows: bool
) -> None:
    importing = ImportGoal(
        key="in", name="in", object=LEAD, match=(MATCH,),
        fields=(ImportField(field="Points__c", property="points", rule=rule),),
    )  # fmt: skip
    exporting = ExportGoal(
        key="out", name="out", object=sobject, segment="all", match=MATCH,  # type: ignore[arg-type]
        fields=(ExportField(field=field, kind=ExportKind.PROPERTY, value=value),),
    )  # fmt: skip
    assert bool(list(growing_rows(importing, exporting))) is grows
