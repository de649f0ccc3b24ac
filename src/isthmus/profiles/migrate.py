"""Bring a database up to what this version needs."""

from django.core.management import call_command

from isthmus.profiles import database, schema

_MIGRATION_LOCK = "SELECT pg_advisory_lock(7301881, 3)"


def migrate() -> None:
    """Make or alter all tables. Safe to repeat, and for several processes at once."""
    with database.connected(application="isthmus migrate") as connection:
        # Django's migrations do not lock: two that start together would both make the tables.
        connection.execute(_MIGRATION_LOCK)
        call_command("migrate", verbosity=0, interactive=False)
        schema.install(connection)
