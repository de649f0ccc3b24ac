"""How a client wants its records saved, and the org's rules that hold for them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from localorg.schema import Schema

# Stands for the rule of the object that is active, whichever that is.
ACTIVE_RULE = "active"
_NONE: Mapping[str, tuple[()]] = MappingProxyType({})


@dataclass(frozen=True, kw_only=True, slots=True)
class Criterion:
    """A comparison of one field with a value, as rule entries have them."""

    field: str
    # equals, not_equal, contains, starts_with, less_than, greater_than.
    operator: str
    # None compares with an empty field.
    value: str | float | None


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignmentEntry:
    """Who owns a record for which all criteria and the formula hold."""

    criteria: tuple[Criterion, ...] = ()
    # SQL of a formula over the object's table; ALIAS stands for the table. None holds always.
    condition: str | None = None
    # The id of a user or a queue.
    owner_id: str


@dataclass(frozen=True, kw_only=True, slots=True)
class AssignmentRule:
    """Gives records of an object to owners: the first entry that fits counts."""

    id: str
    active: bool
    entries: tuple[AssignmentEntry, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """Which records of an object are duplicates: those that agree in all fields, none empty."""

    # The API name of the object whose records are looked at.
    object_name: str
    # The name of the matching rule, as a duplicateResult shows it.
    name: str
    # The new record's field -> the looked-at record's field.
    fields: tuple[tuple[str, str], ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class DuplicateRule:
    """What is done about duplicates: refused, refused unless the client insists, or let through."""

    name: str
    # block, alert or allow; for new and for changed records.
    on_insert: str
    on_update: str
    message: str
    matches: tuple[Match, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rules:
    """The rules that an org's administrator set up, by the object's API name."""

    assignment: Mapping[str, tuple[AssignmentRule, ...]] = field(default_factory=lambda: _NONE)
    duplicates: Mapping[str, tuple[DuplicateRule, ...]] = field(default_factory=lambda: _NONE)


@dataclass(frozen=True, kw_only=True, slots=True)
class SaveOptions:
    """What holds for one call; `localorg.life.save_options` makes one for a user of an org."""

    # The id of the assignment rule to run on new leads and cases, or ACTIVE_RULE.
    # Defaults to none.
    assignment_rule: str | None = None
    # Whether it also runs on records that are updated. Defaults to no.
    assign_updated: bool = False
    # Whether duplicates are saved where the rule only alerts. Defaults to no.
    allow_duplicates: bool = False
    # Whether the duplicates that are found are shown with their fields. Defaults to ids only.
    include_duplicate_details: bool = False
    # Whether the user may change leads that are converted. Defaults to no.
    edit_converted_leads: bool = False
    rules: Rules = field(default_factory=Rules)
    # How many records the org has room for, all objects together. Defaults to any number.
    most_records: int | None = None
    # The org as a user sees it, by the user's id; None where all users see everything.
    view_of: Callable[[str], Schema] | None = None
