"""What numbers and days look like as texts, as regular expressions of the database."""

NUMBER = r"^[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?$"
"""A number; `pg_input_is_valid` alone would take NaN, infinity, 1_000 and 0x1F for numbers too."""

DATE = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$"
"""A day of a year of four digits. Whether the calendar has it is another question."""
