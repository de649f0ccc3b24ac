"""Conditions as SQL, asked of a real store."""

import json
import tempfile
import uuid
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from psycopg import Connection, sql
from unit.domain.segments_rules import (
    LONG_AGO,
    NOW,
    TIMEZONE,
    Case,
    Evaluator,
    Profile,
    cases,
    lower,
    properties,
)

from isthmus import embedded
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.domain.segments import Condition, Kind, Operator, Span, SegmentError, parse, plain
from isthmus.domain.segments.calendar import after, before
from isthmus.domain.segments.operators import (
    CONTENTS,
    EQUALITY,
    RELATIVE,
    SUBSTRINGS,
    SYSTEM_KINDS,
    SystemValue,
    fitting,
    kind_of_property,
)
from isthmus.profiles import schema
from isthmus.profiles.segments import predicate, sample, segment_count

SQL_TYPES = {
    PropertyType.TEXT: sql.SQL("text"),
    PropertyType.EMAIL: sql.SQL("text"),
    PropertyType.INTEGER: sql.SQL("bigint"),
    PropertyType.DECIMAL: sql.SQL("numeric"),
    PropertyType.BOOLEAN: sql.SQL("boolean"),
    PropertyType.DATE: sql.SQL("date"),
    PropertyType.DATETIME: sql.SQL("timestamptz"),
}


@pytest.fixture(scope="module")
def store() -> Iterator[Connection[Any]]:
    """A store with the properties of the cases and no profiles."""
    with tempfile.TemporaryDirectory(prefix="segments-") as home:
        with embedded.running(Path(home)) as server, psycopg.connect(server.conninfo()) as connection:
            schema.install(connection)
            for definition in properties().values():
                connection.execute(add_column(definition))
            connection.commit()
            yield connection
