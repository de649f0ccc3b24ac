"""`isthmus app`: the apps of Salesforce that people sign in through by their browser."""

import sys
from typing import Annotated

import typer

from isthmus.cli.options import AsJson
from isthmus.cli.output import note, print_json, show, table
from isthmus.cli.registration import command, group

app = group("app", "Apps in Salesforce that people sign in through by browser.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="What people choose the app by.")]
ClientId = Annotated[
    str, typer.Option("--client-id", metavar="TEXT", help="The consumer key of the app.")
]
FromInput = Annotated[
    bool,
    typer.Option("--secret-stdin", help="Read the consumer secret from standard input."),
]


@command(app, "list", "isthmus app list")
def list_apps(*, as_json: AsJson = False) -> None:
    """List the apps, and the connections that sign in through them."""
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import client_apps

        found = [(each, client_apps.users(each)) for each in client_apps.all_apps()]
    if as_json:
        rows = [
            {
                "name": each.name,
                "client_id": each.client_id,
                "has_secret": bool(bytes(each.sealed_secret)),
                "connections": users,
            }
            for each, users in found
        ]
        print_json({"apps": rows})
    elif found:
        lines = [(each.name, each.client_id, ", ".join(users) or "-") for each, users in found]
        show(table(["name", "consumer key", "connections"], lines))
    else:
        note("There is no app yet. Add one: isthmus app save NAME --client-id …")


@command(app, "save", "isthmus app save Integration --client-id 3MVG9abc --secret-stdin < s.txt")
def save(name: Name, *, client_id: ClientId, secret_stdin: FromInput = False) -> None:
    """Add an app, or change the one of that name.

    Without --secret-stdin the secret of an app that is there stays, and a new one has none.
    """
    from isthmus.cli import session

    secret = sys.stdin.readline().strip() if secret_stdin else None
    with session.database():
        from isthmus.connections import client_apps
        from isthmus.connections.models import App

        row = App.objects.filter(name=name.strip()).first()
        saved = client_apps.save(name, client_id, secret, app=row)
    note(f"The app {saved.name} is kept.")


@command(app, "delete", "isthmus app delete Integration")
def delete(name: Name) -> None:
    """Delete an app that no connection signs in through."""
    from isthmus.cli import session

    with session.database():
        from isthmus.connections import client_apps

        client_apps.delete(client_apps.find(name))
    note(f"The app {name} is deleted.")
