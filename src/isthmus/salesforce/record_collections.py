"""A few records in one call: sObject collections.

Source: REST API guide, sObject Collections.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from isthmus.salesforce.errors import InvalidArgument, OutcomeUnknown, UnexpectedAnswer
from isthmus.salesforce.rest import Rest
from isthmus.salesforce.rows import RowResult, read_row_result
from isthmus.salesforce.wire import understood

MOST_UPDATED = 200
MOST_RETRIEVED = 2000


class RecordCollections:
    """Calls for up to some hundred records. Every call works from any thread."""

    def __init__(self, rest: Rest) -> None:
        self._rest = rest

    def update(
        self,
        object_name: str,
        records: Sequence[Mapping[str, Any]],
        *,
        all_or_none: bool = False,
        assignment_rule_id: str | None = None,
    ) -> list[RowResult]:
        """What became of each record, in their order. Each record holds its `Id`.

        At most 200. JSON types: None clears a field. Without `assignment_rule_id` no assignment
        rule runs. Never sent twice: raises `OutcomeUnknown` where the answer is lost.
        """
        _check_count(records, MOST_UPDATED)
        if not records:
            return []
        found = self._rest.send_json(
            "PATCH",
            "/composite/sobjects",
            {
                "allOrNone": all_or_none,
                "records": [{"attributes": {"type": object_name}, **row} for row in records],
            },
            headers={"Sforce-Auto-Assign": assignment_rule_id or "FALSE"},
        )
        return _results(found, len(records))

    def retrieve(
        self, object_name: str, ids: Sequence[str], fields: Sequence[str]
    ) -> list[dict[str, Any] | None]:
        """The records in the order of their ids, None where one is not there. At most 2,000."""
        _check_count(ids, MOST_RETRIEVED)
        if not ids:
            return []
        found: list[dict[str, Any] | None] = self._rest.send_json(
            "POST",
            f"/composite/sobjects/{quote(object_name, safe='')}",
            {"ids": list(ids), "fields": list(fields)},
            repeatable=True,
        )
        return found


def _results(found: Any, sent: int) -> list[RowResult]:
    """The results in the order of the records; nothing is guessed where they do not fit."""
    try:
        with understood("a list of results"):
            results = [read_row_result(row) for row in found]
    except UnexpectedAnswer as error:
        raise OutcomeUnknown(f"{error} {OutcomeUnknown.advice}") from error
    if len(results) != sent:
        raise OutcomeUnknown(
            f"{sent} records were sent and {len(results)} results came back, so it is not known "
            f"which row has which. {OutcomeUnknown.advice}"
        )
    return results


def _check_count(rows: Sequence[object], most: int) -> None:
    if len(rows) > most:
        raise InvalidArgument(
            f"{len(rows)} records came; one call takes at most {most}. Use several calls, or a "
            "Bulk job from about 2,000 records on."
        )
