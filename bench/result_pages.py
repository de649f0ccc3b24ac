"""A Bulk query's result pages by the barest means: curl into COPY."""

import subprocess
from typing import Any

from psycopg import Connection

from bench.surroundings import timed

FIELDS = [
    *["Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "IsConverted", "ConvertedContactId"],
    *["Email", "Salutation", "FirstName", "LastName", "Title", "Company", "Phone", "MobilePhone"],
    *["Street", "City", "State", "PostalCode", "Country", "Website", "LeadSource", "Industry"],
    *["Rating", "AnnualRevenue", "NumberOfEmployees", "Newsletter__c"],
]


def _soql() -> str:
    return f"SELECT {', '.join(FIELDS)} FROM Lead"  # noqa: S608 - fixed names


def make_stage(session: Connection[Any]) -> None:
    """An empty table of texts for the pages."""
    columns = ", ".join(f'"{name}" text' for name in FIELDS)
    session.execute("CREATE SCHEMA bare")
    session.execute(f"CREATE UNLOGGED TABLE bare.stage ({columns})".encode())


def curl_and_copy_all(session: Connection[Any]) -> float:
    """Copy all leads of the org into the stage; the seconds, without the org's own work."""
    from isthmus.connections.models import Connection as OrgConnection
    from isthmus.connections.sign_in import signed_in

    with signed_in(OrgConnection.objects.get(key="org")) as salesforce:
        job = salesforce.bulk_query.create(_soql(), deleted=True)
        salesforce.bulk_query.wait(job.id)
        locators = [page.locator for page in salesforce.bulk_query.pages(job.id)]
        token = salesforce._session.token  # noqa: SLF001 - curl needs it
        url = f"{token.instance_url}/services/data/v62.0/jobs/query/{job.id}/results"
        with timed() as taken:
            for locator in locators:
                page = f"{url}?locator={locator}" if locator else url
                _curl_and_copy(session, page, token.access_token)
    return taken[0]


def _curl_and_copy(session: Connection[Any], url: str, token: str) -> None:
    # The token is given on standard input, as a command line can be read by everyone.
    curl = subprocess.Popen(
        ["curl", "--silent", "--fail", "--config", "-", url],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert curl.stdin and curl.stdout  # noqa: S101, PT018
    curl.stdin.write(f'header = "Authorization: Bearer {token}"\n'.encode())
    curl.stdin.close()
    statement = "COPY bare.stage FROM STDIN (FORMAT csv, HEADER, FORCE_NULL *)"
    with session.cursor() as cursor, cursor.copy(statement) as copy:
        while chunk := curl.stdout.read(1 << 18):
            copy.write(chunk)
    curl.wait()
