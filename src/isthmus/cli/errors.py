"""Errors of the command line itself.

Final
└── Misuse   what was typed can't be done; ends with status 2
"""

from isthmus.errors import Final


class Misuse(Final):
    """What was typed can't be done."""
