"""A reset or a restored snapshot takes the jobs along, running ones too."""

from integration.localorg.bulk_ingest.ingest import JOBS, close, create, run, successful, upload
from integration.localorg.org_client import OrgClient, V
from localorg.org import Org

MANY = "LastName,Company\n" + "L,C\n" * 30_000


def leads(client: OrgClient) -> int:
    answer = client.call("GET", f"{V}/limits/recordCount?sObjects=Lead").json
    count: int = answer["sObjects"][0]["count"]
    return count


def test_a_reset_ends_running_jobs_and_what_they_wrote(client: OrgClient, org: Org) -> None:
    run(client, "LastName,Company\nL,C\n")
    job = create(client)
    upload(client, job, MANY)
    close(client, job)
    assert client.send("POST", "/_localorg/reset", body=b"{}").status in {200, 204}
    client.sign_in()
    assert client.call("GET", JOBS).json["records"] == []
    assert client.call("GET", f"{JOBS}/{job['id']}").status == 404
    org.ingest_worker.submit(int).result(20)
    assert leads(client) == 0
    assert not list((org.store.folder / "ingest").iterdir())
    again = run(client, "LastName,Company\nM,C\n")
    assert [row["LastName"] for row in successful(client, again)] == ["M"]
    assert leads(client) == 1


def test_a_snapshot_that_is_put_back_takes_later_records_away(client: OrgClient) -> None:
    run(client, "LastName,Company\nL,C\n")
    assert client.send("PUT", "/_localorg/snapshots/one").status < 300
    job = run(client, "LastName,Company\nM,C\nN,C\n")
    assert leads(client) == 3
    restored = client.send("POST", "/_localorg/snapshots/one/restore")
    assert restored.status < 300, restored.text
    assert leads(client) == 1
    assert client.call("GET", f"{JOBS}/{job['id']}").status == 404
