"""`isthmus alerts`: what somebody should look at beyond single runs."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.errors import Misuse
from isthmus.cli.options import AsJson
from isthmus.cli.output import note, print_json, show
from isthmus.cli.registration import command, group

if TYPE_CHECKING:
    from isthmus.connections.models import Alert, Connection

app = group("alerts", "What somebody should look at beyond single runs.")

Number = Annotated[
    int,
    typer.Argument(metavar="ALERT", min=1, help="Its number, as `alerts list` shows it."),
]


@command(app, "list", "isthmus alerts list", "isthmus alerts list --json")
def list_alerts(*, as_json: AsJson = False) -> None:
    """List the alerts that are open, most urgent first.

    A worker works them out each minute. What did not start in time is found by this command itself,
    so it is seen where no worker runs.
    """
    from isthmus.cli import session

    with session.database():
        if as_json:
            print_json({"alerts": documents()})
            return
        found = _live()
        for each in found:
            show("")
            _show(each)
        if not found:
            note("There is no alert: nothing is late, unusually long, or far from usual.")


@command(app, "usual", "isthmus alerts usual 12")
def usual(number: Number) -> None:
    """Take far fewer or more records as what is usual from now on.

    The alert closes, and later runs are compared with those from its first run on.
    """
    from isthmus.cli import session
    from isthmus.cli.running import BY

    with session.database():
        from isthmus.connections import alert_words, alerts
        from isthmus.connections.errors import NoSuchThing

        try:
            row = alerts.take_as_usual(number, by=BY)
        except NoSuchThing as error:
            raise Misuse(f"{error} See which there are: isthmus alerts list") from error
        note(f"{alert_words.words(row).title}: that is taken as usual.")


def documents(of: "Connection | None" = None) -> list[dict[str, Any]]:
    """The open alerts as JSON shows them: all, or those of a connection."""
    from isthmus.connections import alert_words

    return [
        {
            "number": each.id,
            "kind": each.kind,
            "connection": each.connection.key if each.connection else None,
            "goal": each.goal.key if each.goal else None,
            "since": each.opened_at,
            "title": words.title,
            "sentence": words.sentence,
            "next_step": words.next_step,
            "address": words.address,
            "facts": each.facts,
        }
        for each in _live(of)
        if (words := alert_words.words(each))
    ]


def show_of(connection: "Connection") -> None:
    """Show the alerts of a connection, where there are any."""
    for each in _live(connection):
        show("")
        _show(each)


def _live(of: "Connection | None" = None) -> list["Alert"]:
    from django.utils import timezone

    from isthmus.connections import alert_words, alerts
    from isthmus.connections.alert_signs import Kind

    found = alerts.live(timezone.now(), of)
    return sorted(found, key=lambda each: alert_words.URGENCY[Kind(each.kind)])


def _show(alert: "Alert") -> None:
    from isthmus.connections import alert_words

    words = alert_words.words(alert)
    number = f"{alert.id}  " if alert.id else ""
    show(f"{number}{words.title}", style="bold")
    show(f"{words.sentence} {words.next_step}")
    show(f"since {alert_words.moment(alert, alert.opened_at)}")
