"""The set-up as one document: plan, apply, export."""

import json
from pathlib import Path

from journeys.processes import Isthmus


def exported(isthmus: Isthmus) -> str:
    return isthmus.expect("config", "export").out


def test_a_plan_is_pending_until_it_is_applied(acme: Isthmus, document: Path) -> None:
    planned = acme.expect("config", "plan", str(document), status=2)
    assert "add goal acme/leads_in" in planned.out.splitlines()
    assert "add connection" not in exported(acme)

    applied = acme.expect("config", "apply", str(document))
    assert applied.out == planned.out

    assert acme.expect("config", "plan", str(document)).err == "Nothing would change.\n"
    before = exported(acme)
    again = acme.expect("config", "apply", str(document))
    assert "Nothing had to change." in again.err
    assert exported(acme) == before


def test_a_plan_shows_one_changed_row_and_what_is_left_alone(
    ready: Isthmus, document: Path
) -> None:
    text = document.read_text().replace(
        "{field: Title, property: title}", "{field: Title, property: title, rule: set_if_empty}"
    )
    segments, connections = text.index("segments:"), text.index("connections:")
    document.write_text(text[:segments] + text[connections:])

    planned = ready.expect("config", "plan", str(document), status=2)

    assert planned.out.splitlines() == [
        (
            "change goal acme/leads_in: Title → title: rule 'set', keep_when_empty false → "
            "rule 'set_if_empty', keep_when_empty false"
        ),
        "left alone property salesforce_objecttype",
        "left alone segment reachable",
    ]
    assert planned.err == (
        "acme: not checked against Salesforce: nobody has signed in to Salesforce yet.\n"
        "1 thing would change.\n"
    )


def test_the_export_of_one_store_sets_up_another(
    ready: Isthmus, place: Path, home_template: Path
) -> None:
    file = place / "exported.yaml"
    said = ready.expect("config", "export", "--output", str(file))
    assert said.out == ""
    assert "shared-with-nobody" not in file.read_text()
    secrets = ready.set(ACME_CLIENT_SECRET="shared-with-nobody")

    assert "Nothing would change" in secrets.expect("config", "plan", str(file)).err

    other = Isthmus(home=place / "other", environment=secrets.environment)
    other.expect("config", "apply", str(file))
    assert other.expect("config", "export").out == file.read_text()
    other.expect("connection", "check", "acme")


def test_an_export_goes_through_a_pipe_into_a_plan(ready: Isthmus) -> None:
    text = exported(ready)

    planned = ready.set(ACME_CLIENT_SECRET="shared-with-nobody").run(
        "config", "plan", "-", stdin=text
    )

    assert (planned.status, planned.out) == (0, "")


def test_the_set_up_as_json_is_a_document_too(ready: Isthmus, place: Path) -> None:
    file = place / "store.json"
    file.write_text(json.dumps(ready.json("config", "export")))

    planned = ready.set(ACME_CLIENT_SECRET="shared-with-nobody").json("config", "plan", str(file))

    assert planned == {"changes": [], "untouched": [], "notes": []}


def test_plan_and_apply_tell_programs_what_changes(acme: Isthmus, document: Path) -> None:
    planned = acme.json("config", "plan", str(document), status=2)
    applied = acme.json("config", "apply", str(document))

    assert applied == planned
    assert {"add"} == {change["kind"] for change in planned["changes"]}
    (authorization,) = (each for each in planned["changes"] if each["what"] == "authorization")
    assert authorization["after"]["client_secret"] == "(secret)"
