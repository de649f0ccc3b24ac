"""A goal that is about to be saved, looked at beside its org, as far as that can be asked now."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from isthmus.connections import known_objects, org_troubles
from isthmus.connections.goal_troubles import Goal, Trouble
from isthmus.connections.models import Connection
from isthmus.connections.org_fields import Describe
from isthmus.connections.org_troubles import Org
from isthmus.connections.sign_in import signed_in
from isthmus.domain.filters import FilterError
from isthmus.domain.goals import ImportGoal
from isthmus.domain.properties import PropertyDefinition
from isthmus.errors import IsthmusError
from isthmus.salesforce import (
    NotPermitted,
    QueryRefused,
    RequestRefused,
    Salesforce,
    SalesforceError,
    SchemaChanged,
)

NOBODY_SIGNED_IN = "nobody has signed in to Salesforce yet."


@dataclass(frozen=True, kw_only=True)
class Beside:
    """What the store has that the goal names, and what it had read before."""

    properties: Mapping[str, PropertyDefinition] = field(repr=False)  # by key
    read_before: Collection[str] = ()  # lower-case names of fields


@dataclass(frozen=True, kw_only=True)
class Reviewed:
    """What Salesforce has to say of a goal."""

    refusals: tuple[Trouble, ...] = ()
    warnings: tuple[Trouble, ...] = ()
    unasked: str = ""  # why Salesforce was not asked, in a sentence; empty: it was


def review(connection: Connection | None, goal: Goal, beside: Beside) -> Reviewed:
    """Everything that is wrong with the goal in its org; one try, and not long.

    A description that is kept may be older than a field: before it is the reason for a refusal, the
    org is asked again.
    """
    if connection is None or connection.authorization is None or not connection.org_id:
        return Reviewed(unasked=NOBODY_SIGNED_IN)
    try:
        found = _described(goal, beside, known_objects.describing(connection))
        if found.refusals:
            describe = known_objects.describing(connection, refresh=True)
            found = _described(goal, beside, describe)
        if isinstance(goal, ImportGoal) and goal.filter is not None and not found.refusals:
            return _with_filter(connection, goal, found)
    except IsthmusError as error:
        return Reviewed(unasked=str(error))
    return found


def _described(goal: Goal, beside: Beside, describe: Describe) -> Reviewed:
    org = Org(describe=describe, properties=beside.properties, read_before=beside.read_before)
    return Reviewed(
        refusals=tuple(org_troubles.troubles_of(goal, org)),
        warnings=tuple(org_troubles.warnings_of(goal, org)),
    )


def _with_filter(connection: Connection, goal: ImportGoal, found: Reviewed) -> Reviewed:
    with signed_in(connection, known_objects.IMPATIENT) as salesforce:
        refusals = filter_refusals(salesforce, goal, connection.timezone)
    return Reviewed(refusals=tuple(refusals), warnings=found.warnings)


def filter_refusals(salesforce: Salesforce, goal: Goal, timezone: str) -> list[Trouble]:
    """What Salesforce itself has against the goal's filter.

    Raises `SalesforceError` where it does not say.
    """
    if not isinstance(goal, ImportGoal) or goal.filter is None:
        return []
    try:
        now = salesforce.server_time()
        where = org_troubles.filter_soql(goal, salesforce.describe, now, timezone)
    except FilterError:
        return []  # said already
    # SOQL takes no parameters; the filter was checked to be a condition and nothing more.
    soql = f"SELECT Id FROM {goal.object.sobject} WHERE {where} LIMIT 1"  # noqa: S608
    try:
        next(iter(salesforce.query(soql)), None)
    except (NotPermitted, QueryRefused, RequestRefused, SchemaChanged) as error:
        return [Trouble(path=("filter",), message=refused_filter(error))]
    return []


def refused_filter(error: SalesforceError) -> str:
    """The sentence for a filter that Salesforce does not take, with its own words."""
    words = " ".join((error.words or str(error)).split())
    return f"Salesforce refuses this filter: {words}"
