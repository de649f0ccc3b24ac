"""The first full import: leads of 20 fields into an empty store, against the limit of the machine.

The limit is measured in the same run: curl of the same result pages, COPY of them into a table of
texts, and bare sorted INSERT … SELECT into the same three tables with their indexes. What the org
itself needs to answer the query is left out of both.
"""

import subprocess
from importlib.resources import files
from typing import Any

from psycopg import Connection

from bench.surroundings import SECRET, MemoryWatch, empty_store, org, timed


def measure(size: int) -> dict[str, float]:
    """Figures of one first import of `size` leads."""
    with org(leads=size, contacts=0, persons=0, cases=0) as address, empty_store(address):
        _set_up(address)
        with MemoryWatch() as memory:
            run = _run()
        limit = _limit(size)
    counts, seconds = run.counts, run.seconds
    records = counts["received"]
    total = sum(taken for step, taken in seconds.items() if step != "ask")
    figures = {
        "records": float(records),
        "seconds": total,
        "records_per_s": records / total,
        "limit_records_per_s": records / limit,
        "ratio_to_limit": total / limit,
        "peak_rss_mb": memory.worker_mb,
        "database_peak_mb": memory.database_mb,
        "org_answered_after_s": seconds["ask"],
    }
    return figures | {f"{step}_s": taken for step, taken in seconds.items() if step != "ask"}


def _set_up(address: str) -> None:
    from isthmus import blueprint

    text = files("bench").joinpath("import_first.yaml").read_text(encoding="utf-8")
    environment = {"ORG_URL": address, "ORG_SECRET": SECRET}
    blueprint.apply(blueprint.read(text, name="import_first.yaml", environment=environment))


def _run() -> Any:
    from isthmus.connections import runs
    from isthmus.connections.models import Connection as OrgConnection
    from isthmus.importing.engine import run_import

    request = runs.RunRequest(connection=OrgConnection.objects.get(key="org"))
    run = runs.execute(request, {"import": run_import})
    result = run.goals.get()
    if result.state == "failed":
        raise SystemExit(f"The import failed: {result.message}")
    return result


def _limit(size: int) -> float:
    """Seconds for the same records by the barest means."""
    from isthmus.connections.models import Connection as OrgConnection
    from isthmus.connections.sign_in import signed_in
    from isthmus.profiles import database

    connection = OrgConnection.objects.get(key="org")
    with signed_in(connection) as salesforce, database.connected() as session:
        job = salesforce.bulk_query.create(_soql(), deleted=True)
        salesforce.bulk_query.wait(job.id)
        pages = [page.locator for page in salesforce.bulk_query.pages(job.id)]
        token = salesforce._session.token  # noqa: SLF001 - curl needs it
        urls = [
            f"{token.instance_url}/services/data/v62.0/jobs/query/{job.id}/results"
            + (f"?locator={locator}" if locator else "")
            for locator in pages
        ]
        _make_tables(session)
        with timed() as curl_and_copy:
            for url in urls:
                _curl_and_copy(session, url, token.access_token)
        with timed() as inserting:
            _insert(session)
        rows = session.execute("SELECT count(*) FROM bare.profile").fetchone()
        assert rows and rows[0] <= size  # noqa: S101, PT018
        return curl_and_copy[0] + inserting[0]


FIELDS = [
    *["Id", "SystemModstamp", "IsDeleted", "MasterRecordId", "IsConverted", "ConvertedContactId"],
    *["Email", "Salutation", "FirstName", "LastName", "Title", "Company", "Phone", "MobilePhone"],
    *["Street", "City", "State", "PostalCode", "Country", "Website", "LeadSource", "Industry"],
    *["Rating", "AnnualRevenue", "NumberOfEmployees", "Newsletter__c"],
]


def _soql() -> str:
    return f"SELECT {', '.join(FIELDS)} FROM Lead"  # noqa: S608 - fixed names


def _make_tables(session: Connection[Any]) -> None:
    columns = ", ".join(f'"{name}" text' for name in FIELDS)
    session.execute("CREATE SCHEMA bare")
    session.execute(f"CREATE UNLOGGED TABLE bare.stage ({columns})".encode())
    for name in ("profile", "identifier", "record_link"):
        session.execute(f"CREATE TABLE bare.{name} (LIKE store.{name} INCLUDING ALL)".encode())


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


def _insert(session: Connection[Any]) -> None:
    session.execute("ANALYZE bare.stage")
    with session.transaction():
        session.execute(
            """INSERT INTO bare.profile (profile_id, p_salesforce_id, p_email, p_salutation,
                p_first_name, p_last_name, p_title, p_company, p_phone, p_mobile, p_street, p_city,
                p_state, p_postal_code, p_country, p_website, p_sources, p_industry, p_rating,
                p_revenue, p_employees, p_newsletter, p_salesforce_objecttype)
            SELECT uuidv7(), ARRAY["Id"], lower("Email"), "Salutation", "FirstName", "LastName",
                "Title", "Company", "Phone", "MobilePhone", "Street", "City", "State",
                "PostalCode", "Country", "Website", ARRAY["LeadSource"], "Industry", "Rating",
                "AnnualRevenue"::numeric, "NumberOfEmployees"::numeric::bigint,
                "Newsletter__c"::boolean, ARRAY['Lead']
            FROM bare.stage"""
        )
        session.execute(
            """INSERT INTO bare.identifier (property, value, profile_id)
            SELECT 1, p_salesforce_id[1], profile_id FROM bare.profile
            ORDER BY p_salesforce_id[1] COLLATE "C" """
        )
        session.execute(
            """INSERT INTO bare.identifier (property, value, profile_id)
            SELECT DISTINCT ON (p_email COLLATE "C") 2, p_email, profile_id FROM bare.profile
            WHERE p_email IS NOT NULL ORDER BY p_email COLLATE "C" """
        )
        session.execute(
            """INSERT INTO bare.record_link (record_id, goal, profile_id, object, stamp, hash,
                version)
            SELECT p_salesforce_id[1], 1, profile_id, 'Lead', now(), 0, 1 FROM bare.profile
            ORDER BY p_salesforce_id[1] COLLATE "C" """
        )
