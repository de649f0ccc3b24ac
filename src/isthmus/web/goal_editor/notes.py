"""What is said beside a mapping row of an import: what a rule does there, and what to know."""

from collections.abc import Iterator

from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.salesforce import Field

MULTIPICKLIST = "multipicklist"

RULES = {
    MergeRule.SET: ("Set", "The value as it is, overwriting what is there."),
    MergeRule.SET_IF_EMPTY: ("Set if empty", "Only into an empty property."),
    MergeRule.ADD: ("Add", "Appended to a list, if it is not in it yet."),
    MergeRule.SUM: ("Sum", "Added to a whole number. An empty one counts as 0."),
}
"""What the rules are called, and what each does in a line."""


def option(rule: MergeRule, field: Field | None) -> str:
    """What to know of the rule where no choice goes with it."""
    if rule is MergeRule.ADD:
        several = field is not None and field.type == MULTIPICKLIST
        return "Each value by itself" if several else "Empty values do nothing"
    if rule is MergeRule.SUM:
        return "Each record once a change"
    if rule is MergeRule.SET_IF_EMPTY:
        brings = field is not None and field.type in ("picklist", "combobox")
        return "Brings the API value" if brings else "Empty values do nothing"
    return ""


def hints(field: Field, target: PropertyDefinition | None, timezone: str) -> Iterator[str]:
    """What is worth knowing of a row, and neither wrong nor to be changed."""
    if target is None:
        return
    if field.type == "datetime" and target.type is PropertyType.DATE:
        yield f"The day is that of the connection\u2019s time zone, {timezone}."
    if field.type == MULTIPICKLIST and not target.list:
        yield "All picked values come in as one text, joined by semicolons."
