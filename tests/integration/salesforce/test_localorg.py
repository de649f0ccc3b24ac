"""The whole client against the stand-in org, in a process of its own."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import urllib3
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from isthmus.salesforce import (
    BulkJobRefused,
    ClientCredentials,
    ClientSettings,
    Credentials,
    HostPolicy,
    JobState,
    JwtBearer,
    NotFound,
    QueryJob,
    QueryRefused,
    ResultPage,
    Salesforce,
    SchemaChanged,
    SignInRefused,
    parse_row_error,
)

SECRET = "shared-with-nobody"
START = "from localorg.cli import main; main()"
LEADS = 3000


@dataclass(frozen=True)
class LocalOrg:
    url: str
    private_key: str

    @property
    def credentials(self) -> ClientCredentials:
        return ClientCredentials(login_url=self.url, client_id="localorg", client_secret=SECRET)

    def client(self, credentials: Credentials | None = None) -> Salesforce:
        return Salesforce(
            credentials or self.credentials,
            hosts=HostPolicy(frozenset({self.url.removeprefix("http://")})),
            settings=ClientSettings(read_seconds=30, first_pause_seconds=0.01),
        )

    def control(self, method: str, path: str, content: object = None) -> None:
        url = f"{self.url}/_localorg/{path}"
        answer = urllib3.request(method, url, json=content, retries=False)
        assert answer.status < 300, answer.data


@pytest.fixture(scope="module")
def local_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalOrg]:
    key = generate_private_key(public_exponent=65537, key_size=2048)
    public = tmp_path_factory.mktemp("localorg") / "public.pem"
    public.write_bytes(
        key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    with started(public) as process:
        assert process.stdout is not None
        url = process.stdout.readline().split()[-1]
        yield LocalOrg(url, private)
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def started(public: Path) -> subprocess.Popen[str]:
    options = ["--port", "0", "--control", "--exit-with-stdin", "--leads", str(LEADS)]
    app = ["--client-secret", SECRET, "--jwt-certificate", str(public)]
    return subprocess.Popen(
        [sys.executable, "-c", START, "serve", *options, *app],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=dict(os.environ),
    )


@pytest.fixture
def client(local_org: LocalOrg) -> Iterator[Salesforce]:
    with local_org.client() as found:
        yield found


def text(page: ResultPage) -> str:
    return b"".join(page.chunks()).decode()


def lines(page: ResultPage) -> list[str]:
    return text(page).splitlines()


def read_all(client: Salesforce, soql: str) -> tuple[QueryJob, list[str]]:
    """The job and the lines of its pages, without their header rows."""
    bulk = client.bulk_query
    job = bulk.wait(bulk.create(soql, deleted=True).id)
    found: list[str] = []
    for reference in bulk.pages(job.id):
        with bulk.page(job.id, reference.locator) as page:
            rows = lines(page)[1:]
            assert len(rows) == page.records
            found += rows
    return job, found


def write(client: Salesforce, operation: str, csv: str, object_name: str = "Lead") -> str:
    ingest = client.bulk_ingest
    job = ingest.create(object_name, operation)
    assert job.state is JobState.OPEN
    assert ingest.upload(job.id, (line.encode() for line in csv.splitlines(keepends=True)))
    ingest.close(job.id)
    assert ingest.wait(job.id).finished
    return job.id


def test_it_signs_in_with_a_secret_and_tells_org_and_user(
    local_org: LocalOrg, client: Salesforce
) -> None:
    assert client.org_id.startswith("00D")
    assert client.user_id.startswith("005")
    assert client.instance_url == local_org.url
    assert client.calls == 1


def test_it_signs_in_with_a_key(local_org: LocalOrg, client: Salesforce) -> None:
    (user,) = client.query(f"SELECT Username FROM User WHERE Id = '{client.user_id}'")  # noqa: S608
    bearer = JwtBearer(
        login_url=local_org.url,
        client_id="localorg",
        username=user["Username"],
        private_key=local_org.private_key,
    )
    with local_org.client(bearer) as other:
        assert other.user_id == client.user_id


def test_a_wrong_secret_is_refused(local_org: LocalOrg) -> None:
    wrong = ClientCredentials(login_url=local_org.url, client_id="localorg", client_secret="x")
    with (
        local_org.client(wrong) as client,
        pytest.raises(SignInRefused, match=r"invalid_client.*client id and secret"),
    ):
        client.limits()


def test_it_goes_on_after_its_session_was_ended(local_org: LocalOrg, client: Salesforce) -> None:
    assert client.limits()
    local_org.control("DELETE", "sessions")
    assert client.limits()
    assert client.calls == 5


def test_it_gets_through_faults(local_org: LocalOrg, client: Salesforce) -> None:
    page = {"kind": "http", "count": 2, "path": "/limits", "body": "<h1>No</h1>"}
    local_org.control("POST", "faults", {**page, "status": 420, "content_type": "text/html"})
    assert client.limits()["DailyApiRequests"]["Max"] > 0
    assert client.usage is not None
    assert client.usage.maximum == 1_000_000


def test_it_knows_versions_and_time(client: Salesforce) -> None:
    assert "62.0" in client.versions()
    assert abs(client.server_time() - datetime.now(UTC)) < timedelta(minutes=1)


def test_it_describes_objects(client: Salesforce) -> None:
    lead = client.describe("Lead")
    assert lead.key_prefix == "00Q"
    assert lead.field("lastname").required_on_create
    assert not lead.field("Id").updateable
    assert "Web" in {value.value for value in lead.field("LeadSource").picklist_values}
    assert lead.field("OwnerId").reference_to
    assert client.describe("Lead").fields == lead.fields
    with pytest.raises(NotFound):
        client.describe("Nothing__c")


def test_it_queries_counts_and_refuses(client: Salesforce) -> None:
    found = {record["Id"] for record in client.query("SELECT Id FROM Lead")}
    everything = {record["Id"] for record in client.query_all("SELECT Id FROM Lead")}
    assert client.count("SELECT COUNT() FROM Lead") == len(found) > 2000
    assert found < everything
    assert len(everything) >= LEADS
    with pytest.raises(QueryRefused):
        list(client.query("SELEKT Id FROM Lead"))
    with pytest.raises(SchemaChanged, match="Nothing__c"):
        list(client.query("SELECT Nothing__c FROM Lead"))


def test_it_reads_by_bulk_query(client: Salesforce) -> None:
    job, rows = read_all(client, "SELECT Id FROM Lead")
    assert job.records_processed == len(rows) >= LEADS
    assert len(set(rows)) == len(rows)
    assert job.id in {own.id for own in client.bulk_query.jobs()}
    client.bulk_query.delete(job.id)
    with pytest.raises(NotFound):
        client.bulk_query.get(job.id)


def test_a_bulk_query_without_records_has_a_page_without_rows(client: Salesforce) -> None:
    job, rows = read_all(client, "SELECT Id FROM Lead WHERE LastName = 'nobody at all'")
    assert (job.records_processed, rows) == (0, [])


def test_a_bulk_query_that_salesforce_refuses_tells_why(client: Salesforce) -> None:
    with pytest.raises(SchemaChanged, match="Nothing__c"):
        client.bulk_query.create("SELECT Nothing__c FROM Lead", deleted=False)


def test_a_bulk_query_that_fails_raises_its_words(local_org: LocalOrg, client: Salesforce) -> None:
    fault = {"kind": "bulk_job_failed", "error_message": "InvalidBatch : told to"}
    local_org.control("POST", "faults", fault)
    job = client.bulk_query.create("SELECT Id FROM Lead", deleted=False)
    with pytest.raises(BulkJobRefused, match="told to"):
        client.bulk_query.wait(job.id)


def test_it_writes_by_bulk_ingest_and_gets_every_row_back(client: Salesforce) -> None:
    csv = 'LastName,Company\nStream,"Acme, Ltd"\n,Acme\n'
    job_id = write(client, "insert", csv)
    job = client.bulk_ingest.get(job_id)
    assert (job.state, job.records_processed, job.records_failed) == ("JobComplete", 2, 1)
    with client.bulk_ingest.successful(job_id) as page:
        header, row = lines(page)
    assert header.startswith('"sf__Id","sf__Created"')
    assert '"Acme, Ltd"' in row
    with client.bulk_ingest.failed(job_id) as page:
        _, failed = lines(page)
    error = parse_row_error(failed.split('","')[1])
    assert (error.code, error.fields) == ("REQUIRED_FIELD_MISSING", ("LastName",))
    with client.bulk_ingest.unprocessed(job_id) as page:
        assert len(lines(page)) <= 1
    client.bulk_ingest.delete(job_id)
    client.bulk_ingest.delete(job_id)


def test_an_open_job_is_found_and_aborted(client: Salesforce) -> None:
    job = client.bulk_ingest.create("Contact", "insert")
    assert job.id in {found.id for found in client.bulk_ingest.find_open("Contact")}
    client.bulk_ingest.abort(job.id)
    client.bulk_ingest.abort(job.id)
    assert client.bulk_ingest.get(job.id).state is JobState.ABORTED
    assert client.bulk_ingest.find_open("Contact") == []


def test_closing_twice_is_fine(client: Salesforce) -> None:
    job_id = write(client, "insert", "LastName,Company\nTwice,Acme\n")
    client.bulk_ingest.close(job_id)


def test_it_updates_and_retrieves_records_by_collections(client: Salesforce) -> None:
    first, second = [record["Id"] for record in client.query("SELECT Id FROM Contact LIMIT 2")]
    found = client.collections.update(
        "Contact", [{"Id": first, "Title": "Regent"}, {"Id": second, "LastName": None}]
    )
    assert [row.success for row in found] == [True, False]
    assert found[1].errors[0].code == "REQUIRED_FIELD_MISSING"
    missing = f"{first[:9]}zzzzzz"
    records = client.collections.retrieve("Contact", [first, missing], ["Id", "Title"])
    assert records[0] is not None
    assert (records[0]["Title"], records[1]) == ("Regent", None)


def test_the_examples_in_the_documentation_run(local_org: LocalOrg) -> None:
    page = Path(__file__).parents[3] / "docs" / "salesforce-client.md"
    script = "".join(
        re.findall(r"^```python\n(.*?)^```$", page.read_text(), re.DOTALL | re.MULTILINE)
    )
    given = {
        "SALESFORCE_URL": local_org.url,
        "SALESFORCE_HOSTS": local_org.url.removeprefix("http://"),
        "SALESFORCE_CLIENT_ID": "localorg",
        "SALESFORCE_CLIENT_SECRET": SECRET,
    }
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", script],
        env={**os.environ, **given},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    said = done.stdout.splitlines()
    assert said[0].startswith(f"signed in to {local_org.url} as 005")
    assert "JobComplete 2 processed, 1 failed" in said
    assert "REQUIRED_FIELD_MISSING ('LastName',) False" in said
    assert said[-1] == "SchemaChanged INVALID_FIELD 400 False"
