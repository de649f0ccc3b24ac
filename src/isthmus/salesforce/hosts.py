"""Which hosts a secret may be sent to."""

import re
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from isthmus.salesforce.errors import HostNotAllowed
from isthmus.salesforce.networks import is_public

SETTING = "ISTHMUS_SALESFORCE_HOSTS"

OFFICIAL_DOMAINS = (
    "salesforce.com",
    "force.com",
    "cloudforce.com",
    "salesforce.mil",
    "force.mil",
    "cloudforce.mil",
    "crmforce.mil",
    "sfcrmapps.cn",
    "sfcrmproducts.cn",
)
"""Domains that belong to Salesforce; only hosts below them count. The last two are China's."""

_DEFAULT_PORTS = {"https": 443, "http": 80}
_PLAIN_URL = re.compile(r"[!-~]+", re.ASCII)
_HOST_NAME = re.compile(r"[a-z0-9_-]+(\.[a-z0-9_-]+)+", re.ASCII)
_MAKES_URLS_AMBIGUOUS = frozenset("\\@?#")


@dataclass(frozen=True)
class HostPolicy:
    """Salesforce's own hosts by https, and hosts that the operator allows, also by http.

    An extra host is `host` (on the default port), `host:port`, or `host:*` for any port.
    """

    extra_hosts: frozenset[str] = frozenset()

    def check(self, url: str) -> str:
        """The URL without a slash at its end. Raises `HostNotAllowed` where it may not be used."""
        parts = self._parts(url)
        if not (_is_official(parts) or self._is_extra(parts)):
            raise self._refusal(url)
        return url.rstrip("/")

    def check_peer(self, url: str, address: str) -> None:
        """Raise `HostNotAllowed` where a host of Salesforce's turns out to be a machine in here.

        `address` is that of the connection which was made for the URL. A host that the operator
        allows may be anywhere.
        """
        parts = self._parts(url)
        if self._is_extra(parts) or is_public(address):
            return
        raise HostNotAllowed(
            f"{_shown(url)} leads to {address}, which is no public address, so it can't be "
            f"Salesforce. Nothing was sent. Check this machine's DNS; if the address is right (a "
            f"private line to Salesforce), add the host to the setting {SETTING}."
        )

    def _parts(self, url: str) -> SplitResult:
        """The parts of a URL that every reader understands in the same way."""
        try:
            parts = urlsplit(url)
            well_formed = bool(parts.hostname) and parts.port != 0
        except ValueError:
            raise self._refusal(url) from None
        if not (well_formed and _PLAIN_URL.fullmatch(url)) or _MAKES_URLS_AMBIGUOUS & set(url):
            raise self._refusal(url)
        return parts

    def _is_extra(self, parts: SplitResult) -> bool:
        if parts.scheme not in _DEFAULT_PORTS:
            return False
        host = parts.hostname if ":" not in (parts.hostname or "") else f"[{parts.hostname}]"
        port = parts.port or _DEFAULT_PORTS[parts.scheme]
        names = {f"{host}:{port}", f"{host}:*"}
        if port == _DEFAULT_PORTS[parts.scheme]:
            names.add(f"{host}")
        return not names.isdisjoint(extra.lower() for extra in self.extra_hosts)

    def _refusal(self, url: str) -> HostNotAllowed:
        extra = "".join(f", {host}" for host in sorted(self.extra_hosts))
        return HostNotAllowed(
            f"{_shown(url)} is not a host that secrets may be sent to. Allowed are https:// and a "
            f"host below {', '.join(OFFICIAL_DOMAINS)}{extra}, without user name, query or "
            f"another port{_hint(url)}. To allow one more host (host or host:port), add it to the "
            f"setting {SETTING}."
        )


def _is_official(parts: SplitResult) -> bool:
    host = parts.hostname or ""
    if not _HOST_NAME.fullmatch(host):
        return False
    below = any(host.endswith(f".{domain}") for domain in OFFICIAL_DOMAINS)
    return below and parts.scheme == "https" and parts.port in (None, 443) and not _is_pages(host)


def _is_pages(host: str) -> bool:
    return ".lightning." in host


def _hint(url: str) -> str:
    if _is_pages(url):
        return "; *.lightning.* hosts serve pages only: use the org's *.my.salesforce.com host"
    return ""


def _shown(url: str) -> str:
    """Scheme and host at most: what stands before an `@` or in a query may be a secret."""
    scheme, separator, rest = url.partition("://")
    authority = re.split(r"[/?#\\]", rest if separator else scheme, maxsplit=1)[0]
    host = authority.rpartition("@")[2]
    return repr(f"{scheme}://{host}" if separator else host)
