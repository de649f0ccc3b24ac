"""Filters: which records of an object an import reads.

A filter is a tree of `{all: [...]}`, `{any: [...]}` and `{not: {...}}` over tests of one Salesforce
field, `{field: NAME, OPERATOR: VALUE}`, with the operators of segments; or `{soql: TEXT}`, the
condition of a WHERE as Salesforce's own language has it.

========================================  ========================================================
type of field                             operators
========================================  ========================================================
text, e-mail, phone, URL                  is, is_not, contains, starts_with, is_empty
picklist                                  is, is_not, is_empty
multi-select picklist                     is, is_not, any_of, all_of, none_of, is_empty
id, lookup                                is, is_not, is_empty
number, currency, percent                 is, is_not, less_than, at_most, more_than, at_least,
                                          between, is_empty
date, date and time                       the same, and within_last, within_next, before_last
checkbox                                  is, is_not
========================================  ========================================================

They say the same as in segments (`isthmus.domain.segments`), over what Salesforce holds: an empty
value satisfies `is_not`, `none_of` and `is_empty` alone; a day is one of the connection's time
zone; `not` is the exact opposite. Text is compared as Salesforce does it, without regard to case.
"""

from isthmus.domain.filters.errors import FilterError
from isthmus.domain.filters.reading import Fields, FilterField, named_fields, outline, parse
from isthmus.domain.filters.soql import soql
from isthmus.domain.filters.text import LONGEST, SOQL, check_text
from isthmus.domain.filters.tree import Filter, moves_with_time

__all__ = [
    "LONGEST",
    "SOQL",
    "Fields",
    "Filter",
    "FilterError",
    "FilterField",
    "check_text",
    "moves_with_time",
    "named_fields",
    "outline",
    "parse",
    "soql",
]
