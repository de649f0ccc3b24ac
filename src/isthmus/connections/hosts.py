"""Which hosts secrets may be sent to: Salesforce's, and those that the operator allows."""

import os
from urllib.parse import urlsplit

from isthmus.salesforce import HostPolicy

HOSTS_SETTING = "ISTHMUS_SALESFORCE_HOSTS"


def login_host(typed: str) -> str:
    """The login host that somebody has typed, as `https://host`: without a path, in lower case.

    Raises `HostNotAllowed` for one that secrets must not go to.
    """
    checked = host_policy().check(typed.strip())
    parts = urlsplit(checked)
    return f"{parts.scheme}://{parts.netloc}".lower()


def host_policy() -> HostPolicy:
    """Salesforce's hosts and those that the operator allows in `ISTHMUS_SALESFORCE_HOSTS`."""
    given = os.environ.get(HOSTS_SETTING, "")
    return HostPolicy(frozenset(filter(None, (host.strip() for host in given.split(",")))))
