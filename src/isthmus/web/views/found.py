"""Things that an address names, or the page that says that they are not there."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.http import Http404

from isthmus.connections import setting_up
from isthmus.connections.errors import NoSuchThing
from isthmus.connections.models import Connection, Goal


def find(connection_key: str) -> Connection:
    """The connection of that key, with its sign-in."""
    try:
        return setting_up.find(connection_key)
    except NoSuchThing as error:
        raise Http404 from error


def find_goal(connection: Connection, goal_key: str) -> Goal:
    """The connection's goal of that key."""
    try:
        return setting_up.find_goal(connection, goal_key)
    except NoSuchThing as error:
        raise Http404 from error


@contextmanager
def changing(connection_key: str) -> Iterator[Connection]:
    """The connection of that key, held until the block ends."""
    try:
        with setting_up.changing(connection_key) as row:
            yield row
    except NoSuchThing as error:
        raise Http404 from error
