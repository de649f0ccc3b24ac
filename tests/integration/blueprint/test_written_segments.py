"""What a segment's conditions look like once the database has kept them."""

from typing import Any

from psycopg import Connection

from isthmus import blueprint

DOCUMENT = """\
properties:
  - {key: country, label: Country, type: text}
segments:
  - key: dutch
    name: Dutch
    where: {all: [{property: country, is: NL}, {not: {property: country, is_empty: true}}]}
"""


def test_conditions_are_written_as_people_write_them(store: Connection[Any]) -> None:
    del store
    blueprint.apply(blueprint.read(DOCUMENT, name="set-up.yaml", environment={}))
    assert "{property: country, is: NL}" in blueprint.export()
