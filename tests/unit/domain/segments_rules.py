"""The cases of tests/cases/segments, and a second opinion on them: conditions in plain Python."""

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from ruamel.yaml import YAML

from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.domain.segments import (
    Condition,
    Conjunction,
    Disjunction,
    Negation,
    Operator,
    PropertyComparison,
    Span,
    SystemComparison,
)
from isthmus.domain.segments.calendar import after, before

CASES = Path(__file__).parents[2] / "cases" / "segments"
NOW = datetime(2024, 3, 31, 12, tzinfo=UTC)
TIMEZONE = "Europe/Amsterdam"
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, kw_only=True)
class Profile:
    """A profile as the store has it."""

    id: uuid.UUID
    values: Mapping[str, Any]  # by property; empty ones may be missing
    created: datetime = LONG_AGO
    changed: datetime = LONG_AGO
    known: bool = False


@dataclass(frozen=True, kw_only=True)
class Case:
    """A rule, and who meets it."""

    rule: str
    where: Any
    profiles: Mapping[str, Profile]
    members: set[str]
    now: datetime
    timezone: str


def load(file: str) -> Any:
    """A file of the cases."""
    return YAML(typ="safe").load(CASES / file)


@cache
def properties() -> dict[str, PropertyDefinition]:
    """The properties of all cases, by key."""
    rows = load("properties.yaml")
    made = [
        PropertyDefinition(**{**row, "type": PropertyType(row.get("type", "text"))}) for row in rows
    ]
    return {each.key: each for each in made}


def cases() -> list[Case]:
    """Every case that has members, of all files."""
    names = {path.name for path in CASES.glob("*.yaml")} - {"properties.yaml", "errors.yaml"}
    return [_case(row) for name in sorted(names) for row in load(name)["cases"]]


def _case(row: Mapping[str, Any]) -> Case:
    return Case(
        rule=row["rule"],
        where=row["where"],
        profiles={name: _profile(values) for name, values in row["profiles"].items()},
        members=set(row["members"]),
        now=row.get("now", NOW),
        timezone=row.get("timezone", TIMEZONE),
    )


def _profile(row: Mapping[str, Any]) -> Profile:
    system = dict(row.get("system", {}))
    profile_id = uuid.UUID(system.pop("profile_id", str(uuid.uuid4())))
    values = {key: _value(key, value) for key, value in row.items() if key != "system"}
    return Profile(id=profile_id, values=values, **system)


def _value(key: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_value(key, each) for each in value]
    match properties()[key].type:
        case PropertyType.DECIMAL:
            return Decimal(str(value))
        case PropertyType.DATETIME if isinstance(value, str):
            return datetime.fromisoformat(value)
        case _:
            return value


@dataclass(frozen=True, kw_only=True)
class Evaluator:
    """Conditions worked out one profile at a time, in plain Python."""

    now: datetime
    timezone: str

    def holds(self, condition: Condition, profile: Profile) -> bool:
        """Whether the profile is a member."""
        match condition:
            case Conjunction(parts=parts):
                return all(self.holds(part, profile) for part in parts)
            case Disjunction(parts=parts):
                return any(self.holds(part, profile) for part in parts)
            case Negation(part=part):
                return not self.holds(part, profile)
            case PropertyComparison():
                return self._property(condition, profile)
            case SystemComparison(system=system):
                value = profile.id if system == "profile_id" else getattr(profile, system.value)
                return self._single(condition, value)

    def _property(self, test: PropertyComparison, profile: Profile) -> bool:
        value = profile.values.get(test.property)
        if test.operator is Operator.IS_EMPTY:
            return (value in (None, "", [])) == test.operands[0]
        if properties()[test.property].list:
            return self._list(test, value or [])
        return self._single(test, value)

    def _list(self, test: PropertyComparison, elements: list[Any]) -> bool:
        match test.operator:
            case Operator.IS_NOT | Operator.NONE_OF:
                return not any(self._equal(test, each) for each in elements)
            case Operator.ALL_OF:
                return all(
                    any(self._same(test, each, wanted) for each in elements)
                    for wanted in test.operands
                )
            case _:
                return any(self._single(test, each) for each in elements)

    def _single(self, test: PropertyComparison | SystemComparison, value: Any) -> bool:
        if test.operator is Operator.IS_NOT:
            return not self._equal(test, value)
        if value is None:
            return False
        if test.operator in (Operator.IS, Operator.ANY_OF):
            return self._equal(test, value)
        if isinstance(value, str):
            return self._text(test, value)
        if isinstance(test.operands[0], Span):
            return self._near_now(test, value, test.operands[0])
        return self._in_bounds(test, value)

    def _equal(self, test: PropertyComparison | SystemComparison, value: Any) -> bool:
        return any(self._same(test, value, wanted) for wanted in test.operands)

    def _same(self, test: PropertyComparison | SystemComparison, value: Any, wanted: Any) -> bool:
        if value is None:
            return False
        if isinstance(value, str):
            fold = self._fold(test)
            return fold(value) == fold(wanted)
        return self._order(value, wanted) == 0

    def _fold(self, test: PropertyComparison | SystemComparison) -> Callable[[str], str]:
        cased = isinstance(test, PropertyComparison) and test.match_case
        return str if cased else lower

    def _text(self, test: PropertyComparison | SystemComparison, value: str) -> bool:
        fold = self._fold(test)
        wanted, text = fold(str(test.operands[0])), fold(value)
        return wanted in text if test.operator is Operator.CONTAINS else text.startswith(wanted)

    def _in_bounds(self, test: PropertyComparison | SystemComparison, value: Any) -> bool:
        first = self._order(value, test.operands[0])
        match test.operator:
            case Operator.LESS_THAN:
                return first < 0
            case Operator.AT_MOST:
                return first <= 0
            case Operator.MORE_THAN:
                return first > 0
            case Operator.AT_LEAST:
                return first >= 0
            case _:
                return first >= 0 and self._order(value, test.operands[1]) <= 0

    def _order(self, value: Any, wanted: Any) -> int:
        """Below 0 where the value comes before, 0 where it is the same, above 0 where after.

        A moment is on a day when the zone's calendar shows that day at that moment.
        """
        zone = ZoneInfo(self.timezone)
        if isinstance(value, datetime) and not isinstance(wanted, datetime):
            value = value.astimezone(zone).date()
        elif isinstance(value, datetime):
            wanted = wanted if wanted.tzinfo else wanted.replace(tzinfo=zone)
            value, wanted = value.astimezone(UTC), wanted.astimezone(UTC)
        return int(value > wanted) - int(value < wanted)

    def _near_now(
        self, test: PropertyComparison | SystemComparison, value: date, span: Span
    ) -> bool:
        local = self.now.astimezone(ZoneInfo(self.timezone))
        here = local if isinstance(value, datetime) else local.date()
        since_now = self._order(value, here)
        since_then = self._order(value, before(here, span))
        match test.operator:
            case Operator.WITHIN_LAST:
                return since_then >= 0 >= since_now
            case Operator.WITHIN_NEXT:
                return since_now >= 0 >= self._order(value, after(here, span))
            case _:
                return since_then < 0


def lower(text: str) -> str:
    """Lower case one character at a time, as PostgreSQL's pg_c_utf8 has it.

    Python looks at the letters around a sigma, and makes two characters of `İ`.
    """
    return "".join("i" if char == "İ" else char.lower() for char in text)
