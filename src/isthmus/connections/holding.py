"""A restored store is held: nothing of it runs until somebody lets it go on.

The installation that the backup was made of may still be there. Both would write to the same orgs,
and neither would know what the other wrote.
"""

import orjson
from django.db import connection as database_of_django
from django.db import transaction

from isthmus.connections.errors import StoreHeld
from isthmus.profiles import upkeep


def held() -> upkeep.Noted | None:
    """What is known of the restore that the store is held for; None where it may run.

    It is asked very often, so by the connection that is open anyway.
    """
    with database_of_django.cursor() as cursor:
        cursor.execute(upkeep.QUERIES["upkeep"].as_string(), {"what": upkeep.HELD})
        row = cursor.fetchone()
    return upkeep.Noted(at=row[0], facts=orjson.loads(row[1])) if row else None


def check() -> None:
    """Raise `StoreHeld` where nothing may run."""
    found = held()
    if found is not None:
        raise StoreHeld(sentence(found))


def sentence(found: upkeep.Noted) -> str:
    """Why nothing runs, and what to do."""
    made = str(found.facts.get("made_at", ""))[:16].replace("T", " ")
    return (
        f"This store was restored from a backup of {made} UTC, and nothing runs in it yet. Make "
        f"sure that the installation that the backup was made of no longer runs, and then let this "
        f"one go on: `isthmus resume`."
    )


def release() -> bool:
    """Let the store go on; whether it was held. The audit log says who did it."""
    with transaction.atomic(), database_of_django.cursor() as cursor:
        cursor.execute(upkeep.QUERIES["release"], {"what": upkeep.HELD})
        return bool(cursor.rowcount > 0)
