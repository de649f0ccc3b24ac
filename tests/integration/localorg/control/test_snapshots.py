import threading
from pathlib import Path
from typing import Any

from integration.localorg.control.test_control import post
from integration.localorg.org_client import OrgClient, V, serving
from localorg.clock import Clock
from localorg.org import Org
from localorg.schema import Schema, standard_schema
from localorg.settings import Settings
from localorg.setup_file import org_schema, parse
from localorg.store import Store

SMALL = {"leads": 30, "contacts": 12, "persons": 6, "cases": 5}


def query(client: OrgClient, text: str) -> list[dict[str, Any]]:
    answer = client.call("GET", f"{V}/query?q={text.replace(' ', '+')}")
    assert answer.status == 200, answer.text
    records: list[dict[str, Any]] = answer.json["records"]
    for record in records:
        record.pop("attributes")
    return records


def names(client: OrgClient) -> list[str]:
    return [row["LastName"] for row in query(client, "SELECT LastName FROM Lead ORDER BY Id")]


def insert(client: OrgClient, name: str) -> str:
    return client.insert("Lead", LastName=name, Company="C")


def test_a_snapshot_brings_records_ids_and_clock_back(client: OrgClient) -> None:
    insert(client, "A")
    taken = client.send("POST", "/_localorg/snapshots/before")
    assert (taken.status, taken.json["now"]) == (201, "2026-01-31T12:00:00.000Z")
    later = insert(client, "B")
    post(client, "/clock", advance_seconds=3600)
    assert post(client, "/snapshots/before/restore").status == 200
    assert names(client) == ["A"]
    assert client.send("GET", "/_localorg/clock").json["now"] == "2026-01-31T12:00:00.000Z"
    assert insert(client, "C") == later


def test_a_snapshot_can_be_restored_often(client: OrgClient) -> None:
    insert(client, "A")
    post(client, "/snapshots/s")
    for name in "XYZ":
        insert(client, name)
        post(client, "/snapshots/s/restore")
        assert names(client) == ["A"]


def test_snapshots_are_listed_replaced_and_deleted(client: OrgClient) -> None:
    for name in ("b", "a", "b"):
        insert(client, name)
        client.send("PUT", f"/_localorg/snapshots/{name}")
    listed = client.send("GET", "/_localorg/snapshots").json["snapshots"]
    assert [entry["name"] for entry in listed] == ["a", "b"]
    assert client.send("DELETE", "/_localorg/snapshots/a").status == 204
    missing = post(client, "/snapshots/a/restore")
    assert (missing.status, missing.code) == (400, "INVALID_CONTROL")
    assert missing.message == "There is no snapshot 'a'. There are: b."
    wrong = post(client, "/snapshots/..%2Fa")
    assert wrong.status in {400, 404}
    assert "is no name for a snapshot" in post(client, "/snapshots/-").message
    post(client, "/snapshots/b/restore")
    assert names(client) == ["b", "a", "b"]


def test_open_cursors_and_late_commits_end_with_a_restore(client: OrgClient) -> None:
    records = [{"attributes": {"type": "Lead"}, "LastName": "L", "Company": "C"}] * 200
    for _ in range(2):
        client.call("POST", V + "/composite/sobjects", {"records": records})
    post(client, "/snapshots/s")
    headers = {"sforce-query-options": "batchSize=200"}
    page = client.call("GET", V + "/query?q=SELECT+Id+FROM+Lead", headers=headers).json
    post(client, "/activity", object="Lead", count=1, commit_after_seconds=60)
    post(client, "/snapshots/s/restore")
    assert client.call("GET", page["nextRecordsUrl"]).code == "INVALID_QUERY_LOCATOR"
    assert client.send("GET", "/_localorg/transactions").json["transactions"] == []


def test_a_reader_sees_all_of_the_old_rows_or_all_of_the_new_ones(
    client: OrgClient, org: Org
) -> None:
    post(client, "/reset", **SMALL)
    post(client, "/snapshots/full")
    post(client, "/reset")
    seen, stop = set(), threading.Event()

    def look() -> None:
        while not stop.is_set():
            with org.store.read() as connection:
                statement = (
                    "SELECT (SELECT count(*) FROM Lead), (SELECT count(*) FROM Contact), "
                    '(SELECT count(*) FROM "Case")'
                )
                seen.add(connection.execute(statement).fetchone())

    reader = threading.Thread(target=look)
    reader.start()
    for _ in range(5):
        post(client, "/snapshots/full/restore")
        post(client, "/reset")
    stop.set()
    reader.join()
    assert seen <= {(0, 0, 0), (30, 18, 5)}


def test_a_reset_repeats_exactly(client: OrgClient) -> None:
    everything = "SELECT Id, LastName, CreatedDate, SystemModstamp FROM Lead ORDER BY Id"

    def fresh() -> tuple[list[dict[str, Any]], str]:
        order = {"seed": 7, "now": "2026-02-01T00:00:00Z", "freeze": True}
        assert post(client, "/reset", **SMALL, **order).status == 200
        return query(client, everything), insert(client, "New")

    first = fresh()
    post(client, "/clock", advance_seconds=99)
    assert len(first[0]) >= 25
    assert fresh() == first
    assert client.send("GET", "/_localorg/clock").json == {
        "now": "2026-02-01T00:00:00.000Z",
        "ahead_seconds": 43200.0,
        "frozen": True,
    }


def test_a_reset_without_numbers_leaves_an_empty_org_and_the_session(client: OrgClient) -> None:
    insert(client, "A")
    post(client, "/clock", advance_seconds=60)
    assert post(client, "/reset").json["now"] == "2026-01-31T12:00:00.000Z"
    assert names(client) == []
    assert query(client, "SELECT Username FROM User WHERE IsActive = true LIMIT 1")


def test_an_empty_org_can_be_seeded_and_no_other(client: OrgClient) -> None:
    assert post(client, "/seed", **SMALL, seed=3).status == 200
    counted = client.call("GET", V + "/query?q=SELECT+COUNT()+FROM+Contact").json["totalSize"]
    assert counted > 0
    again = post(client, "/seed", leads=1)
    assert (again.status, again.code) == (400, "INVALID_CONTROL")
    assert "only an empty one can be seeded" in again.message
    for wrong in (-1, 10_000_001, 10**9):
        expected = f"'leads' has to be 0 to 10000000; it is {wrong}."
        assert post(client, "/reset", leads=wrong).message == expected
        assert post(client, "/seed", leads=wrong).message == expected


def test_a_snapshot_of_another_schema_is_refused_and_changes_nothing(tmp_path: Path) -> None:
    text = "objects:\n  Lead:\n    fields:\n      - {name: Shoe_Size__c, type: int}\n"
    setup = parse(text, "org.yaml")

    def opened(schema: Schema) -> Org:
        return Org(Store(tmp_path / "org.db", schema), Clock(), Settings(control=True))

    with serving(opened(standard_schema())) as client:
        client.sign_in()
        post(client, "/snapshots/old")
    with serving(opened(org_schema(setup))) as client:
        client.sign_in()
        insert(client, "A")
        refused = post(client, "/snapshots/old/restore")
        assert (refused.status, refused.code) == (400, "INVALID_CONTROL")
        assert "made with another schema: Lead differs in Shoe_Size__c" in refused.message
        assert names(client) == ["A"]
        insert(client, "B")


def test_a_kept_orgs_snapshots_are_there_the_next_day(tmp_path: Path) -> None:
    def opened() -> Org:
        return Org(Store(tmp_path / "org.db", standard_schema()), Clock(), Settings(control=True))

    with serving(opened()) as client:
        client.sign_in()
        insert(client, "A")
        post(client, "/snapshots/kept")
        insert(client, "B")
    with serving(opened()) as client:
        client.sign_in()
        assert names(client) == ["A", "B"]
        post(client, "/snapshots/kept/restore")
        assert names(client) == ["A"]
    with serving(opened()) as client:
        client.sign_in()
        assert names(client) == ["A"]
