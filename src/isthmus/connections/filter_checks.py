"""Asking Salesforce whether it takes an import's filter, and how many records match it now."""

from dataclasses import dataclass
from datetime import UTC, datetime

from isthmus.connections.known_objects import IMPATIENT, PERSON_FIELD, describing
from isthmus.connections.models import Connection
from isthmus.connections.org_review import refused_filter
from isthmus.connections.org_troubles import filter_of
from isthmus.connections.sign_in import signed_in
from isthmus.domain.filters import FilterError, soql
from isthmus.domain.goals import ImportGoal
from isthmus.domain.segments.calendar import Calendar
from isthmus.errors import IsthmusError
from isthmus.salesforce import QueryRefused, QueryTimedOut, RequestRefused, SchemaChanged


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came of asking."""

    records: int | None = None  # how many match; None: it was refused, or nobody answered
    refused: str = ""  # in Salesforce's words, or in ours where the fields say so already
    unheard: str = ""  # why nobody answered, so that nothing is known


def ask(connection: Connection, goal: ImportGoal) -> Answer:
    """What Salesforce says of the goal's filter."""
    try:
        describe = describing(connection)
        description = describe(goal.object.sobject)
        where = [] if goal.filter is None else [_condition(connection, goal)]
        if goal.object.person_filter and PERSON_FIELD in description.fields:
            where.append(goal.object.person_filter)
        return Answer(records=_counted(connection, description.name, where))
    except FilterError as error:
        return Answer(refused=str(error))
    except QueryTimedOut:
        return Answer(unheard="Salesforce was too slow to count the records that match.")
    except (QueryRefused, SchemaChanged, RequestRefused) as error:
        return Answer(refused=refused_filter(error))
    except IsthmusError as error:
        return Answer(unheard=str(error))


def _condition(connection: Connection, goal: ImportGoal) -> str:
    tree = filter_of(goal, describing(connection))
    return soql(tree, Calendar.at(datetime.now(UTC), connection.timezone))


def _counted(connection: Connection, name: str, where: list[str]) -> int:
    condition = f" WHERE {' AND '.join(where)}" if where else ""
    # SOQL takes no parameters. The name comes from describe; a filter's text has been checked to be
    # the condition of a WHERE and nothing more.
    query = f"SELECT COUNT() FROM {name}{condition}"  # noqa: S608
    with signed_in(connection, IMPATIENT) as salesforce:
        return salesforce.count(query)
