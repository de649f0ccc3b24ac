"""Which hosts secrets may be sent to: Salesforce's, and those that the operator allows."""

import os

from isthmus.salesforce import HostPolicy

HOSTS_SETTING = "ISTHMUS_SALESFORCE_HOSTS"


def host_policy() -> HostPolicy:
    """Salesforce's hosts and those that the operator allows in `ISTHMUS_SALESFORCE_HOSTS`."""
    given = os.environ.get(HOSTS_SETTING, "")
    return HostPolicy(frozenset(filter(None, (host.strip() for host in given.split(",")))))
