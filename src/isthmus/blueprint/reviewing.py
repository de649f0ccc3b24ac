"""All checks of a document, in one go."""

import os

from isthmus.blueprint.checking import (
    Review,
    check_apps,
    check_connections,
    check_properties,
    check_segments,
)
from isthmus.blueprint.documents import Document
from isthmus.blueprint.errors import BlueprintInvalid
from isthmus.blueprint.goal_checking import check_goals
from isthmus.salesforce import HostPolicy
from isthmus.salesforce.hosts import SETTING as HOSTS_SETTING


def review(document: Document, stored: Document) -> None:
    """Raise `BlueprintInvalid`, with every problem, where the document can't be applied.

    Hosts that the environment variable ISTHMUS_SALESFORCE_HOSTS names (separated by commas) are
    allowed beside Salesforce's own.
    """
    found = Review(document=document, stored=stored, hosts=HostPolicy(allowed_hosts()))
    for check in (check_apps, check_properties, check_segments, check_connections, check_goals):
        check(found)
    if found.problems:
        raise BlueprintInvalid(found.problems)


def allowed_hosts() -> frozenset[str]:
    """The hosts that the operator allows beside Salesforce's own."""
    named = os.environ.get(HOSTS_SETTING, "").split(",")
    return frozenset(name.strip() for name in named if name.strip())
