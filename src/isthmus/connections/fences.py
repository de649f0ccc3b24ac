"""Who may write for a run: the process that took it over last, and no other."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from django.db import transaction
from psycopg import Connection

from isthmus.connections.errors import RunTakenOver
from isthmus.connections.models import Run

_FENCE = """SELECT fence FROM connections_run WHERE id = %(run)s FOR KEY SHARE"""


@dataclass(frozen=True, kw_only=True)
class Fence:
    """A run, and the number that it had when this process took it over."""

    run: int  # row id
    number: int

    def check(self, connection: Connection[Any]) -> None:
        """Raise `RunTakenOver` where another process has taken the run over since.

        As the first statement of a transaction it also keeps others from taking over until the
        transaction ends, so what it writes is written by the run's owner. Before a call that writes
        to Salesforce it is asked outside of one.
        """
        row = connection.execute(_FENCE, {"run": self.run}).fetchone()
        if row is None or row[0] != self.number:
            raise RunTakenOver

    def undone(self) -> "Fence":
        """The same for work that is rolled back whatever comes of it: nobody has to be kept off.

        It leaves the run's row alone, which others write to meanwhile, and which a transaction of
        the engine would hold for as long as it is open.
        """
        return _Unguarded(run=self.run, number=self.number)

    @contextmanager
    def owned(self) -> Iterator[Run]:
        """A transaction of Django's in which the run is this process's: its row, locked.

        Raises `RunTakenOver` where another process has taken it over.
        """
        with transaction.atomic():
            rows = Run.every.select_for_update(of=("self",), no_key=True)
            run = rows.select_related("connection").filter(id=self.run, fence=self.number).first()
            if run is None:
                raise RunTakenOver
            yield run


class _Unguarded(Fence):
    """Lets everybody through."""

    def check(self, connection: Connection[Any]) -> None:
        """Say nothing."""
