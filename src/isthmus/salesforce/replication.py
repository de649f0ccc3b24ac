"""Which records changed in a span of time, and up to when that is certain.

Source: REST API guide, Get Updated.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from isthmus.salesforce.rest import Rest
from isthmus.salesforce.wire import understood


@dataclass(frozen=True, kw_only=True)
class Updated:
    """Records that were made or changed in a span of time, deleted ones left out."""

    ids: tuple[str, ...]
    latest_date_covered: datetime
    """Up to here nothing can appear any more, in UTC: Salesforce holds it back to the begin of the
    oldest transaction that is still open."""


def read_updated(rest: Rest, name: str, start: datetime, end: datetime) -> Updated:
    """What the org says. Raises `WindowRefused` where it does not accept the span of time."""
    path = f"/sobjects/{quote(name, safe='')}/updated/"
    found = rest.get(path, {"start": _written(start), "end": _written(end)})
    with understood("a list of changed records"):
        covered = datetime.fromisoformat(found["latestDateCovered"])
        ids = tuple(map(str, found["ids"]))
    return Updated(ids=ids, latest_date_covered=covered.astimezone(UTC))


def _written(moment: datetime) -> str:
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
