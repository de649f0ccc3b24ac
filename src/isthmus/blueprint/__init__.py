"""The whole set-up as one YAML document: read it, check it, plan, apply, and write it again.

`read` needs nothing but the text; the others need Django to be set up and the store's database.
"""

from isthmus.blueprint.documents import Document
from isthmus.blueprint.errors import BlueprintInvalid, Problem
from isthmus.blueprint.planning import Change, ChangeKind, Plan, Untouched, What, compare
from isthmus.blueprint.reading import read
from isthmus.blueprint.writing import write

__all__ = [
    "BlueprintInvalid",
    "Change",
    "ChangeKind",
    "Document",
    "Plan",
    "Problem",
    "Untouched",
    "What",
    "apply",
    "check",
    "export",
    "export_connection",
    "plan",
    "read",
]


def check(document: Document) -> None:
    """Raise `BlueprintInvalid`, with every problem, where the store can't take the document."""
    from isthmus.blueprint.reviewing import review
    from isthmus.blueprint.stored import stored

    review(document, stored())


def plan(document: Document) -> Plan:
    """What applying the document would change. Raises `BlueprintInvalid` as `check` does."""
    from isthmus.blueprint.reviewing import review
    from isthmus.blueprint.stored import stored

    there = stored()
    review(document, there)
    return compare(document, there)


def apply(document: Document) -> Plan:
    """Make the store's set-up what the document says, all or nothing; the changes that were made.

    What the document does not name at top level stays; the goals of a connection that it names
    follow it. Raises `BlueprintInvalid` as `check` does, and
    `isthmus.profiles.properties.StoreBusy` where a property can't be added just now.
    """
    from isthmus.blueprint.applying import apply_document

    return apply_document(document)


def export() -> str:
    """The whole set-up as YAML, with names of environment variables in place of secrets."""
    from isthmus.blueprint.stored import stored, without_operators

    return write(without_operators(stored()))


def export_connection(key: str, *, example: bool = False) -> str:
    """One connection as a document, as `export` writes it; nothing of it where there is none.

    With `example`, a connection without a sign-in is written with one to be filled in.
    """
    from isthmus.blueprint.stored import stored_connection, with_example

    found = stored_connection(key)
    if found is None:
        return write(Document())
    return write(Document(connections=(with_example(found) if example else found,)))
