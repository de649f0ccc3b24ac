"""How the client behaves, as plain values that can be passed in."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class ClientSettings:
    """Time-outs, retries, polling and sizes. Every figure has its unit in its name."""

    api_version: str = "62.0"
    """The version in every path, without the `v`. Defaults to 62.0, from which all calls exist."""

    client_name: str = "Isthmus"
    """Named in `Sforce-Call-Options`, so that Salesforce's own logs tell who wrote. Defaults to
    Isthmus."""

    ca_file: Path | None = None
    """More certificates to trust (PEM), beside the system's. Defaults to none. Certificates are
    always verified."""

    connect_seconds: float = 10
    """How long connecting, or sending one piece of a body, may take. Defaults to 10."""

    read_seconds: float = 150
    """How long Salesforce may stay silent while we wait for bytes. Defaults to 150: a query may
    run for two minutes before its first byte."""

    tries: int = 6
    """How often a request that may be repeated is sent in all. Defaults to 6."""

    first_pause_seconds: float = 0.5
    """The longest pause before the second try; it doubles from try to try. Defaults to 0.5."""

    longest_pause_seconds: float = 30
    """No pause between tries is longer. Defaults to 30."""

    first_poll_seconds: float = 0.05
    """The pause before a Bulk job is looked at again for the first time. Defaults to 0.05."""

    poll_growth: float = 1.4
    """What each pause between two looks is multiplied by. Defaults to 1.4."""

    longest_poll_seconds: float = 60
    """No pause between two looks at a job is longer. Defaults to 60."""

    connections: int = 16
    """How many idle connections are kept for each host; use at least the number of threads.
    Defaults to 16."""

    upload_bytes: int = 100_000_000
    """The most one ingest job may take, of raw CSV. Defaults to 100,000,000: Salesforce allows
    150 MB after base64."""

    compress_results: bool | None = None
    """Whether result pages travel compressed. Defaults to None: yes, but not from this machine
    itself, where unpacking takes longer than copying."""


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Time and chance, passed in so that tests need neither."""

    now: Callable[[], float] = time.time
    """Seconds since 1970. Used for the expiry of signed assertions only."""

    sleep: Callable[[float], None] = time.sleep
    """Waits for so many seconds."""

    random: Callable[[], float] = random.random
    """A number from 0 up to 1, for jitter."""
