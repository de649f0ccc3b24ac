"""When it makes no sense to go on: Salesforce refuses most rows, all for one cause."""

from typing import Any

from psycopg import Connection

from isthmus.errors import Final
from isthmus.exporting.queries import QUERIES
from isthmus.exporting.upload import Upload

MANY_ROWS = 200
"""Fewer rows than these say nothing of those to come."""

SHARE = 0.9

OF_THE_ROW = frozenset(
    {
        "DELETE_FAILED",
        "DUPLICATES_DETECTED",
        "DUPLICATE_EXTERNAL_ID",
        "DUPLICATE_VALUE",
        "ENTITY_IS_DELETED",
        "INVALID_CROSS_REFERENCE_KEY",
        "INVALID_EMAIL_ADDRESS",
        "NUMBER_OUTSIDE_VALID_RANGE",
        "STRING_TOO_LONG",
        "UNABLE_TO_LOCK_ROW",
    }
)
"""Codes that speak of a row's own values or record, however many rows have them."""


class MostRowsRefused(Final):
    """Salesforce refuses most rows for the same cause."""


def refuse_useless(connection: Connection[Any], upload: Upload) -> None:
    """Raise `MostRowsRefused` where an upload of many rows failed nearly whole, by one cause.

    Where no other rows wait there is nothing to spare: each row has its outcome.
    """
    row = connection.execute(QUERIES["commonest_failure"], upload.names).fetchone()
    if row is None:
        return
    code, message, failed, rows, others_wait = row
    if others_wait and rows > MANY_ROWS and failed > SHARE * rows and code not in OF_THE_ROW:
        raise MostRowsRefused(
            f"Salesforce refused {failed:,} of the first {rows:,} rows, all with {code}: "
            f"{message or '(no words)'} The other rows were not sent. Correct the mapping, the "
            f"user's rights or the rule in Salesforce, and run it again."
        )
