"""What goes wrong in the middle of things."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import psycopg

from isthmus import embedded
from isthmus.domain.properties import MOST_PROPERTIES
from journeys.cli.test_stopping import RUN, WRITER_LOCK, session
from journeys.processes import Isthmus

LONG = """\
properties:
  - {key: email, label: E-mail, type: email, identifier: true, normalise: lowercase}
  - {key: last_name, label: Last name, type: text}
  - {key: story, label: Story, type: text}
segments:
  - key: named
    name: With an e-mail
    where: {not: {property: email, is_empty: true}}
connections:
  - key: long
    name: Long texts
    settle_seconds: 0
    authorization:
      flow: client_credentials
      login_url: ${LOCALORG_URL}
      client_id: localorg
      client_secret: ${LOCALORG_SECRET}
    goals:
      - key: contacts_in
        import: Contact
        match: [{field: Email, identifier: email}]
        create_profiles: true
        fields:
          - {field: LastName, property: last_name}
          - {field: Description, property: story}
      - key: contacts_out
        export: Contact
        segment: named
        match: {identifier: email, field: Email}
        fields:
          - {field: Isthmus_Id__c, identifier: profile_id}
          - {field: Department, property: story}
"""


def test_a_database_that_goes_away_in_the_middle_loses_nothing(ready: Isthmus) -> None:
    with session(ready) as blocking, ready.start(*RUN) as run:
        blocking.execute(WRITER_LOCK)
        run.wait_for("leads_in: matching and merging")
        process_id = embedded.status(ready.home).process_id
        assert process_id is not None
        with suppress(psycopg.OperationalError):
            os.kill(process_id, signal.SIGKILL)
        ended = run.end()
        # The session that held the lock has lost its server too.
        with suppress(psycopg.OperationalError):
            blocking.execute("SELECT 1")

    assert ended.status == 1, ended
    assert "database" in ended.err
    assert "Traceback" not in ended.err
    ready.expect(*RUN)
    second, first = ready.json("connection", "runs", "acme")["runs"]
    assert (first["state"], second["state"]) == ("finished", "finished")
    assert first["goals"][0]["created"] == ready.json("profiles", "count")["profiles"] > 0
    assert second["goals"][0]["created"] == 0


def test_a_text_that_is_too_long_is_a_problem_of_its_field_and_the_rest_goes(
    acme: Isthmus, place: Path
) -> None:
    document = place / "long.yaml"
    document.write_text(LONG)
    acme.expect("config", "apply", str(document))
    run = acme.json("connection", "run", "long", status=3)
    written = run["goals"][1]

    assert written["updated"] > 0
    assert written["problems"] > 0
    log = acme.expect("connection", "log", "long", "--problems").out
    assert "too_long" in log
    assert "Department takes at most 80 characters" in log
    # Sent again, everything that fits is known already.
    assert acme.json("connection", "run", "long", status=3)["goals"][1]["updated"] == 0


def test_the_301st_property_is_refused_and_none_of_the_document_is_applied(
    isthmus: Isthmus, place: Path
) -> None:
    document = place / "many.yaml"
    lines = [f"  - {{key: p{n}, label: P{n}, type: text}}" for n in range(MOST_PROPERTIES + 1)]
    document.write_text("\n".join(["properties:", *lines, ""]))
    ended = isthmus.expect("config", "apply", str(document), status=2)

    assert f"many.yaml:{MOST_PROPERTIES + 2}:" in ended.err
    assert str(MOST_PROPERTIES) in ended.err
    assert "key: p0" not in isthmus.expect("config", "export").out
