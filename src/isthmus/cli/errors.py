"""Errors of the command line itself.

Final
├── Misuse      what was typed can't be done; ends with status 2
└── RunFailed   the run failed as a whole; ends with status 1
"""

from isthmus.errors import Final


class Misuse(Final):
    """What was typed can't be done."""


class RunFailed(Final):
    """The run failed before any goal began."""
