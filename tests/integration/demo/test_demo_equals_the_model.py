"""The demo's own blueprint and org: store and org end up as the plain model makes them."""

import csv
import io
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from psycopg import Connection, sql

from integration.demo.indexed import IndexedImporting, IndexedStore
from isthmus.cli.demo import org as demo_org
from isthmus.cli.demo import story
from isthmus.connections.models import Connection as OrgConnection
from isthmus.connections.models import Goal
from isthmus.connections.runs import Silent
from isthmus.connections.sign_in import signed_in
from isthmus.domain.goals import ImportGoal
from isthmus.importing.fields import Columns
from isthmus.profiles import properties
from isthmus.salesforce import Salesforce
from model.store import ProfileNumber

SIZE = int(os.environ.get("ISTHMUS_DEMO_TEST_SIZE", "800"))
"""Leads of the org. The demo's own size is 20,000."""

Row = Mapping[str, str | None]

COUNTRIES = {"germany", "deutschland", "france", "netherlands", "nederland"}
ENOUGH_POINTS = 500


@pytest.fixture
def org(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[demo_org.DemoOrg]:
    monkeypatch.setenv("ISTHMUS_SALESFORCE_HOSTS", "")
    with demo_org.running_org(tmp_path / "org.db", SIZE) as running:
        yield running


def rows_of(salesforce: Salesforce, sobject: str, fields: list[str], where: str = "") -> list[Row]:
    """All records, deleted ones too, read by csv and not by the engine."""
    condition = f" WHERE {where}" if where else ""
    soql = f"SELECT {', '.join(fields)} FROM {sobject}{condition}"  # noqa: S608 - fixed names
    job = salesforce.bulk_query.create(soql, deleted=True)
    salesforce.bulk_query.wait(job.id)
    found: list[Row] = []
    for page in salesforce.bulk_query.pages(job.id):
        with salesforce.bulk_query.page(job.id, page.locator) as opened:
            text = b"".join(opened.chunks()).decode()
        reader = csv.DictReader(io.StringIO(text, newline=""))
        found += [{name: value or None for name, value in row.items()} for row in reader]
    return found


def goals(direction: str) -> list[Goal]:
    return list(Goal.objects.filter(direction=direction))


def import_goal(row: Goal) -> ImportGoal:
    assert isinstance(row.definition, ImportGoal)
    return row.definition


def modelled_import(salesforce: Salesforce) -> tuple[IndexedStore, dict[str, Counter[str]]]:
    """What the plain model makes of the org's records."""
    store = IndexedStore(properties=properties.definitions())
    counts = {}
    rows = goals("import")
    for row in rows:
        goal = import_goal(row)
        columns = Columns(salesforce, goal.object.sobject)
        for name in ("Id", "SystemModstamp", "IsDeleted", *goal.object.required):
            columns.add(name)
        named = [each.field for each in goal.match] + [each.field for each in goal.fields]
        for name in named:
            columns.add(name)
        importing = IndexedImporting(
            store=store,
            goal=goal,
            version=row.version,
            field_types={column.field: column.type for column in columns},
            timezone="Europe/Amsterdam",
            goals=tuple(other.key for other in rows),
        )
        fields = [column.field for column in columns]
        results = importing.run(
            rows_of(salesforce, goal.object.sobject, fields, goal.object.person_filter)
        )
        counts[goal.key] = Counter(each.reason or each.outcome for each in results)
    return store, counts


def stored_profiles(store: Connection[Any]) -> dict[UUID, dict[str, Any]]:
    keys = list(properties.definitions())
    columns = sql.SQL(", ").join(sql.Identifier(f"p_{key}") for key in keys)
    rows = store.execute(sql.SQL("SELECT profile_id, {} FROM store.profile").format(columns))
    return {
        profile_id: {key: v for key, v in zip(keys, values, strict=True) if v is not None}
        for profile_id, *values in rows
    }


def profile_ids(store: Connection[Any], model: IndexedStore) -> dict[ProfileNumber, UUID]:
    """Which of the store's profiles is which of the model's, told by their links."""
    keys = dict(Goal.objects.values_list("id", "key"))
    rows = store.execute(
        "SELECT record_id, goal, profile_id FROM store.record_link WHERE profile_id IS NOT NULL"
    )
    found: dict[ProfileNumber, UUID] = {}
    for record_id, goal, profile_id in rows:
        number = model.links[record_id, keys[goal]].profile
        assert number is not None
        assert found.setdefault(number, profile_id) == profile_id
    return found


@pytest.mark.usefixtures("store")
def test_the_demo_leaves_store_and_org_as_the_plain_model_does(
    store: Connection[Any], org: demo_org.DemoOrg
) -> None:
    story.set_up(org)
    connection = OrgConnection.objects.get(key="demo")
    with signed_in(connection) as salesforce:
        model, expected = modelled_import(salesforce)
        chapter = story.run("first_import", "", story.IMPORTS, Silent())
        assert {goal["goal"]: told(goal) for goal in chapter.goals} == expected

        ids = profile_ids(store, model)
        assert stored_profiles(store) == {
            ids[number]: dict(values) for number, values in model.profiles.items()
        }

        check_export(store, salesforce, model, ids)

    # What the export wrote comes back: new contacts are known by their links and gain their ids.
    time.sleep(story.SETTLED_SECONDS)
    again = story.run("second", "", (*story.IMPORTS, *story.EXPORTS), Silent())
    assert all(told(goal).keys() <= {"unchanged", "updated", "ambiguous"} for goal in again.goals)
    before = dump(store)
    quiet = story.run("third", "", (*story.IMPORTS, *story.EXPORTS), Silent())
    assert all(told(goal).keys() <= {"unchanged", "ambiguous"} for goal in quiet.goals)
    assert dump(store) == before


def told(goal: Mapping[str, Any]) -> Counter[str]:
    """A goal's counts by outcome or reason."""
    names = ("created", "updated", "unchanged", "removed")
    whole = Counter({name: goal[name] for name in names if goal[name]})
    return whole + Counter(goal["skipped"]) + Counter(goal["failed"])


def dump(store: Connection[Any]) -> list[Any]:
    """Profiles with their stamps, identifiers and links, as they are."""
    return [
        sorted(map(str, store.execute(statement).fetchall()))
        for statement in (
            "SELECT * FROM store.profile",
            "SELECT * FROM store.identifier",
            (
                "SELECT record_id, goal, profile_id, hash, reason, sent, sent_at "
                "FROM store.record_link"
            ),
        )
    ]


# What the export has to leave in the org, worked out on dicts.


def check_export(
    store: Connection[Any],
    salesforce: Salesforce,
    model: IndexedStore,
    ids: dict[ProfileNumber, UUID],
) -> None:
    fields = {
        "Contact": list(exported({}, UUID(int=0))),
        "Account": ["Isthmus_Id__c", "Segments__pc"],
    }
    before = {name: contents(salesforce, name, fields[name]) for name in fields}
    chapter = story.run("export", "", story.EXPORTS, Silent())
    after = {name: contents(salesforce, name, fields[name]) for name in fields}

    counts, contacts, created = expected_contacts(model, ids, before["Contact"])
    assert told(chapter.goals[0]) == counts
    assert {key: after["Contact"][key] for key in before["Contact"]} == contacts
    made = [values for key, values in after["Contact"].items() if key not in before["Contact"]]
    assert sorted(map(str, made)) == sorted(map(str, created))

    counts, persons = expected_persons(model, ids, before["Account"])
    assert told(chapter.goals[1]) == counts
    assert after["Account"] == persons


def contents(
    salesforce: Salesforce, sobject: str, fields: list[str]
) -> dict[str, dict[str, str | None]]:
    condition = "IsDeleted = false AND IsPersonAccount = " + str(sobject == "Account").lower()
    rows = rows_of(salesforce, sobject, ["Id", *fields], condition)
    return {str(row["Id"]): {name: row[name] for name in fields} for row in rows}


def exported(values: Mapping[str, Any], profile_id: UUID) -> dict[str, str | None]:
    """The fields of a reader's contact."""
    return {
        "FirstName": values.get("first_name"),
        "LastName": values.get("last_name"),
        "Email": values.get("email"),
        "Title": values.get("title"),
        "MailingCountry": values.get("country"),
        "Newsletter__c": "true",
        "Isthmus_Id__c": str(profile_id),
        "Segments__c": "Newsletter readers",
    }


def links_by_profile(model: IndexedStore, goal: str) -> dict[ProfileNumber, list[str]]:
    found: dict[ProfileNumber, list[str]] = {}
    for (record_id, key), link in model.links.items():
        if key == goal and link.profile is not None and link.gone is None:
            found.setdefault(link.profile, []).append(record_id)
    return found


def expected_contacts(
    model: IndexedStore,
    ids: dict[ProfileNumber, UUID],
    before: dict[str, dict[str, str | None]],
) -> tuple[Counter[str], dict[str, Any], list[dict[str, str | None]]]:
    counts: Counter[str] = Counter()
    after = {key: dict(values) for key, values in before.items()}
    created = []
    links = links_by_profile(model, "contacts_in")
    owners = {record_id: number for number, records in links.items() for record_id in records}
    by_email: dict[str, list[str]] = {}
    for record_id, values in before.items():
        by_email.setdefault(str(values["Email"]).lower(), []).append(record_id)
    for number, values in model.profiles.items():
        country = str(values.get("country")).lower()
        if not (values.get("newsletter") and country in COUNTRIES and values.get("email")):
            continue
        records = links.get(number) or by_email.get(str(values["email"]), [])
        news = exported(values, ids[number])
        if len(records) > 1 or (records and owners.get(records[0], number) != number):
            counts["ambiguous"] += 1
        elif records:
            counts["updated"] += 1
            after[records[0]] |= {name: value for name, value in news.items() if value is not None}
        else:
            counts["created"] += 1
            created.append(news)
    return counts, after, created


def expected_persons(
    model: IndexedStore,
    ids: dict[ProfileNumber, UUID],
    before: dict[str, dict[str, str | None]],
) -> tuple[Counter[str], dict[str, Any]]:
    counts: Counter[str] = Counter()
    after = {key: dict(values) for key, values in before.items()}
    links = links_by_profile(model, "persons_in")
    for number, values in model.profiles.items():
        types = values.get("salesforce_objecttype", [])
        if "Person" not in types or values.get("points", 0) < ENOUGH_POINTS:
            continue
        records = links[number]
        if len(records) > 1:
            counts["ambiguous"] += 1
            continue
        counts["updated"] += 1
        after[records[0]] |= {"Isthmus_Id__c": str(ids[number]), "Segments__pc": "Loyal"}
    return counts, after


def test_every_goal_of_the_blueprint_is_played() -> None:
    played = {*story.IMPORTS, *story.EXPORTS}
    text = Path(story.__file__).with_name("blueprint.yaml").read_text(encoding="utf-8")
    assert all(f"- key: {key}" in text for key in played)
    assert text.count("import: ") + text.count("export: ") == len(played)
