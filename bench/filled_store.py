"""A store that holds an org's leads already, built by SQL, and the barest way to change it.

Every lead of the org has its profile, its identifiers and its link, as imports leave them; further
profiles that no record of the org belongs to stand between them.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from psycopg import Connection

from bench import result_pages
from bench.surroundings import timed

EXTRA = [f"x{number:02}" for number in range(1, 21)]
"""Text properties beside the mapped ones, so that a profile has 40 filled columns and more."""

_COLUMNS = {
    "p_salutation": '"Salutation"',
    "p_first_name": '"FirstName"',
    "p_last_name": '"LastName"',
    "p_title": '"Title"',
    "p_company": '"Company"',
    "p_phone": '"Phone"',
    "p_mobile": '"MobilePhone"',
    "p_street": '"Street"',
    "p_city": '"City"',
    "p_state": '"State"',
    "p_postal_code": '"PostalCode"',
    "p_country": '"Country"',
    "p_website": '"Website"',
    "p_sources": 'CASE WHEN "LeadSource" IS NOT NULL THEN ARRAY["LeadSource"] END',
    "p_industry": '"Industry"',
    "p_rating": '"Rating"',
    "p_revenue": '"AnnualRevenue"::numeric',
    "p_employees": '"NumberOfEmployees"::numeric::bigint',
    "p_newsletter": '"Newsletter__c"::boolean',
}


def add_properties() -> None:
    """The properties that no field is mapped to."""
    from isthmus.domain.properties import PropertyDefinition
    from isthmus.profiles import properties

    for key in EXTRA:
        properties.save_property(PropertyDefinition(key=key, label=key))


def fill(session: Connection[Any], *, goal: int, version: int, times: int) -> int:
    """Make the store anew of `bare.stage`, and return the number of its profiles.

    Leads with the same e-mail are one profile; `times` - 1 others are made for each.
    """
    session.execute("SET work_mem = '512MB'")
    session.execute("TRUNCATE store.profile, store.identifier, store.record_link")
    session.execute("DROP TABLE IF EXISTS bare.person")
    session.execute(_PERSON)
    session.execute(_profiles(), {"times": times})
    session.execute(_IDENTIFIERS, _numbers())
    session.execute(_LINKS, {"goal": goal, "version": version})
    for table in ("profile", "identifier", "record_link"):
        session.execute(f"VACUUM (ANALYZE) store.{table}".encode())
    session.execute("CHECKPOINT")
    row = session.execute("SELECT count(*) FROM store.profile").fetchone()
    assert row is not None  # noqa: S101 - count(*) has a row
    return int(row[0])


def _numbers() -> dict[str, int]:
    from isthmus.profiles import properties

    numbers = properties.numbers()
    return {"ids": numbers["salesforce_id"], "emails": numbers["email"]}


_PERSON = """
CREATE TABLE bare.person AS
SELECT min("Id" COLLATE "C") AS "Id", email, array_agg("Id" ORDER BY "Id") AS ids
FROM (
    SELECT "Id", CASE WHEN "Email" ~ '^[A-Za-z0-9._%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$'
        THEN lower("Email") END AS email
    FROM bare.stage
    WHERE NOT "IsDeleted"::boolean
) AS lead
GROUP BY email, CASE WHEN email IS NULL THEN "Id" END
"""


def _profiles() -> bytes:
    columns = ", ".join([*_COLUMNS, *(f"p_{key}" for key in EXTRA)])
    values = ", ".join([*_COLUMNS.values(), *(f"'{key} ' || md5(\"Id\")" for key in EXTRA)])
    statement = f"""
        INSERT INTO store.profile
            (profile_id, p_salesforce_id, p_email, p_salesforce_objecttype, {columns})
        SELECT uuidv7(), ids, email, ARRAY['Lead'], {values}
        FROM (
            SELECT
                s.*,
                CASE WHEN turn = 1 THEN person.ids ELSE ARRAY[turn || person."Id"] END AS ids,
                CASE WHEN turn = 1 THEN person.email ELSE turn || person.email END AS email
            FROM bare.person AS person
            JOIN bare.stage AS s USING ("Id")
            CROSS JOIN generate_series(1, %(times)s) AS turn
            ORDER BY hashtext(turn || person."Id")
        ) AS made"""  # noqa: S608 - fixed names
    return statement.encode()


_IDENTIFIERS = """
INSERT INTO store.identifier (property, value, profile_id)
SELECT property, value COLLATE "C", profile_id
FROM (
    SELECT %(ids)s AS property, unnest(p_salesforce_id) AS value, profile_id FROM store.profile
    UNION ALL
    SELECT %(emails)s, p_email, profile_id FROM store.profile WHERE p_email IS NOT NULL
) AS held
ORDER BY 1, 2
"""

_LINKS = """
INSERT INTO store.record_link (record_id, goal, profile_id, object, stamp, hash, version)
SELECT value COLLATE "C", %(goal)s, profile_id, 'Lead', now() - interval '1 day', 0, %(version)s
FROM (SELECT unnest(p_salesforce_id) AS value, profile_id FROM store.profile) AS held
ORDER BY 1
"""


def change_barely(session: Connection[Any]) -> float:
    """Seconds of one UPDATE … FROM by primary key: all mapped columns of all leads' profiles.

    Three of the values are others than the org's, so that an import changes them back.
    """
    session.execute(
        """CREATE TABLE bare.key AS
        SELECT profile_id, p_salesforce_id[1] AS "Id" FROM store.profile
        WHERE p_salesforce_id[1] IN (SELECT "Id" FROM bare.person)"""
    )
    session.execute("ANALYZE bare.key")
    values = _COLUMNS | {
        "p_title": """'before ' || coalesce("Title", '')""",
        "p_city": """'before ' || coalesce("City", '')""",
        "p_employees": '1 + coalesce("NumberOfEmployees"::numeric::bigint, 0)',
    }
    sets = ", ".join(f"{column} = {value}" for column, value in values.items())
    statement = f"""
        UPDATE store.profile AS p SET updated_at = now(), {sets}
        FROM bare.key JOIN bare.stage AS s USING ("Id")
        WHERE p.profile_id = key.profile_id"""  # noqa: S608 - fixed names
    with timed() as taken:
        session.execute(statement.encode())
    session.execute("VACUUM (ANALYZE) store.profile")
    session.execute("CHECKPOINT")
    return taken[0]


@contextmanager
def staged() -> Iterator[tuple[Connection[Any], float]]:
    """A session with the org's leads in `bare.stage`, and the seconds of curl and COPY."""
    from isthmus.profiles import database

    with database.connected() as session:
        result_pages.make_stage(session)
        seconds = result_pages.curl_and_copy_all(session)
        session.execute("ANALYZE bare.stage")
        yield session, seconds
