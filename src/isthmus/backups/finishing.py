"""What is done to a restored database before it takes its place: it is Django's by then."""

from dataclasses import dataclass

from isthmus.backups.archive import key_words, too_new
from isthmus.backups.errors import KeyMissing
from isthmus.backups.manifest import Manifest
from isthmus.connections import authorizations
from isthmus.connections.models import Connection, Run
from isthmus.people.models import User
from isthmus.profiles import database, migrate, upkeep


@dataclass(frozen=True, kw_only=True)
class Restored:
    """What there is now."""

    profiles: int
    connections: int
    runs: int
    accounts: int
    migrated: bool  # the backup was of an earlier version
    unreadable_secrets: int
    under_way: list[str]  # runs that go on, in words


def check_version(manifest: Manifest) -> None:
    """Raise where the backup has migrations that this version does not know."""
    if set(manifest.migrations) - migrate.known():
        raise too_new(manifest)


def finish(manifest: Manifest, *, hold: bool, without_key: bool) -> Restored:
    """Bring it up to this version, and make sure that it can be used.

    Previews are left out: what they found is not in a backup. A store that is held runs nothing
    until somebody lets it go on.
    """
    migrated = migrate.pending()
    migrate.migrate()
    unreadable, _ = authorizations.sealed_otherwise()
    if unreadable and not without_key:
        raise KeyMissing(key_words(manifest))
    Run.every.filter(preview=True).delete()
    with database.connected(application="isthmus restore") as session:
        upkeep.forget(session, upkeep.HELD)
        if hold:
            upkeep.note(session, upkeep.HELD, made_at=manifest.made_at.isoformat())
    under_way = Run.objects.filter(finished_at__isnull=True).select_related("connection")
    return Restored(
        profiles=manifest.tables.get("store.profile", 0),
        connections=Connection.objects.count(),
        runs=Run.objects.count(),
        accounts=User.objects.count(),
        migrated=migrated,
        unreadable_secrets=unreadable,
        under_way=[
            f"run {each.number} of {each.connection.key}"
            for each in under_way.order_by("connection_id", "number")
        ],
    )
