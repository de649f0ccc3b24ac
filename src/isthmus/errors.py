"""The root of all errors.

IsthmusError
├── Retryable   the same call may work later: the job that met it is tried again
└── Final       the same call fails the same way: someone has to change something first
"""


class IsthmusError(Exception):
    """Something went wrong."""

    is_of_input: bool = False
    """Whether what somebody typed is wrong, and not what it met."""

    def __init__(self, message: str | None = None) -> None:
        """Keep `message`, or the first line of the class's docstring where there is none."""
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])


class Retryable(IsthmusError):
    """It may work when it is tried again."""


class Final(IsthmusError):
    """It can't work until something is changed."""
