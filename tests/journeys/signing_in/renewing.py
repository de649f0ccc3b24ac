"""A process that uses a connection's sign-in until it is told to end: `renewing.py MODE …`.

`connect URL` makes the connection and connects it by browser. `use FOLDER` makes calls until the
file `stop` is in that folder. It makes a file `began-` with its process id after the
first call, and writes the id into the file `holder` whenever it holds the renewal.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from isthmus.cli import session
from isthmus.errors import Retryable
from isthmus.salesforce import ClientSettings

SETTINGS = ClientSettings(tries=2, first_pause_seconds=0.02, read_seconds=4)


def connect(url: str) -> None:
    from integration.connections import orgs
    from isthmus.connections.models import Connection
    from localorg.testing import LocalOrg

    acme = Connection.objects.create(key="acme", name="Acme")
    outcome = orgs.connect(acme, LocalOrg(url=url))
    assert outcome.is_connected, outcome


def use(folder: Path) -> None:
    from isthmus.connections.models import Connection
    from isthmus.connections.sign_in import signed_in
    from isthmus.connections.tokens import Renewal, StoredSignIn

    renewing = StoredSignIn.renewing

    @contextmanager
    def noted(self: StoredSignIn) -> Iterator[Renewal]:
        with renewing(self) as renewal:
            (folder / "holder").write_text(str(os.getpid()))
            yield renewal

    StoredSignIn.renewing = noted  # type: ignore[method-assign]
    acme = Connection.objects.get(key="acme")
    stop, calls, setbacks = folder / "stop", 0, 0
    while not stop.exists():
        try:
            with signed_in(acme, SETTINGS) as client:
                while not stop.exists():
                    client.limits()
                    calls += 1
                    (folder / f"began-{os.getpid()}").touch()
                    time.sleep(0.05)
        except Retryable:
            setbacks += 1
            time.sleep(0.05)
    print(json.dumps({"calls": calls, "setbacks": setbacks}))  # noqa: T201 - for the test


def main() -> None:
    with session.database():
        if sys.argv[1] == "connect":
            connect(sys.argv[2])
        else:
            use(Path(sys.argv[2]))


if __name__ == "__main__":
    main()
