"""The set-up goes into a real store and comes out of it the same."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.db import connection as database
from django.db import connections

from isthmus import blueprint
from isthmus.connections import models, secrets
from isthmus.connections.authorizations import seal_again
from isthmus.connections.tokens import Stored
from isthmus.domain import schedules
from isthmus.profiles.models import Property, Segment
from isthmus.salesforce import ClientCredentials

pytestmark = pytest.mark.usefixtures("store")

ENVIRONMENT = {"ACME_SECRET": "open sesame", "ACME_CLIENT_SECRET": "open sesame"}
DOCUMENT = """
properties:
  - {key: email, label: Email, type: email, identifier: true, normalise: lowercase}
  - {key: title, label: Title, type: text}
  - {key: sources, label: Lead sources, type: text, list: true}
segments:
  - {key: all_known, where: {property: email, is_empty: false}}
connections:
  - key: acme
    name: Acme
    authorization:
      flow: client_credentials
      login_url: https://acme.my.salesforce.com
      client_id: id
      client_secret: ${ACME_SECRET}
    goals:
      - key: leads_in
        import: Lead
        match: [{field: Email, identifier: email}]
        create_profiles: true
        fields:
          - {field: Title, property: title}
          - {field: LeadSource, property: sources, rule: add}
      - key: contacts_out
        export: Contact
        segment: all_known
        match: {field: Email, identifier: email}
        fields: [{field: Title, property: title}]
"""
CONNECTION = DOCUMENT[DOCUMENT.index("connections:") :]


@pytest.fixture(autouse=True)
def _secret_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", secrets.new_key())


def document(text: str, environment: Mapping[str, str] = ENVIRONMENT) -> blueprint.Document:
    return blueprint.read(text, name="test", environment=environment)


def apply(text: str, environment: Mapping[str, str] = ENVIRONMENT) -> list[str]:
    plan = blueprint.apply(document(text, environment))
    return [f"{change.kind} {change.what} {change.key}" for change in plan.changes]


def goal(key: str = "leads_in") -> models.Goal:
    return models.Goal.objects.get(connection__key="acme", key=key)


def way() -> object:
    """What the client signs in with."""
    return Stored(row=models.Authorization.objects.values().get()).way


def columns() -> set[str]:
    with database.cursor() as cursor:
        cursor.execute(
            "SELECT attname FROM pg_attribute WHERE attrelid = 'store.profile'::regclass "
            "AND attnum > 0 AND NOT attisdropped"
        )
        return {name for (name,) in cursor.fetchall()}


def test_the_plan_says_what_applying_does_and_applying_leaves_nothing_to_plan() -> None:
    planned = blueprint.plan(document(DOCUMENT))
    assert blueprint.apply(document(DOCUMENT)) == planned
    assert len(planned.changes) == 9
    assert not blueprint.plan(document(DOCUMENT)).pending
    assert apply(DOCUMENT) == []


def test_planning_writes_nothing() -> None:
    blueprint.plan(document(DOCUMENT))
    assert not Property.objects.exists()
    assert not models.Connection.objects.exists()


def test_all_that_the_document_says_is_in_the_store() -> None:
    apply(DOCUMENT)
    acme = models.Connection.objects.get(key="acme")
    assert (acme.name, acme.active, acme.timezone, acme.overlap_seconds) == (
        "Acme",
        True,
        "UTC",
        600,
    )
    assert [(each.key, each.direction, each.version) for each in acme.goals.all()] == [
        ("leads_in", "import", 1),
        ("contacts_out", "export", 1),
    ]
    asked = document(DOCUMENT).connections[0].goals
    assert tuple(each.definition for each in acme.goals.all()) == asked
    assert Segment.objects.get(key="all_known").where == {"property": "email", "is_empty": False}
    assert {"p_email", "p_title", "p_sources", "p_salesforce_objecttype"} <= columns()


def test_the_object_type_property_is_made_once_and_then_left_as_it_is() -> None:
    apply(DOCUMENT)
    made = Property.objects.get(key="salesforce_objecttype")
    assert (made.label, made.type, made.list) == ("Salesforce Objecttype", "text", True)
    Property.objects.filter(key="salesforce_objecttype").update(label="Kind")
    assert apply(DOCUMENT) == []
    assert Property.objects.get(key="salesforce_objecttype").label == "Kind"


def test_the_secret_is_sealed_and_opens_as_credentials() -> None:
    apply(DOCUMENT)
    authorization = models.Authorization.objects.get()
    assert b"sesame" not in bytes(authorization.sealed_secret)
    signing_in = way()
    assert isinstance(signing_in, ClientCredentials)
    assert signing_in.client_secret == "open sesame"
    assert signing_in.login_url == "https://acme.my.salesforce.com"


DAILY = schedules.read({"times_a_day": 1})


def test_a_new_connection_runs_once_a_day_and_a_schedule_that_is_not_named_stays() -> None:
    apply(DOCUMENT)
    assert models.Connection.objects.get().schedule == {"times_a_day": 1}
    named = CONNECTION.replace("    goals:", "    schedule: {by_hand: true}\n    goals:", 1)
    assert apply(named) == ["change connection acme"]
    row = models.Connection.objects.get()
    assert (row.schedule, row.due_at) == ({"by_hand": True}, None)
    assert apply(DOCUMENT) == []
    row.refresh_from_db()
    assert row.schedule == {"by_hand": True}


def test_what_a_schedule_depends_on_works_out_anew_when_it_is_due() -> None:
    def due_after(**changed: str) -> datetime | None:
        text = CONNECTION
        for key, value in changed.items():
            text = text.replace("    goals:", f"    {key}: {value}\n    goals:", 1)
        apply(text)
        return models.Connection.objects.get().due_at

    apply(DOCUMENT)
    assert due_after(active="false") is None
    first = due_after(active="true", schedule="{day: 31, at: ['06:00']}")
    assert first is not None  # It never ran, so it is due at once.
    models.Run.objects.create(connection=models.Connection.objects.get(), number=1)
    late = "{day: 31, at: ['06:30']}"
    second = due_after(schedule=late)
    assert second is not None
    assert second > first
    assert (second.hour, second.minute) == (6, 30)
    there = due_after(schedule=late, timezone="Asia/Kolkata")
    assert there is not None
    assert (there.hour, there.minute) == (1, 0)
    assert due_after(schedule=late, timezone="Asia/Kolkata", active="false") is None


def test_what_is_exported_is_the_set_up() -> None:
    apply(DOCUMENT)
    exported = blueprint.export()
    assert "sesame" not in exported
    assert apply(exported) == []
    again = document(exported)
    asked = [replace(each, schedule=DAILY) for each in document(DOCUMENT).connections]
    assert list(again.connections) == asked
    assert again.segments == document(DOCUMENT).segments
    assert [each.key for each in again.properties] == [
        "email",
        "title",
        "sources",
        "salesforce_objecttype",
    ]
    assert blueprint.export() == exported


def test_what_was_exported_puts_back_what_was_deleted_since() -> None:
    apply(DOCUMENT)
    exported = blueprint.export()
    models.Connection.objects.all().delete()
    models.Authorization.objects.all().delete()
    Segment.objects.all().delete()
    apply(exported)
    assert blueprint.export() == exported


def test_what_the_document_does_not_name_is_left_alone() -> None:
    apply(DOCUMENT)
    before = blueprint.export()
    plan = blueprint.apply(document("properties: [{key: city, label: City, type: text}]"))
    assert [str(each) for each in plan.untouched] == [
        "left alone property email",
        "left alone property title",
        "left alone property sources",
        "left alone property salesforce_objecttype",
        "left alone segment all_known",
        "left alone connection acme",
    ]
    added = "  - {key: city, label: City, type: text}\n"
    assert blueprint.export() == before.replace("segments:\n", f"{added}segments:\n")


def test_a_goal_that_is_not_named_any_more_is_deleted_and_the_next_moves_up() -> None:
    apply(DOCUMENT)
    kept = goal("contacts_out").pk
    leads = CONNECTION[
        CONNECTION.index("      - key: leads_in") : CONNECTION.index("      - key: c")
    ]
    assert apply(CONNECTION.replace(leads, "")) == ["delete goal acme/leads_in"]
    assert list(models.Goal.objects.values_list("pk", "position")) == [(kept, 1)]


def test_a_connection_without_a_word_on_goals_keeps_them() -> None:
    apply(DOCUMENT)
    silent = CONNECTION[: CONNECTION.index("    goals:")].replace("name: Acme", "name: Acme BV")
    assert apply(silent) == ["change connection acme"]
    assert models.Goal.objects.count() == 2


def test_a_connection_without_a_sign_in_goes_in_and_out_and_gets_one_later() -> None:
    signed_out = """
connections:
  - key: acme
    name: Acme
    description: For sales
    active: false
    schedule: {days: [mon, fri], at: ["06:00"], timezone: Asia/Tokyo}
    labels: [CRM, EMEA]
    goals: []
"""
    assert apply(signed_out) == ["add connection acme"]
    row = models.Connection.objects.get()
    assert (row.authorization, row.labels, row.description) == (None, ["CRM", "EMEA"], "For sales")
    assert blueprint.export().endswith(signed_out)
    assert blueprint.export_connection("acme") == blueprint.export()
    assert "connections:" not in blueprint.export_connection("none")
    apply(DOCUMENT)
    row.refresh_from_db()
    assert row.authorization is not None
    assert (row.labels, row.description) == ([], "")
    silent = CONNECTION.replace(
        CONNECTION[CONNECTION.index("    authorization:") : CONNECTION.index("    goals:")], ""
    )
    assert apply(silent) == []
    row.refresh_from_db()
    assert row.authorization is not None


def test_goals_follow_the_order_of_the_document() -> None:
    apply(DOCUMENT)
    start, end = CONNECTION.index("      - key: leads_in"), CONNECTION.index("      - key: c")
    leads, contacts = CONNECTION[start:end], CONNECTION[end:]
    assert apply(CONNECTION[:start] + contacts + leads) == ["change connection acme"]
    in_order = models.Goal.objects.order_by("position").values_list("key", "version")
    assert list(in_order) == [("contacts_out", 1), ("leads_in", 1)]


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("rule: add", "rule: set"),
        ("import: Lead", "import: Contact"),
        ("field: Email, identifier: email}]", "field: Work_Email__c, identifier: email}]"),
        ("create_profiles: true", "create_profiles: false"),
        ("import: Lead\n", "import: Lead\n        object_type_property: title2\n"),
    ],
)
def test_what_is_read_or_mapped_makes_a_new_version(before: str, after: str) -> None:
    apply(DOCUMENT)
    title = "properties: [{key: title2, label: Title, type: text}]\n"
    apply(title + CONNECTION.replace(before, after))
    assert goal().version == 2
    assert goal("contacts_out").version == 1
    apply(title + CONNECTION.replace(before, after))
    assert goal().version == 2


@pytest.mark.parametrize("line", ["name: Leads of Acme", "active: false"])
def test_a_name_or_a_switch_makes_no_new_version(line: str) -> None:
    apply(DOCUMENT)
    changed = CONNECTION.replace("import: Lead\n", f"import: Lead\n        {line}\n")
    assert apply(changed) == ["change goal acme/leads_in"]
    assert goal().version == 1


def test_what_runs_note_of_a_goal_survives_its_change() -> None:
    apply(DOCUMENT)
    until = datetime(2025, 1, 31, tzinfo=UTC)
    models.Goal.objects.filter(key="leads_in").update(
        read_until=until, read_version=1, slots={"Title": 1}
    )
    models.Connection.objects.update(org_id="00D000000000001AAA")
    apply(CONNECTION.replace("rule: add", "rule: set").replace("name: Acme", "name: Acme BV"))
    assert (goal().read_until, goal().read_version, goal().slots) == (until, 1, {"Title": 1})
    assert models.Connection.objects.get().org_id == "00D000000000001AAA"


def test_an_import_that_becomes_an_export_is_another_goal() -> None:
    apply(DOCUMENT)
    old = goal("contacts_out").pk
    start = CONNECTION.index("      - key: c")
    new = (
        "      - {key: contacts_out, import: Contact, match: [{field: Email, identifier: email}], "
        "fields: [{field: Title, property: title}]}\n"
    )
    apply(CONNECTION[:start] + new)
    assert goal("contacts_out").direction == "import"
    assert goal("contacts_out").pk != old


def test_a_new_secret_is_stored_and_no_other_is_made() -> None:
    apply(DOCUMENT)
    environment = {**ENVIRONMENT, "ACME_SECRET": "changed"}
    assert apply(CONNECTION, environment) == ["change authorization acme"]
    assert secrets.unseal(models.Authorization.objects.get().sealed_secret) == "changed"


def test_a_lost_key_is_overcome_by_applying_again(monkeypatch: pytest.MonkeyPatch) -> None:
    apply(DOCUMENT)
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", secrets.new_key())
    with pytest.raises(secrets.SecretUnreadable):
        way()
    assert "${ACME_CLIENT_SECRET}" in blueprint.export()
    assert apply(CONNECTION) == ["change authorization acme"]
    way()


def test_secrets_are_sealed_again_with_a_new_key(monkeypatch: pytest.MonkeyPatch) -> None:
    old, new = secrets.new_key(), secrets.new_key()
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", old)
    apply(DOCUMENT)
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", f"{new},{old}")
    assert seal_again() == 1
    monkeypatch.setenv("ISTHMUS_SECRET_KEY", new)
    assert secrets.unseal(models.Authorization.objects.get().sealed_secret) == "open sesame"


def test_a_document_with_a_problem_changes_nothing_at_all() -> None:
    wrong = DOCUMENT.replace("segment: all_known", "segment: all_unknown")
    with pytest.raises(blueprint.BlueprintInvalid) as caught:
        blueprint.apply(document(wrong))
    assert [problem.line for problem in caught.value.problems] == [26]
    with pytest.raises(blueprint.BlueprintInvalid):
        blueprint.check(document(wrong))
    assert not Property.objects.exists()


def test_a_failure_half_way_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    def full_disk(_: object) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr("isthmus.blueprint.applying.save_property", full_disk)
    with pytest.raises(OSError, match="No space left"):
        blueprint.apply(document(DOCUMENT))
    assert not models.Connection.objects.exists()
    assert not Segment.objects.exists()
    assert "p_email" not in columns()


def test_two_that_apply_at_once_take_turns() -> None:
    def apply_and_part(_: int) -> int:
        try:
            return len(apply(DOCUMENT))
        finally:
            connections.close_all()

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(apply_and_part, range(2))) == [0, 9]


def test_the_example_of_the_documentation_can_be_applied() -> None:
    page = (Path(__file__).parents[3] / "docs" / "blueprint.md").read_text(encoding="utf-8")
    example = page.split("```yaml\n")[1].split("```")[0]
    environment = {"ACME_ID": "id", "ACME_SECRET": "secret"}
    apply(example, environment)
    assert apply(example, environment) == []
