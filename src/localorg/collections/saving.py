"""Up to 200 records of any objects in one transaction."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from itertools import groupby

from starlette.requests import Request

from localorg.control.fault_kinds import ROW_LOCKS
from localorg.dml import Change, Target, Writer, delete_chunk, save_chunk, writing
from localorg.dml.change import lock_row
from localorg.errors import SalesforceError
from localorg.org import Org
from localorg.sobjects.options import save_options_of, updates_recent
from localorg.web import org_of, user_of

MOST_RECORDS = 200
_MOST_CHUNKS = 10
_ROLLED_BACK = (
    "Record rolled back because not all records were valid and the request was using AllOrNone "
    "header"
)
Step = Callable[[Writer, Target, list[Change]], None]


@dataclass(frozen=True, slots=True)
class Item:
    """One record of a collection and what is to be done with it."""

    target: Target
    change: Change


class _RollBackError(Exception):
    """Ends a transaction in which one record failed and none may be saved."""


def save(request: Request, items: Sequence[Item], *, all_or_none: bool) -> None:
    """Save the records of a request; each change ends with its `id` or with its `errors`."""
    options = save_options_of(request)
    _run(request, items, partial(save_chunk, options=options), all_or_none=all_or_none)
    if updates_recent(request):
        _note_recent(request, items)


def delete(request: Request, items: Sequence[Item], *, all_or_none: bool) -> None:
    """Delete the records of a request; each change ends with its `id` or with its `errors`."""
    _run(request, items, delete_chunk, all_or_none=all_or_none)


def _run(request: Request, items: Sequence[Item], step: Step, *, all_or_none: bool) -> None:
    """Let `step` handle the records, each run of one object at a time."""
    org = org_of(request)
    runs = list(_runs(items))
    if len(runs) > _MOST_CHUNKS:
        message = (
            f"Cannot have more than {_MOST_CHUNKS} chunks in a single operation. Please rearrange "
            "the data to reduce chunking."
        )
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "LIMIT_EXCEEDED", message)
    try:
        with writing(org.store, org.clock, user_of(request)) as writer:
            for target, changes in runs:
                _lock_rows(org, target, changes)
                step(writer, target, changes)
            if all_or_none:
                _check_all(items)
    except _RollBackError:
        _fail_the_innocent(items)


def _lock_rows(org: Org, target: Target, changes: Sequence[Change]) -> None:
    fault = org.faults.take(ROW_LOCKS, target.object_type.name)
    if fault is not None:
        for change in changes[: fault.rows]:
            lock_row(change)


def _check_all(items: Sequence[Item]) -> None:
    if any(item.change.errors for item in items):
        raise _RollBackError


def _fail_the_innocent(items: Sequence[Item]) -> None:
    for item in items:
        if not item.change.errors:
            item.change.fail("ALL_OR_NONE_OPERATION_ROLLED_BACK", _ROLLED_BACK)


def _runs(items: Sequence[Item]) -> Iterable[tuple[Target, list[Change]]]:
    """The changes in order, together as long as their object is the same."""
    for _, run in groupby(items, key=lambda item: item.target.object_type.name):
        same = list(run)
        yield same[0].target, [item.change for item in same]


def _note_recent(request: Request, items: Sequence[Item]) -> None:
    recent, user_id = org_of(request).recent_records, user_of(request)
    for item in items:
        if item.change.id and item.change.succeeded and item.target.object_type.layoutable:
            recent.add(user_id, item.target.object_type.name, item.change.id)
