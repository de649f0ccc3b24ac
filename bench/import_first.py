"""The first full import: leads of 20 fields into an empty store, against the limit of the machine.

The limit is measured in the same run: curl of the same result pages, COPY of them into a table of
texts, and bare sorted INSERT … SELECT into the same three tables with their indexes. What the org
itself needs to answer the query is left out of both.
"""

from importlib.resources import files
from typing import Any

from psycopg import Connection

from bench import result_pages, running
from bench.surroundings import SECRET, MemoryWatch, empty_store, org, timed


def measure(size: int) -> dict[str, float]:
    """Figures of one first import of `size` leads."""
    with org(leads=size, contacts=0, persons=0, cases=0) as address, empty_store(address):
        set_up(address)
        with MemoryWatch() as memory:
            result = running.run("leads_in")
        limit = _limit()
    seconds, records = result.seconds, result.counts["received"]
    total = running.seconds_of(result)
    running.print_steps("import_first", seconds)
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


def set_up(address: str) -> None:
    """Properties, connection `org` and goal `leads_in`."""
    from isthmus import blueprint

    text = files("bench").joinpath("import_first.yaml").read_text(encoding="utf-8")
    environment = {"ORG_URL": address, "ORG_SECRET": SECRET}
    blueprint.apply(blueprint.read(text, name="import_first.yaml", environment=environment))


def _limit() -> float:
    """Seconds for the same records by the barest means."""
    from isthmus.profiles import database

    with database.connected() as session:
        result_pages.make_stage(session)
        for name in ("profile", "identifier", "record_link"):
            session.execute(f"CREATE TABLE bare.{name} (LIKE store.{name} INCLUDING ALL)".encode())
        curl_and_copy = result_pages.curl_and_copy_all(session)
        with timed() as inserting:
            _insert(session)
        return curl_and_copy + inserting[0]


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
