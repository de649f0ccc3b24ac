"""What goes out and comes back in."""

from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.exporting.histories import PROPERTIES, new_org
from integration.exporting.side_by_side import SideBySide
from isthmus.connections.errors import GoalIncomplete
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
from isthmus.domain.properties import PropertyType
from isthmus.exporting.engine import run_export

EMAIL = MatchRow(field="Email", identifier="email")


@pytest.mark.parametrize("rule", [MergeRule.SUM, MergeRule.ADD, MergeRule.SET])
def test_a_field_is_not_written_from_the_property_that_it_is_added_to(
    world: Connection[Any], rule: MergeRule
) -> None:
    both = SideBySide(connection=world, org=new_org(), definitions=PROPERTIES, bulk=False)
    number = next(
        key
        for key, each in PROPERTIES.items()
        if each.type is PropertyType.INTEGER and not each.list and not each.identifier
    )
    field = "Title"
    goal = both.add_goal(
        ExportGoal(
            key="out",
            name="out",
            object=LEAD,
            segment="members",
            match=EMAIL,
            fields=(ExportField(field=field, kind=ExportKind.PROPERTY, value=number),),
        )
    )
    set_up.new_goal(
        goal.connection,
        ImportGoal(
            key="in",
            name="in",
            object=LEAD,
            match=(EMAIL,),
            fields=(ImportField(field=field.upper(), property=number, rule=rule),),
        ),
    )
    if rule is MergeRule.SET:
        set_up.run(run_export, goal, both.salesforce)
        return
    with pytest.raises(GoalIncomplete, match="would come back and be added again"):
        set_up.run(run_export, goal, both.salesforce)
