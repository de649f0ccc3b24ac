"""Showing how many unique profiles came and went through a connection."""

from typing import TYPE_CHECKING, Any

from isthmus.cli.formatting import grouped
from isthmus.cli.output import print_json, show, table
from isthmus.cli.streams import write_bytes

if TYPE_CHECKING:
    from datetime import date, datetime

    from rich.table import Table

    from isthmus.connections.exchange import Exchange, Goal


def show_exchange(
    key: str, found: "Exchange", since: "datetime | None", *, as_csv: bool, as_json: bool
) -> None:
    """The numbers by goal, or by day."""
    from isthmus.connections import exchange

    day = since.date() if since else None
    if as_csv:
        for line in exchange.csv_lines(found, since=day):
            write_bytes(line.encode())
        return
    if as_json:
        document: dict[str, Any] = {
            "connection": key,
            "imported": found.imported.total,
            "exported": found.exported.total,
            "days": [
                {name.replace(" ", "_"): value for name, value in entry.items()}
                for entry in exchange.entries(found, since=day)
            ],
        }
        print_json(document)
        return
    show(_table(found, day))


def _table(found: "Exchange", since: "date | None") -> "Table":
    from isthmus.connections.exchange import LAST

    parts: list[tuple[str, bool, Goal | None]] = [("all goals", False, None)]
    parts += [("all goals", True, None)]
    parts += [(_name(goal), goal.exported, goal) for goal in found.goals]
    rows = []
    for name, exported, goal in parts:
        line = found.line(exported, goal)
        new = [grouped(line.between(since, LAST))] if since else []
        rows.append((name, "out" if exported else "in", grouped(line.total), *new))
    columns = ["goal", "direction", "profiles", *(["new"] if since else [])]
    return table(columns, rows, right="profiles new")


def _name(goal: "Goal") -> str:
    if not goal.key:
        return "deleted goals"
    return f"{goal.key} (deleted)" if goal.deleted else goal.key
