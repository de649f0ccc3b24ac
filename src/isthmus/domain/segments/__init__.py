"""Segments: which profiles meet nested conditions.

A condition is a tree of `{all: [...]}`, `{any: [...]}` and `{not: {...}}` over tests of one
property, `{property: KEY, OPERATOR: VALUE}`, or of one system value, `{system: NAME, OPERATOR:
VALUE}`. A test has one operator; `all` joins several.

========================================  ==========================================  ===========
operator                                  a single value satisfies it when            if empty
========================================  ==========================================  ===========
is: V or [V, ...]                         it is one of the values                     no
is_not: V or [V, ...]                     it is none of the values                    **yes**
contains: TEXT                            TEXT stands somewhere in it                 no
starts_with: TEXT                         it begins with TEXT                         no
is_empty: true                            it has no value, or is the text ''          yes
is_empty: false                           it has a value                              no
less_than: V, at_most: V                  it is < V, <= V                             no
more_than: V, at_least: V                 it is > V, >= V                             no
between: [A, B]                           it is >= A and <= B                         no
within_last: {days: 30}                   it is >= now - 30 days and <= now           no
within_next: {days: 30}                   it is >= now and <= now + 30 days           no
before_last: {days: 30}                   it is < now - 30 days                       no
any_of: [V, ...] (lists only)             see below                                   no
all_of: [V, ...] (lists only)             see below                                   no
none_of: [V, ...] (lists only)            see below                                   **yes**
========================================  ==========================================  ===========

Lists. A list is empty when it has no elements. `is`, `contains`, `starts_with`, ranges and
relative dates ask for *at least one element* that satisfies them; `is_not` is the exact opposite
of `is`, so *no element* is one of the values. `any_of` and `none_of` say the same as `is` and
`is_not`; `all_of` asks that each of the values is among the elements. An element that has no
value satisfies nothing.

Text (and e-mail) is compared without regard to case unless `match_case: true` stands beside the
operator. Without regard to case means that both sides are put into lower case one character at a
time: `STRASSE` is not `straße`, `É` is not `E`, and Greek's final sigma `ς` is another letter than
the sigma within words. Nothing is a wildcard.

Time. A date and time without an offset is meant in the time zone that the predicate is built for,
the earlier one where the clock showed it twice. Where a date and time is asked for, a date alone
means the whole day in that zone: `is` any moment of it, `less_than` before it begins, `more_than`
after it ends, `at_most` and `at_least` with the day itself. `days`, `weeks`, `months` and `years`
may stand together; they are counted on that zone's calendar from today (a date) or from now (a
date and time), and a day that the month does not have becomes its last.

System values. `created` and `changed` are dates and times; `profile_id` knows `is` and `is_not`;
`known` is true for a profile with at least one identifier and knows `is` and `is_not`. None of
them is ever empty.

`not` is the exact opposite: of every profile, either the condition or its `not` holds.
"""

from isthmus.domain.segments.conditions import (
    Condition,
    Conjunction,
    Disjunction,
    Negation,
    Operand,
    PropertyComparison,
    Span,
    SystemComparison,
    is_of_profile_alone,
    plain,
)
from isthmus.domain.segments.errors import SegmentError
from isthmus.domain.segments.operators import Kind, Operator, SystemValue
from isthmus.domain.segments.reading import parse

__all__ = [
    "Condition",
    "Conjunction",
    "Disjunction",
    "Kind",
    "Negation",
    "Operand",
    "Operator",
    "PropertyComparison",
    "SegmentError",
    "Span",
    "SystemComparison",
    "SystemValue",
    "is_of_profile_alone",
    "parse",
    "plain",
]
