"""Select, compare and CSV of an export in which one profile of a hundred changed; no network.

All profiles are in the segment and linked to records that were sent before. A second run is one
that asks every member's link, as one run a day does.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from psycopg import Connection, sql

from bench import people, running
from bench.surroundings import empty_store, org

if TYPE_CHECKING:
    from isthmus.connections.runs import GoalRun
    from isthmus.exporting.plan import ExportPlan

SHARE = 100
STEPS = ("select", "match", "compare", "csv")


def measure(size: int) -> dict[str, float]:
    """Figures of finding what changed among `size` profiles."""
    with org(leads=0, contacts=0, persons=0, cases=0) as address, empty_store(address):
        people.set_up(address)
        written: list[int] = []
        running.run("contacts_out", export=lambda goal_run: _link_all(goal_run, size), ends=False)
        changed = _change()
        usual = _timed("export_diff", written)
        _forget_members()
        daily = _timed("export_diff, every member asked", written)
    if written != [changed] * 2:
        raise SystemExit(f"{changed} profiles changed, and {written} rows would be sent")
    return {
        "profiles": float(size),
        "changed": float(changed),
        "seconds": sum(usual.values()),
        **{f"{step}_s": taken for step, taken in usual.items()},
        "once_a_day_s": sum(daily.values()),
    }


def _timed(title: str, written: list[int]) -> dict[str, float]:
    result = running.run(
        "contacts_out", export=lambda goal_run: written.append(_diff(goal_run)), ends=False
    )
    seconds = {step: result.seconds[step] for step in STEPS}
    running.print_steps(title, seconds)
    return seconds


def _link_all(goal_run: "GoalRun", size: int) -> None:
    """Make the profiles, as if all of them had been sent."""
    from isthmus.exporting.plan import plan_export
    from isthmus.profiles import database

    plan = plan_export(goal_run, datetime.now(UTC))
    goal = goal_run.goal
    with database.connected() as session:
        people.fill(session, size)
        session.execute(_links(plan))
        people.tidy(session)
    goal.read_until, goal.read_version = datetime.now(UTC), goal.version
    goal.read_segment, goal.read_whole_at = plan.segment_digest, goal.read_until
    goal.save()


def _forget_members() -> None:
    from isthmus.connections.models import Goal

    Goal.objects.update(read_whole_at=None)


def _links(plan: "ExportPlan") -> sql.Composed:
    """Links with what was last sent, which is what a profile has now."""
    from isthmus.exporting.values import CLEAR

    by_slot = {row.slot: row for row in plan.rows}
    hashes = sql.SQL(", ").join(
        sql.SQL("hashtextextended(coalesce({}, {}), 0)").format(
            by_slot[slot].cell.value, sql.Literal(CLEAR)
        )
        for slot in range(1, plan.slots + 1)
    )
    return sql.SQL(
        """INSERT INTO store.record_link (record_id, goal, profile_id, object, version, sent)
        SELECT '003' || lpad(row_number() OVER ()::text, 15, '0') COLLATE "C", {goal}, profile_id,
            {object}, {version}, ARRAY[{hashes}]
        FROM store.profile AS p"""
    ).format(
        goal=sql.Literal(plan.goal),
        object=sql.Literal(plan.object.name),
        version=sql.Literal(plan.version),
        hashes=hashes,
    )


def _change() -> int:
    from isthmus.profiles import database

    with database.connected() as session:
        changed = people.change(session, SHARE)
        people.tidy(session)
    return changed


def _diff(goal_run: "GoalRun") -> int:
    """Work out what is to be sent, and write it as CSV to nowhere; the number of rows."""
    from isthmus.exporting.begun import Begun
    from isthmus.exporting.engine import SETTINGS
    from isthmus.exporting.plan import plan_export
    from isthmus.exporting.prepare import prepare
    from isthmus.profiles import database

    with database.connected(application="isthmus export", settings=SETTINGS) as session:
        begun = Begun.of(goal_run, datetime.now(UTC))
        plan = plan_export(goal_run, begun.started_at)
        prepare(goal_run, session, plan, begun)
        with goal_run.step("csv"):
            return _write_csv(session, plan)


def _write_csv(session: Connection[Any], plan: "ExportPlan") -> int:
    from isthmus.exporting.queries import QUERIES
    from isthmus.exporting.upload import Upload, csv_chunks

    written = 0
    parts = session.execute(QUERIES["parts"], {"run_goal": plan.run_goal}).fetchall()
    for operation, part, rows in parts:
        columns = plan.writable(operation)
        upload = Upload(
            run_goal=plan.run_goal,
            operation=operation,
            part=part,
            fields=tuple(row.field.name for row in columns),
            places=tuple(row.place for row in columns),
        )
        for _ in csv_chunks(session, upload):
            pass
        written += rows
    return written
