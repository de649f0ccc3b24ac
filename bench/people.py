"""Made-up profiles for exports, built by SQL."""

from importlib.resources import files
from typing import Any

from psycopg import Connection

from bench.surroundings import SECRET

EXTRA = [f"x{number:02}" for number in range(1, 31)]
"""Text properties that are not exported."""

_PEOPLE = """
INSERT INTO store.profile (profile_id, p_email, p_first_name, p_last_name, p_title, p_department,
    p_phone, p_mobile, p_street, p_city, p_postal_code, {columns})
SELECT
    uuidv7(), 'person' || n || '@example.com', 'First ' || n %% 5000, 'Last ' || n,
    'Title ' || n, 'Department ' || n %% 100, '+31 20 ' || n, '+31 6 ' || n,
    'Long street ' || n, 'City ' || n %% 900, 'PC ' || n %% 9000, {values}
FROM generate_series(1, %(count)s) AS n
"""

_IDENTIFIERS = """
INSERT INTO store.identifier (property, value, profile_id)
SELECT %(email)s, p_email COLLATE "C", profile_id FROM store.profile ORDER BY 2
"""


def set_up(address: str) -> None:
    """Properties, segment, connection `org` and goal `contacts_out`."""
    from isthmus import blueprint
    from isthmus.domain.properties import PropertyDefinition
    from isthmus.profiles import properties

    text = files("bench").joinpath("export.yaml").read_text(encoding="utf-8")
    environment = {"ORG_URL": address, "ORG_SECRET": SECRET}
    blueprint.apply(blueprint.read(text, name="export.yaml", environment=environment))
    for key in EXTRA:
        properties.save_property(PropertyDefinition(key=key, label=key))


def fill(session: Connection[Any], count: int) -> None:
    """Make `count` profiles of 40 filled columns with their e-mails."""
    from isthmus.profiles import properties

    columns = ", ".join(f"p_{key}" for key in EXTRA)
    values = ", ".join(f"'{key} ' || n" for key in EXTRA)
    session.execute("SET work_mem = '512MB'")
    statement = _PEOPLE.format(columns=columns, values=values)
    session.execute(statement.encode(), {"count": count})
    session.execute(_IDENTIFIERS, {"email": properties.numbers()["email"]})
    tidy(session)


def change(session: Connection[Any], share: int) -> int:
    """Give one profile of `share` another title; how many that are."""
    row = session.execute(
        """WITH changed AS (
            UPDATE store.profile SET p_title = p_title || ' again', updated_at = now()
            WHERE substr(p_email, 7)::text ~ '^[0-9]+@'
                AND split_part(substr(p_email, 7), '@', 1)::integer %% %(share)s = 0
            RETURNING 1
        )
        SELECT count(*) FROM changed""",
        {"share": share},
    ).fetchone()
    assert row is not None  # noqa: S101 - count(*) has a row
    return int(row[0])


def tidy(session: Connection[Any]) -> None:
    """Leave the tables as autovacuum does in time."""
    for table in ("profile", "identifier", "record_link"):
        session.execute(f"VACUUM (ANALYZE) store.{table}".encode())
    session.execute("CHECKPOINT")
