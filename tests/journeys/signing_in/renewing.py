"""A process that uses a connection's sign-in until it is told to end: `renewing.py MODE …`.

`connect URL` makes the connection and connects it by browser. `secrets` prints everything that is
stored sealed, opened. `use FOLDER` makes calls until the file `stop` is in that folder: it makes a
file `began-` with its process id after the first call, and writes the id into the file `holder`
whenever it holds the renewal.
"""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.cli import session
from isthmus.errors import Retryable
from isthmus.salesforce import ClientSettings

if TYPE_CHECKING:
    from isthmus.connections.models import Connection

SETTINGS = ClientSettings(tries=2, first_pause_seconds=0.02, read_seconds=4)


def connect(url: str) -> None:
    from integration.connections import orgs
    from isthmus.connections.models import Connection
    from localorg.testing import LocalOrg

    acme = Connection.objects.create(key="acme", name="Acme")
    outcome = orgs.connect(acme, LocalOrg(url=url))
    assert outcome.is_connected, outcome
    _let_hear(acme)


def _let_hear(acme: "Connection") -> None:
    """A mail server and a webhook that keep silent, with secrets of their own."""
    from isthmus.connections import mail_server, webhook_setting

    mail_server.save(
        mail_server.Server(
            host="localhost",
            port=9,
            security=mail_server.Security.NONE,
            username="isthmus",
            password=webhook_setting.new_secret(),
            sender="isthmus@example.com",
        )
    )
    acme.refresh_from_db()
    acme.notify_to, acme.notify_when = ["ops@example.com"], "every"
    webhook_setting.set_webhook(acme, "https://localhost:9/hook")
    acme.save()


def opened() -> None:
    """Print all that is sealed, in clear: what must be found nowhere else."""
    from isthmus.connections import secrets
    from isthmus.connections.models import (
        App,
        Authorization,
        Connection,
        MailServer,
        Revocation,
        SignInAttempt,
    )

    sign_in = ("sealed_secret", "sealed_refresh_token", "sealed_access_token")
    columns = [
        *(Authorization.objects.values_list(name, flat=True) for name in sign_in),
        App.objects.values_list("sealed_secret", flat=True),
        Revocation.objects.values_list("sealed_token", flat=True),
        SignInAttempt.objects.values_list("sealed_verifier", flat=True),
        MailServer.objects.values_list("sealed_password", flat=True),
        Connection.objects.values_list("sealed_webhook_secret", flat=True),
    ]
    found = [secrets.unseal(each) for column in columns for each in column if bytes(each)]
    print(json.dumps(found))  # noqa: T201 - for the test


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
        elif sys.argv[1] == "secrets":
            opened()
        else:
            use(Path(sys.argv[2]))


if __name__ == "__main__":
    main()
