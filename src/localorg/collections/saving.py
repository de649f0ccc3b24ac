"""Up to 200 records of any objects in one transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from localorg.dml import Change, Target, Writer, writing
from localorg.org import Org

MOST_RECORDS = 200
_ROLLED_BACK = (
    "Record rolled back because not all records were valid and the request was using AllOrNone "
    "header"
)


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a collection and what is to be done with it."""

    target: Target
    change: Change


class _RollBackError(Exception):
    """Ends a transaction in which one record failed and none may be saved."""


def save_items(
    org: Org,
    user_id: str,
    items: Sequence[Item],
    step: Callable[[Writer, Target, list[Change]], None],
    *,
    all_or_none: bool,
) -> None:
    """Let `step` save the records, each run of one object at a time."""
    try:
        with writing(org.store, org.clock, user_id) as writer:
            for target, changes in _runs(items):
                step(writer, target, changes)
            if all_or_none:
                _check_all(items)
    except _RollBackError:
        for item in items:
            if not item.change.errors:
                item.change.fail("ALL_OR_NONE_OPERATION_ROLLED_BACK", _ROLLED_BACK)


def _check_all(items: Sequence[Item]) -> None:
    if any(item.change.errors for item in items):
        raise _RollBackError


def _runs(items: Sequence[Item]) -> Iterable[tuple[Target, list[Change]]]:
    """The changes in order, together as long as their object is the same."""
    for _, run in groupby(items, key=lambda item: item.target.object_type.name):
        same = list(run)
        yield same[0].target, [item.change for item in same]
