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


_HIDDEN = """\
# Who hears of its runs is left out here, because you may not see it. It stays as it is.
"""


def check(document: Document) -> None:
    """Raise `BlueprintInvalid`, with every problem, where the store can't take the document."""
    from isthmus.blueprint.reviewing import review
    from isthmus.blueprint.stored import stored

    review(document, stored())


def plan(document: Document, *, offline: bool = False) -> Plan:
    """What applying the document would change. Raises `BlueprintInvalid` as `check` does.

    Goals that would be added or changed are looked at beside the orgs of their connections, where
    somebody has signed in to them before; not with `offline`.
    """
    from dataclasses import replace

    from isthmus.blueprint.org_checking import check_orgs
    from isthmus.blueprint.reviewing import review
    from isthmus.blueprint.stored import stored

    there = stored()
    review(document, there)
    found = compare(document, there)
    notes = check_orgs(document, there, found, offline=offline)
    return replace(found, notes=(*found.notes, *notes))


def apply(document: Document, *, offline: bool = False) -> Plan:
    """Make the store's set-up what the document says, all or nothing; the changes that were made.

    What the document does not name at top level stays; the goals of a connection that it names
    follow it. Raises `BlueprintInvalid` as `plan` does, and
    `isthmus.profiles.properties.StoreBusy` where a property can't be added just now.
    """
    from dataclasses import replace

    from isthmus.blueprint.applying import apply_document

    # Salesforce is asked first, so that nobody waits for it in front of a locked set-up.
    notes = plan(document, offline=offline).notes
    return replace(apply_document(document), notes=notes)


def export() -> str:
    """The whole set-up as YAML, with names of environment variables in place of secrets."""
    from isthmus.blueprint.stored import stored, without_operators

    return write(without_operators(stored()))


def export_connection(key: str, *, example: bool = False, hides_notify: bool = False) -> str:
    """One connection as a document, as `export` writes it; nothing of it where there is none.

    With `example`, a connection without a sign-in is written with one to be filled in. With
    `hides_notify` the document says nothing of who hears of runs: addresses are personal data.
    """
    from dataclasses import replace

    from isthmus.blueprint.stored import stored_connection, with_example

    found = stored_connection(key)
    if found is None:
        return write(Document())
    shown = with_example(found) if example else found
    if not (hides_notify and found.notify):
        return write(Document(connections=(shown,)))
    return _HIDDEN + write(Document(connections=(replace(shown, notify=None),)))
