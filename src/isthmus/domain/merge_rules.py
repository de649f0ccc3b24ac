"""How a value that comes in changes the value that is there."""

from enum import StrEnum

from isthmus.domain.properties import PropertyDefinition, PropertyType


class MergeRule(StrEnum):
    """The rule of one mapping row of an import goal."""

    SET = "set"
    SET_IF_EMPTY = "set_if_empty"
    ADD = "add"
    SUM = "sum"


MEANINGS = {
    MergeRule.SET: "the value as it is, overwriting",
    MergeRule.SET_IF_EMPTY: "only into an empty property",
    MergeRule.ADD: "appended to a list property, if not in it",
    MergeRule.SUM: "added to an integer property; an empty one counts as 0",
}


def refusal(rule: MergeRule, target: PropertyDefinition) -> str | None:
    """Why `rule` does not fit `target`, in a sentence; None where it fits."""
    if rule is MergeRule.ADD and not target.list:
        return (
            f"Add needs a list, and property {target.key!r} holds a single {target.type}. "
            f"Use set or set_if_empty, or make the property a list."
        )
    if rule is MergeRule.SUM and (target.list or target.type is not PropertyType.INTEGER):
        kind = f"a list of {target.type}" if target.list else target.type
        return (
            f"Sum needs an integer, and property {target.key!r} is {kind}. "
            f"Use set or set_if_empty, or map to an integer property."
        )
    if rule is MergeRule.SUM and target.identifier:
        return (
            f"Sum can't change {target.key!r}: it is an identifier, and identifiers name a "
            f"profile, they don't count. Map to an integer property that is none."
        )
    return None


def together_refusal(rules: list[MergeRule], target: PropertyDefinition) -> str | None:
    """Why these rules of one goal can't all write `target`; None where they can.

    Set and set-if-empty go together, in the order of the rows (a second field as the fallback of
    the first). Add and Sum build on what is there, which a Set beside them would undo.
    """
    kinds = set(rules)
    if len(kinds) > 1 and kinds & {MergeRule.ADD, MergeRule.SUM}:
        names = ", ".join(sorted(kinds))
        return (
            f"Property {target.key!r} is written by rows with the rules {names}; "
            f"add and sum can't stand beside another rule. Use one rule for all of its rows."
        )
    return None


def identifier_refusal(rules: list[MergeRule], target: PropertyDefinition) -> str | None:
    """Why rows of one goal with these rules can't write the identifier; None where they can."""
    if not target.identifier:
        return None
    if len(rules) > 1 and not target.list:
        return f"Identifier {target.key!r} is written by {len(rules)} rows; one is allowed."
    if target.list and any(rule is not MergeRule.ADD for rule in rules):
        return (
            f"Identifier {target.key!r} is a list, and a list of identifiers only grows: use add."
        )
    return None
