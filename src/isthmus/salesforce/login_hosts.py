"""Where people sign in: the two hosts that all orgs share, and an org's own by what was typed."""

import re
from typing import Final
from urllib.parse import urlsplit

PRODUCTION: Final = "https://login.salesforce.com"
SANDBOX: Final = "https://test.salesforce.com"

_DOMAIN = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.(?:sandbox|develop|scratch))?", re.ASCII)
_OF_PAGES: Final = {
    ".lightning.force.com": ".my.salesforce.com",
    ".my.salesforce-setup.com": ".my.salesforce.com",
    ".lightning.force.mil": ".my.salesforce.mil",
}
"""Hosts that people copy from their browser although nobody signs in there."""

_KINDS = (".sandbox", ".develop", ".scratch")


def my_domain(typed: str) -> str:
    """The login address that somebody meant who typed a name, a host or an address.

    `acme`, `acme.my.salesforce.com` and any page of that org are https://acme.my.salesforce.com.
    Whether it may be used is for `HostPolicy` to say; nothing is guessed of other texts.
    """
    text = typed.strip()
    if _DOMAIN.fullmatch(text.lower()):
        return f"https://{_with_kind(text.lower())}.my.salesforce.com"
    address = text if "://" in text else f"https://{text}"
    try:
        parts = urlsplit(address)
    except ValueError:
        return address
    if parts.username is not None or parts.password is not None or not parts.hostname:
        return address  # the policy says why not
    host = parts.netloc.lower()
    for pages, own in _OF_PAGES.items():
        if host.endswith(pages):
            host = host.removesuffix(pages) + own
    return f"{parts.scheme}://{host}"


def is_shared(login_url: str) -> bool:
    """Whether all orgs sign in there: such a host does not say which org it is."""
    return login_url in (PRODUCTION, SANDBOX)


def _with_kind(name: str) -> str:
    """The name of a sandbox, which has `--` in it, with the part of the host that goes with it."""
    return f"{name}.sandbox" if "--" in name and not name.endswith(_KINDS) else name
