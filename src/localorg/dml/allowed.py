"""What a user may do to an object, as the user's view of the org says."""

from collections.abc import Iterable

from localorg.dml.change import Change
from localorg.schema import ObjectType

_READ_ONLY = "insufficient access rights on object id"


def refuse_inserts(object_type: ObjectType, changes: Iterable[Change]) -> None:
    """Fail new records where the user may not create any."""
    if object_type.createable:
        return
    for change in changes:
        message = f"entity type cannot be inserted: {object_type.name}"
        change.fail("CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", message)


def refuse_updates(object_type: ObjectType, changes: Iterable[Change]) -> None:
    """Fail changes of records where the user may not edit them."""
    if not object_type.updateable:
        _refuse(changes)


def refuse_deletions(object_type: ObjectType, changes: Iterable[Change]) -> None:
    """Fail deletions where the user may not delete."""
    if not object_type.deletable:
        _refuse(changes)


def _refuse(changes: Iterable[Change]) -> None:
    for change in changes:
        change.fail("INSUFFICIENT_ACCESS_OR_READONLY", _READ_ONLY)
