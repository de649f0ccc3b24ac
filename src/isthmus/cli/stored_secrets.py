"""`isthmus secrets`: the keys that stored secrets are sealed with."""

from isthmus.cli.output import note
from isthmus.cli.registration import command, group

app = group("secrets", "Stored secrets, and the keys that seal them.")


@command(
    app,
    "rotate",
    'ISTHMUS_SECRET_KEY="NEW,OLD" isthmus secrets rotate',
    summary="Seal all stored secrets with the first key.",
)
def rotate() -> None:
    """Seal all stored secrets again, with the first of the keys.

    To replace a key, put the new one in front of the old one (in ISTHMUS_SECRET_KEY, or as the
    first line of secret.key in the data folder), run this, and take the old one out. `isthmus
    secrets key` makes a key.
    """
    from isthmus.cli import session
    from isthmus.cli.formatting import plural

    with session.database():
        from isthmus.connections import authorizations

        sealed = authorizations.seal_again()
    note(f"{plural(sealed, 'secret')} sealed with the first key. Older keys can be taken out.")


@command(app, "key", "isthmus secrets key >> new.key")
def key() -> None:
    """Print a fresh random key."""
    import sys

    from isthmus.connections import secrets

    sys.stdout.write(f"{secrets.new_key()}\n")
