"""How much of the day's API calls the org has used, as every answer tells."""

import re
from dataclasses import dataclass

# The header may carry more after it, also `per-app-api-usage=...`, which is another figure.
_API_USAGE = re.compile(r"(?<![\w-])api-usage\s*=\s*(\d+)\s*/\s*(\d+)", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Usage:
    """API calls of the whole org in the last 24 hours, from `Sforce-Limit-Info`."""

    used: int
    maximum: int


def read_usage(header: str | None) -> Usage | None:
    """The figures in the header, or None where it is missing or says something else."""
    found = _API_USAGE.search(header or "")
    return Usage(used=int(found[1]), maximum=int(found[2])) if found else None
