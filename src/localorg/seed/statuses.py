"""The statuses that cases have in an org, which its set-up file may have replaced."""

from localorg.schema import ObjectType, PicklistValue
from localorg.schema.service import CASE_STATUSES
from localorg.seed.chance import weighted

# Most cases of an org are closed; of the standard's open ones the fewest are escalated.
_STANDARD = weighted({"New": 2, "Working": 2, "Escalated": 1, "Closed": 15})
_CLOSED_WEIGHT = 3


def case_statuses(case: ObjectType) -> tuple[str, ...]:
    """The statuses that a case can get."""
    return tuple(entry.value for entry in _active(case))


def closing_statuses(case: ObjectType) -> frozenset[str]:
    """Those of them that close it."""
    return frozenset(entry.value for entry in _active(case) if entry.closed)


def pool_of_statuses(case: ObjectType) -> tuple[str, ...]:
    """Statuses to draw evenly from: three times as many cases are closed as open."""
    statuses, closing = case_statuses(case), closing_statuses(case)
    if statuses == CASE_STATUSES:
        return _STANDARD
    opening = len(statuses) - len(closing)
    return weighted(
        {
            status: _CLOSED_WEIGHT * max(1, opening) if status in closing else len(closing) or 1
            for status in statuses
        }
    )


def _active(case: ObjectType) -> tuple[PicklistValue, ...]:
    values = case.field("Status").picklist_values
    return tuple(entry for entry in values if entry.active) or values
