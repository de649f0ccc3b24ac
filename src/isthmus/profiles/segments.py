"""Segments of the store: a condition as SQL, and who meets it.

What each operator means is said in `isthmus.domain.segments`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

from psycopg import Connection, sql

from isthmus.domain.properties import PropertyDefinition
