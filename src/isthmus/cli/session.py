"""What a command needs before it can do anything: a database, and Django set up for it."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

from isthmus.cli.errors import Misuse
from isthmus.home import home

URL = "DATABASE_URL"


@contextmanager
def database(*, migrated: bool = True) -> Iterator[None]:
    """The database of `DATABASE_URL`, or the embedded one, which runs while somebody uses it.

    Several commands at once share the embedded server; the last one stops it. Only inside of this
    block can models be imported: commands import them there.
    """
    with server() as conninfo, prepared(conninfo, migrated=migrated):
        yield


@contextmanager
def server() -> Iterator[str]:
    """The same without Django: the connection string of the database."""
    url = os.environ.get(URL)
    if url:
        _check(url)
        yield url
        return
    from isthmus import embedded
    from isthmus.cli.output import note

    with embedded.running(home(), report=note) as running:
        yield running.conninfo


def revive() -> None:
    """Start the embedded database again where it has ended; raise where none can be reached.

    For processes that outlive their database. The address stays what it was.
    """
    from isthmus.profiles import database as store

    if not os.environ.get(URL):
        from isthmus import embedded
        from isthmus.cli.output import note

        # This process is a user of the server already, so leaving the block does not stop it.
        with embedded.running(home(), report=note):
            pass
    with store.connected(application="isthmus look"):
        pass


def _check(url: str) -> None:
    import psycopg
    from psycopg.conninfo import conninfo_to_dict

    try:
        conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        # The text is left out: it may hold a password.
        raise Misuse(
            f"{URL} is no address of a database. Write it as "
            f"postgresql://USER:PASSWORD@HOST:PORT/DATABASE, or leave it out: then the database "
            f"in the data folder is used."
        ) from None


@contextmanager
def prepared(conninfo: str, *, migrated: bool = False) -> Iterator[None]:
    """Django, set up for the database of this connection string; once in a process."""
    os.environ["ISTHMUS_CONNINFO"] = conninfo
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "isthmus.settings")
    import django
    from django.db import connections

    django.setup()
    from isthmus.people import auditing

    try:
        with auditing.acting(auditing.system_user, auditing.COMMAND_LINE):
            if migrated:
                from isthmus.profiles.migrate import migrate, pending

                # Migrating takes locks that wait for runs; a command that only reads shouldn't.
                if pending():
                    migrate()
            yield
    finally:
        connections.close_all()
