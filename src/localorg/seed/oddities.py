"""Rows with values that break careless programs, and rows with values of the greatest length."""

from collections.abc import Mapping

from localorg.schema import Field, ObjectType
from localorg.seed.batches import Batch
from localorg.seed.people import Columns
from localorg.seed.phrases import oddities

# Small orgs are not to consist of odd rows only.
_MOST = 0.3
_LENGTHY = "Wolfeschlegelsteinhausenbergerdorff-Ñandú 長い名前 "
_FREE_TEXTS = frozenset({"string", "textarea", "phone", "email", "url"})
_MAILBOX_LENGTH = 64


def make_odd(
    batch: Batch, columns: Columns, object_type: ObjectType, names: Mapping[str, str]
) -> None:
    """Write each oddity into a row of its own, as far as there are rows and columns for them.

    The columns are fields of `object_type`; `names` says how they are called here where they
    have another name on a Contact.
    """
    entries = [_known(entry, columns, names) for entry in oddities()]
    entries += [{name: longest(field)} for name, field in _texts(object_type, columns)]
    useful = [entry for entry in entries if entry]
    batch.rng.shuffle(useful)
    most = min(len(useful), int(batch.count * _MOST))
    for row, entry in zip(batch.positions.take(most), useful, strict=False):
        for name, value in entry.items():
            columns[name][row] = value


def longest(field: Field) -> str:
    """A text that fills a field to its last character."""
    if field.type == "email":
        mailbox = "a.very.long.mailbox.".ljust(_MAILBOX_LENGTH, "x")
        return mailbox + "@" + "example.com".rjust(field.length - _MAILBOX_LENGTH - 1, "y")
    start = {"phone": "+49 30 1234567 ext. ", "url": "https://www.example.com/?q="}.get(field.type)
    if start:
        return start.ljust(field.length, "9")
    text = (_LENGTHY * (field.length // len(_LENGTHY) + 1))[: field.length]
    return text[:-1] + "." if text.endswith(" ") else text


def _known(
    entry: Mapping[str, object], columns: Columns, names: Mapping[str, str]
) -> dict[str, object]:
    named = {names.get(name, name): value for name, value in entry.items()}
    return {name: value for name, value in named.items() if name in columns}


def _texts(object_type: ObjectType, columns: Columns) -> list[tuple[str, Field]]:
    """The columns of free text that people fill."""
    fields = [object_type.field(name) for name in columns]
    written = [field for field in fields if field.type in _FREE_TEXTS and field.createable]
    return [(field.name, field) for field in written]
