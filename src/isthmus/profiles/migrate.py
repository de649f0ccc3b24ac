"""Bring a database up to what this version needs."""

from django.core.management import call_command
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from isthmus.profiles import database, schema

_MIGRATION_LOCK = "SELECT pg_advisory_lock(7301881, 3)"


def pending() -> bool:
    """Whether `migrate` has anything to do. Takes no locks, so it waits for nobody."""
    with database.connected(application="isthmus migrate") as connection:
        if not schema.is_installed(connection):
            return True
        executor = MigrationExecutor(connections["default"])
        return bool(executor.migration_plan(executor.loader.graph.leaf_nodes()))


def migrate() -> None:
    """Make or alter all tables. Safe to repeat, and for several processes at once."""
    with database.connected(application="isthmus migrate") as connection:
        # Django's migrations do not lock: two that start together would both make the tables.
        connection.execute(_MIGRATION_LOCK)
        call_command("migrate", verbosity=0, interactive=False)
        schema.install(connection)


def known() -> set[str]:
    """The names of all migrations that this version has."""
    loader = MigrationExecutor(connections["default"]).loader
    return {f"{app}.{name}" for app, name in loader.disk_migrations}
