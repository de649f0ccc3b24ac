"""Which record belongs to each member that is not linked yet."""

from typing import Any

from psycopg import Connection, sql

from isthmus.connections.asking import ask
from isthmus.connections.errors import CountMismatch
from isthmus.connections.runs import GoalRun
from isthmus.exporting.plan import ExportPlan
from isthmus.exporting.queries import QUERIES
from isthmus.profiles import properties

MOST_KEY_CHARACTERS = 90_000
"""Of keys in one SOQL text, which may have 100,000; with more keys all records are asked for."""

FOUND = sql.Identifier("export_found")


def match(goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan) -> None:
    """Find the records, and decide for each member whether it is updated, created or skipped."""
    _fill_keys(connection, plan)
    keys, characters = connection.execute(QUERIES["measure_keys"]).fetchone() or (0, 0)
    names = {
        "goals": list(plan.org_goals),
        "run_goal": plan.run_goal,
        "exact": plan.match_field.type == "id" or plan.match_field.case_sensitive,
        "creates": plan.definition.create_records,
        "updates": plan.definition.update_records,
    }
    if keys:
        _find(goal_run, connection, plan, by_key=characters <= MOST_KEY_CHARACTERS)
        connection.execute("ANALYZE export_key, export_found")
        connection.execute(QUERIES["match_found"], names)
        if plan.definition.create_records:
            connection.execute(QUERIES["pass_shared_keys"], names)
    connection.execute(QUERIES["choose_operation"], names)


def _fill_keys(connection: Connection[Any], plan: ExportPlan) -> None:
    if plan.match_property is None:
        connection.execute(QUERIES["keys_of_profile_id"])
    else:
        number = properties.numbers()[plan.match_property.key]
        connection.execute(QUERIES["keys_of_identifier"], {"property": number})
    if plan.match_field.type == "id":
        connection.execute(QUERIES["keep_record_ids"], {"prefix": plan.key_prefix})
    connection.execute(QUERIES["pass_without_key"])


def _find(
    goal_run: GoalRun, connection: Connection[Any], plan: ExportPlan, *, by_key: bool
) -> None:
    """Ask the org for ids and keys: of the keys alone where they fit one query, else of all."""
    field = plan.match_field.name
    if by_key:
        row = connection.execute(QUERIES["quote_keys"]).fetchone()
        wanted = f"{field} IN ({row[0] if row else ''})"
    else:
        wanted = f"{field} != null"
    where = " AND ".join(filter(None, [plan.condition, wanted]))
    names = "Id" if field == "Id" else f"Id, {field}"
    # SOQL takes no parameters: names come from describe, and the keys are quoted.
    source = f"FROM {plan.object.sobject} WHERE {where}"
    columns = {"id": "record_id", field.lower(): "key" if field != "Id" else "record_id"}
    found = ask(goal_run, connection, f"SELECT {names} {source}", FOUND, columns)
    if not found and plan.definition.create_records:
        _check_none(goal_run, f"SELECT COUNT() {source}")
    if field == "Id":
        connection.execute("UPDATE export_found SET key = record_id")


def _check_none(goal_run: GoalRun, soql: str) -> None:
    """Make sure that there is nothing where nothing was found: all would be created again."""
    there = goal_run.salesforce.count(soql)
    if there:
        raise CountMismatch(
            f"A query for records found none, and counting them finds {there:,}. Nothing was "
            f"sent; run it again."
        )
