"""Turns the conditions of a WHERE or HAVING clause into SQL."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from localorg.soql import nodes
from localorg.soql.fragment import Fragment, chained
from localorg.soql.operands import Operand
from localorg.soql.predicates import (
    Filter,
    Predicate,
    comparison,
    membership,
    negated,
    selection,
)

NEGATIVE = {"NOT IN", "EXCLUDES"}
SemiJoiner = Callable[[Filter, nodes.SemiJoin], Predicate]


@dataclass(frozen=True, kw_only=True)
class Conditions:
    """What conditions depend on besides themselves."""

    statement: str
    now: datetime
    zone: str
    # Finds what a condition is about.
    operand: Callable[[nodes.Subject], Operand]
    semi_join: SemiJoiner

    def fragment(self, condition: nodes.Condition) -> Fragment:
        """Return SQL that is true for the records of a condition.

        Raises:
            SalesforceError: INVALID_FIELD, MALFORMED_QUERY or INVALID_QUERY_FILTER_OPERATOR.

        """
        return self._predicate(condition).fragment

    def _predicate(self, condition: nodes.Condition) -> Predicate:
        if isinstance(condition, nodes.Junction):
            return self._junction(condition, condition.word)
        if isinstance(condition, nodes.Not):
            return self._negation(condition.condition)
        if isinstance(condition, nodes.Comparison):
            subject = self._subject(condition.subject)
            return comparison(subject, condition.operator, condition.value)
        listed = self._listed(condition)
        return negated(listed) if condition.operator in NEGATIVE else listed

    def _junction(self, junction: nodes.Junction, word: str) -> Predicate:
        parts = [self.fragment(part) for part in junction.conditions]
        return Predicate(chained(word, parts))

    def _negation(self, condition: nodes.Condition) -> Predicate:
        """Return the opposite; NOT moves inwards to the filters, which know about nulls."""
        if isinstance(condition, nodes.Not):
            return self._predicate(condition.condition)
        if isinstance(condition, nodes.Junction):
            opposites = tuple(nodes.Not(condition=part) for part in condition.conditions)
            word = "OR" if condition.word == "AND" else "AND"
            return self._junction(nodes.Junction(word=word, conditions=opposites), word)
        return negated(self._predicate(condition))

    def _listed(self, condition: nodes.Membership | nodes.SemiJoin) -> Predicate:
        subject = self._subject(condition.subject)
        if isinstance(condition, nodes.SemiJoin):
            return self.semi_join(subject, condition)
        test = selection if condition.operator in {"INCLUDES", "EXCLUDES"} else membership
        return test(subject, condition.values)

    def _subject(self, subject: nodes.Subject) -> Filter:
        return Filter(
            statement=self.statement,
            position=subject.position,
            column=self.operand(subject),
            now=self.now,
            zone=self.zone,
        )
