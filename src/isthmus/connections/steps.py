"""What the engines' steps are called while they are under way, in the order of the work."""

from collections.abc import Mapping
from typing import Final

DOING: Final[Mapping[str, str]] = {
    "plan": "looking up fields",
    "ask": "asking Salesforce",
    "download": "downloading",
    "check": "checking what arrived",
    "measure": "counting changes",
    "merge": "matching and merging",
    "select": "selecting members",
    "match": "finding their records",
    "compare": "comparing",
    "queue": "waiting for another export",
    "send": "sending",
    "settle": "settling",
    "finish": "counting",
    "keep": "keeping what was found",
}
