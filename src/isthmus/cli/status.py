"""What the commands end with."""

from enum import IntEnum


class Status(IntEnum):
    """Exit statuses."""

    DONE = 0
    FAILED = 1
    MISUSE = 2
    PENDING = 2  # of `plan`, as of other planners: changes are waiting
    PROBLEMS = 3
    WAITING = 4  # for somebody who agrees
    STOPPED = 130  # what shells expect of a program that Ctrl-C ended
    READER_GONE = 141  # and of one whose output nobody reads any more


EXPLAINED = """\
Exit status: 0 done, 1 failed, 2 misuse (an unknown option, key or file, or a document that can't \
be applied), 3 done with problems, 4 a run waits for confirmation, 130 stopped by Ctrl-C. \
`config plan` also ends with 2 when something would change."""
"""For the help of the whole program."""
