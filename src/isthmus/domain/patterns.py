"""What numbers, days and addresses look like as texts, as regular expressions of the database."""

from isthmus.domain.properties import WHITESPACE

EMAIL = rf"^[^@{WHITESPACE}]+@[^@{WHITESPACE}]+\.[^@{WHITESPACE}]+$"
"""Something, an at sign, something with a dot: Salesforce lets in no more than it asks for."""

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$"
"""A number; `pg_input_is_valid` alone would take NaN, infinity, 1_000 and 0x1F for numbers too."""

NUMBER_LENGTH = 100
"""Most characters of a number."""

DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""A day of a year of four digits. Whether the calendar has it is another question."""
