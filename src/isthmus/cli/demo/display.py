"""How the demo tells its story in a terminal."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from isthmus.connections.steps import DOING

if TYPE_CHECKING:
    from pathlib import Path

    from isthmus.cli.demo.org import DemoOrg
    from isthmus.cli.demo.serving import Serving
    from isthmus.cli.demo.story import Chapter
    from isthmus.connections.models import Goal, RunGoal

COLUMNS = ("received", "created", "updated", "unchanged", "removed", "skipped", "failed")
STEPS = {**DOING, "compare": "comparing with what was sent"}


class Display:
    """Tells chapters as they end, and shows progress in between. Watches runs as a reporter."""

    def __init__(self, *, quiet: bool) -> None:
        self.console = Console(stderr=quiet, highlight=False)
        self.progress_bar: Progress | None = None
        self.task: Any = None
        self.number = 0

    def preparing(self, folder: Path, size: int, *, first_time: bool) -> None:
        """Say what is made or found."""
        self.console.print("[bold]Isthmus demo[/bold]: Salesforce → profiles → Salesforce")
        what = (
            f"Making an org of {size:,} leads, {size:,} contacts and {size // 4:,} person accounts"
            if first_time
            else "Opening the org and the store of the last time"
        )
        self.console.print(f"{what} in {folder} …", soft_wrap=True)

    def ready(self, seconds: float, set_up: Chapter) -> None:
        """Say that the database and the org are up, and what setting up changed."""
        self.console.print(f"Database and org are up ({seconds:.1f} s).")
        self.chapter(set_up)

    def chapter(self, chapter: Chapter) -> None:
        """Tell one chapter."""
        self._end_progress()
        self.number += 1
        self.console.print()
        self.console.print(
            f"[bold]{self.number}. {chapter.title}[/bold]  [dim]{chapter.seconds:.1f} s[/dim]"
        )
        if chapter.key == "set_up":
            changes = chapter.facts["changes"]
            self.console.print(
                f"   {changes} changes to properties, segments, the connection and its goals."
                if changes > 1
                else "   Everything was set up already; only the org's address is new."
                if changes
                else "   Everything was set up already; nothing to change."
            )
        elif chapter.key == "changes":
            edits = ", ".join(f"{count} {name}" for name, count in chapter.facts.items())
            self.console.print(f"   Edited: {edits} records.")
        else:
            self._goals(chapter)

    def _goals(self, chapter: Chapter) -> None:
        table = Table(box=None, padding=(0, 1), pad_edge=False)
        table.add_column("   goal")
        for name in COLUMNS:
            table.add_column(name, justify="right")
        for goal in chapter.goals:
            table.add_row(f"   {goal['goal']}", *(_grouped(_number(goal[n])) for n in COLUMNS))
        self.console.print(table)
        for goal in chapter.goals:
            for line in _details(goal):
                self.console.print(f"   {goal['goal']} {line}", style="dim")
        records = sum(goal["received"] for goal in chapter.goals)
        if chapter.key == "first_import" and records:
            rate = records / max(chapter.seconds, 0.001)
            self.console.print(f"   {records:,} records, {rate:,.0f} a second.")

    def ending(
        self, document: dict[str, Any], org: DemoOrg, folder: Path, pages: Serving | None
    ) -> None:
        """Say how it ended, and what to try next where the pages stay up."""
        self._end_progress()
        self.console.print()
        self.console.print(
            f"[bold]Done.[/bold] {document['profiles']:,} profiles are in the store. Every record "
            f"that was received is accounted for."
        )
        if pages is None:
            return
        self._commands(org, folder)
        self._access(pages)
        self.console.print("Ctrl-C ends it all.")

    def _commands(self, org: DemoOrg, folder: Path) -> None:
        self.console.print(f"The org stays up at {org.url}. In another terminal:")
        settings = f"export ISTHMUS_HOME='{folder}' ISTHMUS_SALESFORCE_HOSTS={org.host}"
        for command in (
            settings,
            "isthmus connection show demo",
            "isthmus connection runs demo",
            "isthmus connection log demo",
            "isthmus segment count readers_europe",
            "isthmus connection run demo --dry-run",
            "isthmus connection run demo",
            "isthmus config export",
        ):
            self.console.print(f"   {command}", soft_wrap=True)

    def _access(self, pages: Serving) -> None:
        known = pages.account.password
        chosen = f"the one that you chose (isthmus user password {pages.account.email} sets it)"
        self.console.print()
        self.console.print("[bold]The pages are up[/bold], with a worker for the runs:")
        self.console.print(f"   Address   {pages.address}", soft_wrap=True)
        self.console.print(f"   User      {pages.account.email}")
        self.console.print(f"   Password  {known or chosen}", soft_wrap=True)
        self.console.print(
            "   Connections, Demo: its goals as forms, and what a run of each would do (Preview)."
        )
        self.console.print()

    def leaving(self) -> None:
        """Say that everything is taken down."""
        self.console.print("Taking everything down …")

    # A reporter of runs.

    def goal_started(self, goal: Goal) -> None:
        """Show a line for the goal."""
        self._end_progress()
        if not self.console.is_terminal:
            return
        self.progress_bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.fields[goal]}: {task.description}"),
            BarColumn(bar_width=24),
            TextColumn("{task.fields[records]}"),
            TimeElapsedColumn(),
            console=self.console,
            transient=True,
        )
        self.task = self.progress_bar.add_task("starting", goal=goal.key, records="", total=None)
        self.progress_bar.start()

    def step_started(self, step: str) -> None:
        """Show the step's name."""
        if self.progress_bar:
            self.progress_bar.update(self.task, description=STEPS.get(step, step), total=None)

    def progress(self, step: str, done: int, total: int | None) -> None:
        """Show how far the step is."""
        if self.progress_bar:
            words = STEPS.get(step, step)
            self.progress_bar.update(
                self.task, description=words, completed=done, total=total, records=f"{done:,}"
            )

    def goal_finished(self, run_goal: RunGoal) -> None:
        """Take the line away."""
        del run_goal
        self._end_progress()

    def _end_progress(self) -> None:
        if self.progress_bar:
            self.progress_bar.stop()
            self.progress_bar = None


def _grouped(number: int) -> str:
    return f"{number:,}" if number else "-"


def _number(count: int | dict[str, int]) -> int:
    return sum(count.values()) if isinstance(count, dict) else count


def _details(goal: dict[str, Any]) -> list[str]:
    lines = [
        f"{name}: " + ", ".join(f"{count:,} {_words(reason)}" for reason, count in reasons.items())
        for name in ("skipped", "failed")
        if (reasons := goal[name])
    ]
    if goal["problems"]:
        lines.append(f"problems: {goal['problems']:,} values did not fit; all else was applied")
    if goal["message"]:
        lines.append(f"says: {goal['message']}")
    return lines


def _words(reason: str) -> str:
    return reason.replace("_", " ").lower() if reason.islower() else reason
