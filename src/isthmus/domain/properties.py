"""What a profile property is: key, type, list or single, identifier or not."""

import re
from dataclasses import dataclass
from enum import StrEnum

from isthmus.errors import Final

PROFILE_ID = "profile_id"
"""Names the profile's own id wherever properties are named, so no property has this key."""

KEY_LENGTH = 50
"""Longest key in characters: PostgreSQL cuts names at 63 bytes, and `p_` needs room too."""

MOST_PROPERTIES = 300
"""Most properties of a store: a row of many more filled text columns no longer fits a page."""

IDENTIFIER_LENGTH = 500
"""Longest identifier value in characters: it has to fit an index entry at 4 bytes a character."""

WHITESPACE = (
    " \t\n\x0b\x0c\r\x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006"
    "\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
)
"""The characters that trimming takes off: Unicode's white space, spelled out, because PostgreSQL's
`btrim` and Python's `strip` know different sets when they are not told."""

_KEY = re.compile(r"[A-Za-z0-9_]+")


class PropertyError(Final):
    """A property can't be as asked."""


class PropertyType(StrEnum):
    """The type of a property's value, or of each value of a list."""

    TEXT = "text"
    EMAIL = "email"
    INTEGER = "integer"
    DECIMAL = "decimal"
    BOOLEAN = "boolean"
    DATE = "date"
    DATETIME = "datetime"

    @property
    def is_text(self) -> bool:
        """Whether values are kept as text, and so can be normalised and compared without case."""
        return self in (PropertyType.TEXT, PropertyType.EMAIL)


class Normalise(StrEnum):
    """What is done to a text value before it is stored or looked up."""

    NONE = "none"
    TRIM = "trim"
    LOWERCASE = "lowercase"  # trims too: an identifier that differs by a space is the same one


class OnMerge(StrEnum):
    """Which value stays when two profiles become one."""

    NEWER = "newer"
    OLDER = "older"
    BOTH = "both"
    SUM = "sum"
    HIGHEST = "highest"
    LOWEST = "lowest"


IDENTIFIER_TYPES = frozenset({PropertyType.TEXT, PropertyType.EMAIL, PropertyType.INTEGER})


@dataclass(frozen=True, kw_only=True)
class PropertyDefinition:
    """One property of all profiles."""

    key: str  # letters, digits and `_`, at most 50; fixed after creation
    label: str  # what people read
    type: PropertyType = PropertyType.TEXT
    list: bool = False  # several values, in order, each once
    identifier: bool = False  # a value belongs to at most one profile
    description: str = ""
    personal: bool = False  # personal data; identifiers always are
    normalise: Normalise = Normalise.NONE
    on_merge: OnMerge = OnMerge.NEWER

    @property
    def column(self) -> str:
        """The column of the profile table that holds the value."""
        return f"p_{self.key}"

    def check(self) -> None:
        """Raise `PropertyError` where the definition contradicts itself."""
        _check_key(self.key)
        if self.key == PROFILE_ID:
            raise PropertyError(
                f"{PROFILE_ID!r} names the profile's own id. Give this property another key."
            )
        if not self.label.strip():
            raise PropertyError(f"Property {self.key!r} needs a label: the words that people read.")
        if self.identifier and self.type not in IDENTIFIER_TYPES:
            raise PropertyError(
                f"Property {self.key!r} can't be an identifier: its type is {self.type}, "
                f"and identifiers are text, email or integer."
            )
        if self.normalise is not Normalise.NONE and not self.type.is_text:
            raise PropertyError(
                f"Property {self.key!r} can't be normalised ({self.normalise}): its type is "
                f"{self.type}, and only text and email are. Leave `normalise` out."
            )
        self._check_on_merge()

    def _check_on_merge(self) -> None:
        if self.on_merge is OnMerge.BOTH and not self.list:
            raise PropertyError(
                f"Property {self.key!r} holds one value and can't keep both on a merge. "
                f"Make it a list, or choose newer or older."
            )
        numeric = self.type in (PropertyType.INTEGER, PropertyType.DECIMAL)
        if self.on_merge is OnMerge.SUM and (self.list or not numeric):
            raise PropertyError(
                f"Property {self.key!r} can't be summed on a merge: only a single integer or "
                f"decimal can. Choose newer or older."
            )
        if self.on_merge in (OnMerge.HIGHEST, OnMerge.LOWEST) and self.list:
            raise PropertyError(
                f"Property {self.key!r} is a list, which has no highest or lowest. "
                f"Choose newer, older or both."
            )


def _check_key(key: str) -> None:
    if not _KEY.fullmatch(key):
        raise PropertyError(
            f"Property key {key!r} is not allowed: use letters (A-Z, a-z), digits and `_` only."
        )
    if len(key) > KEY_LENGTH:
        raise PropertyError(
            f"Property key {key!r} has {len(key)} characters; at most {KEY_LENGTH} are allowed. "
            f"Shorten it: the label can be long."
        )
