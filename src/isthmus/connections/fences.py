"""Who may write for a run: the process that took it over last, and no other."""

from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from isthmus.connections.errors import RunTakenOver

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
