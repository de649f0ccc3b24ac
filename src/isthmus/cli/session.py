"""What a command needs before it can do anything: a database, and Django set up for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from isthmus.home import home


@contextmanager
def database(*, migrated: bool = True) -> Iterator[None]:
    """The database of `DATABASE_URL`, or the embedded one, which runs while somebody uses it.

    Several commands at once share the embedded server; the last one stops it.
    """
    url = os.environ.get("DATABASE_URL")
    if url:
        with _set_up(url, migrated=migrated):
            yield
        return
    from isthmus import embedded

    with embedded.running(home()) as server, _set_up(server.conninfo, migrated=migrated):
        yield


@contextmanager
def _set_up(conninfo: str, *, migrated: bool) -> Iterator[None]:
    os.environ["ISTHMUS_CONNINFO"] = conninfo
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "isthmus.settings")
    import django
    from django.db import connections

    django.setup()
    try:
        if migrated:
            from isthmus.profiles.migrate import migrate

            migrate()
        yield
    finally:
        connections.close_all()
