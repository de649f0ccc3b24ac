"""Changing which segments and properties there are, by several people at once."""

import re
import unicodedata
from collections.abc import Iterable
from typing import Any

from django.db import connection as database
from django.db import transaction

from isthmus.domain.properties import KEY_LENGTH, PropertyDefinition, PropertyError
from isthmus.domain.segments import parse, plain
from isthmus.profiles import schema, statements
from isthmus.profiles.errors import SegmentRefused
from isthmus.profiles.models import Property, Segment
from isthmus.profiles.properties import definitions, save_property

QUERIES = statements.load("isthmus.profiles", "setting_up.sql")

NAME_LENGTH = 200

_LONGEST_READ = 1_000

_KEY = re.compile(r"[A-Za-z0-9_]+")


def lock() -> None:
    """Keep everybody else from changing the set-up until the open transaction ends."""
    with database.cursor() as cursor:
        cursor.execute(schema.QUERIES["lock_setup"])


def add_segment(key: str, name: str, where: Any) -> Segment:
    """Make a segment of conditions in their plain form.

    Raises `SegmentRefused` for a key or name that can't be, `SegmentError` for the conditions.
    """
    _check_key(key)
    with transaction.atomic():
        lock()
        if Segment.objects.filter(key=key).exists():
            raise SegmentRefused(
                f"There is a segment with the key {key} already. Choose another key.", "key"
            )
        written = plain(parse(where, definitions()))
        return Segment.objects.create(key=key, name=_checked_name(name), where=written)


def locked_segment(key: str) -> Segment | None:
    """The segment of that key, which nobody else changes until the open transaction ends."""
    return Segment.objects.select_for_update().filter(key=key).first()


def change_segment(segment: Segment, *, name: str | None = None, where: Any = None) -> None:
    """Change what is given. `segment` is locked. Raises as `add_segment` does."""
    if name is not None:
        segment.name = _checked_name(name)
    if where is not None:
        segment.where = plain(parse(where, definitions()))
    segment.save(update_fields=["name", "where"])


def add_property(definition: PropertyDefinition) -> None:
    """Make a property that is not there yet. Raises as `save_property` does."""
    definition.check()
    with transaction.atomic():
        lock()
        if Property.objects.filter(key=definition.key).exists():
            raise PropertyError(
                f"There is a property with the key {definition.key} already. Choose another key."
            )
        save_property(definition)


def locked_property(key: str) -> Property | None:
    """The property of that key, which nobody else changes until the open transaction ends."""
    return Property.objects.select_for_update().filter(key=key).first()


def segments_by_property() -> dict[str, int]:
    """How many segments ask for each property, by the property's key."""
    with database.cursor() as cursor:
        cursor.execute(QUERIES["segments_by_property"])
        return dict(cursor.fetchall())


def segments_of_property(key: str, most: int) -> list[Segment]:
    """The segments whose conditions ask for the property: the oldest `most` of them."""
    with database.cursor() as cursor:
        cursor.execute(QUERIES["segments_of_property"], {"key": key, "most": most})
        ids = [number for (number,) in cursor.fetchall()]
    return list(Segment.objects.filter(id__in=ids).order_by("id"))


def suggested_key(name: str, taken: Iterable[str]) -> str:
    """A key made of the name, or of nothing where it has no letter that a key can have."""
    plain_letters = unicodedata.normalize("NFKD", name[:_LONGEST_READ].casefold())
    words = re.findall(r"[a-z0-9]+", plain_letters.encode("ascii", "ignore").decode().lower())
    key = "_".join(words)[:KEY_LENGTH].strip("_")
    there = set(taken)
    if not key or key not in there:
        return key
    numbered = (f"{key[: KEY_LENGTH - 4]}_{number}" for number in range(2, 1_000))
    return next((each for each in numbered if each not in there), "")


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise SegmentRefused(
            "A key is made of letters (A-Z, a-z), digits and _ only, and can't be empty.", "key"
        )
    if len(key) > KEY_LENGTH:
        raise SegmentRefused(f"A key has at most {KEY_LENGTH} characters. Shorten it.", "key")


def _checked_name(name: str) -> str:
    trimmed = name.strip()
    if not trimmed:
        raise SegmentRefused("A segment needs a name: the words that people read.", "name")
    if len(trimmed) > NAME_LENGTH:
        raise SegmentRefused(f"A name has at most {NAME_LENGTH} characters. Shorten it.", "name")
    return trimmed
