"""The log of a run: one CSV, streamed, with everything that is known of each problem."""

import csv
import io

from isthmus.connections import executing, queueing, reading
from isthmus.connections.executing import Worker
from isthmus.connections.models import EXPORT, IMPORT, Run
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import
from named.world import READ, WRITE, World

ENGINES = {IMPORT: run_import, EXPORT: run_export}
COLUMNS = ["time", "level", "goal", "record id", "profile id", "field", "code", "message"]


def log_of(run: Run, *, problems_only: bool = False) -> list[dict[str, str]]:
    text = b"".join(
        map(bytes, reading.log_csv(run, reading.LogView(problems_only=problems_only)))
    ).decode()
    lines = csv.DictReader(io.StringIO(text, newline=""))
    assert lines.fieldnames == COLUMNS
    return list(lines)


def test_the_log_is_a_csv_with_record_profile_field_code_and_salesforces_words(
    world: World,
) -> None:
    profile_id = world.add_profile(email="a@x.co", name="Doe", title="Refused", total=2**63 - 1)
    (lead,) = world.add("Lead", {"Email": "a@x.co", "Title": 'Refused,\n"q"', "Total__c": 1})
    world.change_profile(profile_id, title=None)
    world.goal(READ)
    world.add_profile(email="b@x.co", name="Doe", title="Refused")
    world.goal(WRITE)
    queueing.ask(world.connection)
    (run,) = executing.work_off(world.connection, Worker(engines=ENGINES))
    lines = log_of(run, problems_only=True)
    problems = {line["code"]: line for line in lines if line["field"]}
    assert problems["sum_too_large"]["record id"] == lead
    assert problems["sum_too_large"]["profile id"] == str(profile_id)
    assert problems["sum_too_large"]["field"] == "Total__c"
    refused = problems["FIELD_CUSTOM_VALIDATION_EXCEPTION"]
    assert (refused["level"], refused["goal"], refused["field"]) == ("error", "leads_out", "Title")
    assert refused["message"] == "Nobody has the title Refused."
    lines = log_of(run)
    assert (lines[0]["code"], lines[-1]["code"]) == ("started", "problems")
    assert len(lines) > len(problems)


def test_a_long_log_comes_in_pieces_and_not_as_a_whole(world: World) -> None:
    world.add_leads(1)
    world.goal(READ)
    queueing.ask(world.connection)
    (run,) = executing.work_off(world.connection, Worker(engines=ENGINES))
    world.store.execute(
        """INSERT INTO store.run_problem (run_goal, record_id, field, code, message)
        SELECT id, 'r' || n, 'Title', 'too_long', repeat('words ', 20)
        FROM connections_rungoal CROSS JOIN generate_series(1, 20000) AS n"""
    )
    pieces = reading.log_csv(run)
    sizes = [len(piece) for piece in pieces]
    assert sum(sizes) > 2_000_000
    assert max(sizes) < 100_000
