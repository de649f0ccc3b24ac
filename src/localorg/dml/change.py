from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from localorg.dml.conversion import Stored
from localorg.errors import RowError
from localorg.schema import Field, ObjectType


@dataclass(frozen=True, slots=True)
class ParentKey:
    """A lookup that is filled by naming the parent's external id: `Account.Isthmus_Id__c`."""

    lookup: Field
    parent: ObjectType
    key: Field


@dataclass(slots=True)
class Change:
    """One record of a chunk: what was asked for, and then what came of it."""

    # Stored values by field name; a field that is not here is left as it is.
    values: dict[str, Stored] = field(default_factory=dict)
    # The Id or external id that says which record is meant, as it was sent; None on insert.
    key: str | None = None
    parents: list[tuple[ParentKey, str]] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)
    # The record; known from the start for an update, found or given by the org otherwise.
    id: str | None = None
    created: bool = False

    @property
    def succeeded(self) -> bool:
        """Whether it was saved."""
        return not self.errors

    def fail(self, code: str, message: str, *fields: str) -> None:
        """Note why it can't be saved."""
        self.errors.append(RowError(code, message, fields))

    def as_collection(self, *, with_created: bool = False) -> dict[str, Any]:
        """Its result as the REST API shows it among others."""
        if self.errors:
            return {"success": False, "errors": [error.as_collection() for error in self.errors]}
        result: dict[str, Any] = {"id": self.id, "success": True, "errors": []}
        if with_created:
            result["created"] = self.created
        return result


def touched_fields(changes: Iterable[Change]) -> set[str]:
    """The fields that at least one of the changes sets."""
    return set[str]().union(*(change.values for change in changes))


def lock_row(change: Change) -> None:
    """Let a change fail as if another transaction held its record."""
    held = f" or 1 records: {change.key}" if change.key else ""
    message = f"unable to obtain exclusive access to this record{held}"
    change.fail("UNABLE_TO_LOCK_ROW", message)
