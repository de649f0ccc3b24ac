"""What is said beside a mapping row of an import: what a rule does there, and what to know."""

from collections.abc import Iterator

from isthmus.domain.field_types import Fit, fit
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.salesforce import Field
from isthmus.web.conditions.words import TYPES
from isthmus.web.goal_editor.choices import FIELD_TYPES

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


def clash(field: Field, target: PropertyDefinition) -> str:
    """Why values of the field may not, or never, fit the property; empty where they always do."""
    fits = fit(field.type, field.scale, target.type)
    if fits is Fit.ALWAYS or (field.type == "id" and target.identifier):
        return ""
    takes = f"{target.label} takes {_TAKES[target.type]}"
    if target.type is PropertyType.INTEGER and fits is Fit.PERHAPS and field.scale:
        return (
            f"{field.label} has decimals; {takes}. A value with a fraction is a problem of this "
            f"field, and the record\u2019s other fields go on."
        )
    _, is_a = FIELD_TYPES.get(field.type, ("", field.type))
    if fits is Fit.NEVER:
        return f"{field.label} is a {is_a}; {takes}, so no value fits. Choose or make another."
    return (
        f"{field.label} is a {is_a}; {takes}. A value that is none is a problem of this field, "
        f"and the record\u2019s other fields go on."
    )


_TAKES = {each: f"{word}s" for each, word in TYPES.items()} | {
    PropertyType.EMAIL: "e-mail addresses",
    PropertyType.BOOLEAN: "yes or no",
    PropertyType.DATETIME: "moments (date and time)",
}


def hints(field: Field, target: PropertyDefinition | None, timezone: str) -> Iterator[str]:
    """What is worth knowing of a row, and neither wrong nor to be changed."""
    if field.calculated:
        yield (
            "A formula changes without a new stamp: a new value comes in when something else of "
            "the record changes, or when everything is run again."
        )
    if target is None:
        return
    if field.type == "datetime" and target.type is PropertyType.DATE:
        yield f"The day is that of the connection\u2019s time zone, {timezone}."
    if field.type == MULTIPICKLIST and not target.list:
        yield "All picked values come in as one text, joined by semicolons."
