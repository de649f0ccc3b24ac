from psycopg import Connection
from typing import Any
from isthmus.connections import calls
ORG = "00D000000000001EAA"
def test_it(store: Connection[Any]) -> None:
    print(calls.set_aside(ORG, 1, 4))
