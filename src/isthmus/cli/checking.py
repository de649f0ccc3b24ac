"""Whether things are as they should be: findings, a line each, with what to do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import typer

from isthmus.cli.output import print_json, show
from isthmus.cli.status import Status
from isthmus.errors import IsthmusError

if TYPE_CHECKING:
    from isthmus.connections.models import Connection, Goal
    from isthmus.salesforce import ClientSettings, Salesforce


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One thing that was looked at."""

    what: str
    ok: bool
    detail: str  # what was found and, where that is a problem, what to do


def show_findings(findings: Sequence[Finding], *, as_json: bool, title: Mapping[str, Any]) -> None:
    """Print the findings; ends the command with status 3 where one of them is a problem."""
    well = all(each.ok for each in findings)
    if as_json:
        print_json({**title, "ok": well, "findings": [vars(each) for each in findings]})
    else:
        _print(findings)
    if not well:
        raise typer.Exit(Status.PROBLEMS)


def _print(findings: Sequence[Finding]) -> None:
    from rich.table import Table
    from rich.text import Text

    lines = Table.grid(padding=(0, 2, 0, 0))
    for _ in range(3):
        lines.add_column(overflow="fold")
    for each in findings:
        word = Text("ok", "green") if each.ok else Text("problem", "bold red")
        lines.add_row(word, each.what, each.detail)
    show(lines)


def check_connection(connection: "Connection") -> list[Finding]:
    """What there is to say of a connection. Raises `IsthmusError` where the sign-in fails."""
    from isthmus.connections.sign_in import signed_in

    with signed_in(connection, impatient()) as salesforce:
        return list(_findings(connection, salesforce))


def impatient() -> "ClientSettings":
    """For looking, not running: who watches wants to know at once that nobody answers."""
    from isthmus.salesforce import ClientSettings

    return ClientSettings(tries=2, read_seconds=30)


def _findings(connection: "Connection", salesforce: "Salesforce") -> Iterator[Finding]:
    yield _sign_in(salesforce)
    yield from _permissions(connection, salesforce)
    for goal in connection.goals.all():
        yield from _goal(connection, goal, salesforce)
    # Last, so that the calls above are counted too.
    yield _api_calls(salesforce)


def _sign_in(salesforce: "Salesforce") -> Finding:
    from isthmus.salesforce import identify

    found = identify(salesforce)
    user = f"{found.user_name} ({found.user_id})" if found.user_name else f"user {found.user_id}"
    return Finding(
        what="sign-in",
        ok=True,
        detail=f"{user} in org {salesforce.org_id} at {salesforce.instance_url}",
    )


def _permissions(connection: "Connection", salesforce: "Salesforce") -> Iterator[Finding]:
    from isthmus.connections import permissions
    from isthmus.connections.models import Authorization

    row = Authorization.objects.get(connections=connection.id)
    granted = permissions.look(salesforce, row)
    if not granted:
        yield Finding(what="permissions", ok=True, detail="They can't be read here.")
    for each in permissions.PERMISSIONS:
        if each.field not in granted:
            continue
        has = granted[each.field]
        advice = "" if has else " Ask the Salesforce administrator to give it to this user."
        verb = "granted" if has else "missing"
        yield Finding(
            what="permission", ok=has, detail=f"{each.name} is {verb}: {each.purpose}.{advice}"
        )


def _api_calls(salesforce: "Salesforce") -> Finding:
    usage = salesforce.usage
    if usage is None:
        return Finding(what="API calls", ok=True, detail="Salesforce did not say how many are left")
    left = usage.maximum - usage.used
    detail = f"{left:,} of {usage.maximum:,} are left in these 24 hours"
    if left > 0:
        return Finding(what="API calls", ok=True, detail=detail)
    advice = "Wait until the 24 hours have moved on, or ask Salesforce for more."
    return Finding(what="API calls", ok=False, detail=f"{detail}. {advice}")


def _goal(connection: "Connection", goal: "Goal", salesforce: "Salesforce") -> Iterator[Finding]:
    """All that is wrong with a goal, a finding each; or what it would read or write."""
    from isthmus.connections import goal_checks, org_review

    what = f"goal {goal.key}"
    try:
        troubles = goal_checks.all_refusals(goal, salesforce.describe)
        troubles += org_review.filter_refusals(salesforce, goal.definition, connection.timezone)
        if not troubles:
            detail = _planned(connection, goal, salesforce)
            said = goal_checks.all_warnings(goal, salesforce.describe)
    except IsthmusError as error:
        yield Finding(what=what, ok=False, detail=str(error))
        return
    for trouble in troubles:
        yield Finding(what=what, ok=False, detail=trouble.message)
    if not troubles:
        off = "" if goal.definition.active else "; it is not active"
        yield Finding(what=what, ok=True, detail=f"{detail}{off}")
        for trouble in said:
            yield Finding(what=what, ok=True, detail=trouble.message)


def _planned(connection: "Connection", goal: "Goal", salesforce: "Salesforce") -> str:
    """Plan the goal as a run would, without a run: nothing is stored. What it found, in words."""
    from isthmus.connections.fences import Fence
    from isthmus.connections.models import IMPORT, RunGoal
    from isthmus.connections.runs import GoalRun, Silent
    from isthmus.exporting.plan import plan_export
    from isthmus.importing.plan import plan_import

    goal_run = GoalRun(
        connection=connection,
        goal=goal,
        run_goal=RunGoal(goal=goal, key=goal.key, direction=goal.direction),
        salesforce=salesforce,
        full=False,
        reporter=Silent(),
        cancelled=lambda: False,
        fence=Fence(run=0, number=0),
    )
    if goal.direction == IMPORT:
        plan = plan_import(goal_run, kept={})
        return f"{len(plan.columns)} fields of {plan.object.name} can be read"
    export = plan_export(goal_run, datetime.now(UTC))
    return f"{len(export.rows)} fields of {export.object.name} can be written"
