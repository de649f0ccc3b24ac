"""`isthmus connection notify`: who hears of the runs of a connection."""

import sys
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.options import AsJson, ConnectionKey
from isthmus.cli.output import facts, note, print_json, show

if TYPE_CHECKING:
    from isthmus.connections.models import Connection

To = Annotated[
    list[str] | None,
    typer.Option("--to", metavar="ADDRESS", help="Who hears, in place of all; '' for nobody."),
]
Add = Annotated[
    list[str] | None,
    typer.Option("--add", metavar="ADDRESS", help="Who hears as well; may be repeated."),
]
Remove = Annotated[
    list[str] | None,
    typer.Option("--remove", metavar="ADDRESS", help="Who hears no longer; may be repeated."),
]
When = Annotated[
    str | None,
    typer.Option("--when", metavar="WORD", help="every (run), problems, or failures."),
]
Webhook = Annotated[
    str | None,
    typer.Option("--webhook", metavar="URL", help="What is called as well; '' for none."),
]
NewSecret = Annotated[
    bool, typer.Option("--new-secret", help="Make the webhook another secret, and print it.")
]
TestWebhook = Annotated[
    bool, typer.Option("--test-webhook", help="Call the webhook with an event of no meaning.")
]


def notify(  # noqa: PLR0913 - each is an option
    key: ConnectionKey,
    *,
    to: To = None,
    add: Add = None,
    remove: Remove = None,
    when: When = None,
    webhook: Webhook = None,
    new_secret: NewSecret = False,
    test_webhook: TestWebhook = False,
    as_json: AsJson = False,
) -> None:
    """Show or set who hears of a connection's runs, by e-mail and by a webhook.

    A secret that is made for a webhook is printed to standard output this once. A webhook that is
    there keeps its secret.
    """
    from isthmus.cli import session

    lists = (to, add, remove)
    is_change = new_secret or any(each is not None for each in (*lists, when, webhook))
    with session.database():
        from isthmus.connections import setting_up, trying

        made = _change(key, lists, when, webhook, new_secret=new_secret) if is_change else ""
        row = setting_up.find(key)
        tested = trying.try_webhook(row) if test_webhook else None
    if made:
        note("The secret that the webhook's calls are signed with, shown this once:")
    if as_json:
        print_json({**_document(row), **({"secret": made} if made else {})})
    elif made:
        sys.stdout.write(f"{made}\n")
    else:
        show(facts(_facts(row)))
    if tested is not None:
        note(tested.words)
        if not tested.is_good:
            raise typer.Exit(1)


def _change(
    key: str,
    lists: "tuple[list[str] | None, list[str] | None, list[str] | None]",
    when: str | None,
    webhook: str | None,
    *,
    new_secret: bool,
) -> str:
    """Change what is asked for; the secret where one was made."""
    from isthmus.connections import setting_up, webhook_setting, who_hears

    made = ""
    with setting_up.changing(key) as row:
        row.notify_to = _addresses(row.notify_to, *lists)
        if any(each is not None for each in lists):
            who_hears.check(row.notify_to)
        if when is not None:
            row.notify_when = who_hears.checked_when(when)
        if webhook is not None:
            made = webhook_setting.set_webhook(row, webhook)
        if new_secret and not made:
            made = webhook_setting.renewed(row)
        row.save(update_fields=[*who_hears.COLUMNS, *webhook_setting.COLUMNS])
    return made


def _addresses(
    known: list[str], to: list[str] | None, add: list[str] | None, remove: list[str] | None
) -> list[str]:
    gone = {each.lower(): each for each in remove or []}
    wanted = [*(known if to is None else filter(None, to)), *(add or [])]
    there = {each.lower() for each in wanted}
    for folded, each in gone.items():
        if folded not in there:
            note(f"{each} was not on the list.")
    return [each for each in dict.fromkeys(wanted) if each.lower() not in gone]


def _document(row: "Connection") -> dict[str, Any]:
    return {
        "connection": row.key,
        "to": row.notify_to,
        "when": row.notify_when,
        "webhook": row.webhook_url or None,
    }


def _facts(row: "Connection") -> list[tuple[str, str]]:
    from isthmus.connections.models import When as Told

    return [
        ("e-mail to", ", ".join(row.notify_to) or "nobody"),
        ("they hear of", str(Told(row.notify_when).label)),
        ("webhook", row.webhook_url or "none"),
    ]
