"""`isthmus org`: the API calls of Salesforce orgs, and our share of them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.formatting import grouped, moment
from isthmus.cli.options import AsJson
from isthmus.cli.output import facts, note, print_json, show, table
from isthmus.cli.registration import command, group

if TYPE_CHECKING:
    from isthmus.connections.budget import BudgetState
    from isthmus.connections.models import Org

app = group("org", "API calls of Salesforce orgs: used, left, and our share.")

OrgId = Annotated[str, typer.Argument(metavar="ORG", help="The org's id, 15 or 18 characters.")]
Percent = Annotated[
    str, typer.Argument(metavar="PERCENT", help="Of the org's API calls in 24 hours, 1 to 100.")
]


@command(app, "list", "isthmus org list")
def list_orgs(*, as_json: AsJson = False) -> None:
    """List the orgs that are known, with their API calls of 24 hours.

    An org is known once a connection has made a call to it.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import budget

        found = [budget.state_of(each) for each in budget.orgs()]
        if as_json:
            print_json({"orgs": [plain(each) for each in found]})
        elif found:
            columns = ["org", "limit", "by others", "by Isthmus", "may use"]
            lines = [_line(each) for each in found]
            show(table(columns, lines, right=" ".join(columns[1:])))
        else:
            note("No org is known yet. One is, once a connection has made a call to it.")


def _line(state: "BudgetState") -> tuple[str, ...]:
    limit = "not known" if state.limit is None else grouped(state.limit)
    may = f"{grouped(state.share)} ({state.share_percent} %)"
    return state.org.org_id, limit, grouped(state.others), grouped(state.ours), may


def plain(state: "BudgetState") -> dict[str, Any]:
    """What a JSON document says of an org's API calls of 24 hours."""
    return {
        "id": state.org.org_id,
        "limit": state.limit,
        "left": state.left,
        "used_by_others": state.others,
        "used_by_isthmus": state.ours,
        "share_percent": state.share_percent,
        "share": state.share,
        "left_of_share": state.left_of_share,
        "free_at": state.free_at,
        "measured_at": state.measured_at,
    }


@command(
    app,
    "show",
    "isthmus org show 00D000000000001EAA",
    summary="Show an org's API calls of 24 hours, and who made them.",
)
def show_org(org_id: OrgId, *, as_json: AsJson = False) -> None:
    """Show an org's API calls of 24 hours, and those of Isthmus by connection and hour."""
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import budget

        row = budget.find(org_id)
        state, counted = budget.state_of(row), budget.counted(row)
        if as_json:
            hours = [
                {"hour": each.hour, "connection": each.key or None, "calls": each.calls}
                for each in counted
            ]
            print_json({**plain(state), "hours": hours})
            return
        show(facts(_facts(row, state)))
        if counted:
            lines = [
                (moment(each.hour), each.key or "deleted", grouped(each.calls)) for each in counted
            ]
            show(table(["hour from", "connection", "calls"], lines, right="calls"))


def _facts(row: "Org", state: "BudgetState") -> list[tuple[str, str]]:
    return [
        ("org", row.org_id),
        ("API calls", words(state)),
        ("asked", moment(state.measured_at) if state.measured_at else "never"),
    ]


def words(state: "BudgetState | None", forecast: int | None = None) -> str:
    """An org's API calls of 24 hours, in a line."""
    needs = "" if forecast is None else f"; the next run needs about {forecast:,}"
    if state is None:
        return f"none made yet{needs}"
    may = f"{state.ours:,} by Isthmus, which may use {state.share:,} ({state.share_percent} %)"
    if state.limit is None:
        return f"{state.ours:,} by Isthmus; the org has not said its limit yet{needs}"
    left = f"{state.left:,} of {state.limit:,} left"
    return f"{left}; {state.others:,} by others, {may}{needs}"


@command(
    app,
    "share",
    "isthmus org share 00D000000000001EAA 75",
    summary="Set how much of an org's API calls Isthmus may use.",
)
def share(org_id: OrgId, percent: Percent) -> None:
    """Set how much of an org's API calls Isthmus may use, for all connections to it.

    Runs that wait for API calls look at once whether there is room now.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import budget
        from isthmus.domain.call_shares import number

        row = budget.set_share(budget.find(org_id).org_id, number(percent))
        show(f"Isthmus may use {row.share_percent} % of the API calls of org {row.org_id} now.")
