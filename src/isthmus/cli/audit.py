"""`isthmus audit`: who changed what of the set-up, and who asked for which run."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.errors import Misuse
from isthmus.cli.formatting import moment
from isthmus.cli.options import AsJson
from isthmus.cli.output import note, print_json, show, table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from isthmus.connections.audit import Entry, Wanted

Since = Annotated[
    str | None,
    typer.Option(
        "--since",
        metavar="TIME",
        help="Only from then on: a day or a moment, such as 2026-11-30 or "
        "2026-11-30T06:00, in UTC.",
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="WHO",
        help="Only what this account did (its e-mail), or this user of the system.",
    ),
]
OfConnection = Annotated[
    str | None,
    typer.Option("--connection", metavar="KEY", help="Only of this connection and its goals."),
]
Kind = Annotated[
    str | None,
    typer.Option(
        "--kind", metavar="KIND", help="Only of such things: connection, goal, run or another."
    ),
]
Most = Annotated[
    int,
    typer.Option("--most", metavar="N", min=1, max=10_000, help="So many entries at most."),
]


def audit(
    *,
    since: Since = None,
    by: By = None,
    connection: OfConnection = None,
    kind: Kind = None,
    most: Most = 50,
    as_json: AsJson = False,
) -> None:
    """Show who changed what of the set-up, and who asked for which run, newest first.

    What is shown is not masked: whoever may run this may read the database. Secrets are not in the
    log.
    """
    from isthmus.cli import session

    with session.database():
        wanted = _wanted(since, by, connection, kind)
        shown = _shown(wanted, most)
    if as_json:
        print_json({"entries": [plain for plain, _ in shown]})
    elif shown:
        show(table(["time", "who", "way", "what"], [line for _, line in shown]))
    else:
        note(_nothing(since, by, connection, kind))


def _nothing(since: str | None, by: str | None, connection: str | None, kind: str | None) -> str:
    """What is said where there is no entry, with what was asked for."""
    asked = (
        ("of the kind", kind),
        ("of connection", connection),
        ("by", by),
        ("since", since),
    )
    said = "".join(f" {word} {value}" for word, value in asked if value is not None)
    return f"The audit log has no entry{said}."


def _wanted(
    since: str | None, by: str | None, connection: str | None, kind: str | None
) -> "Wanted":
    from isthmus.connections import setting_up
    from isthmus.connections.audit import KINDS, Wanted

    if kind is not None and kind not in KINDS:
        raise Misuse(f"There are no entries of the kind {kind!r}. Give one of {', '.join(KINDS)}.")
    return Wanted(
        who=by,
        kind=kind,
        connection=None if connection is None else setting_up.find(connection).id,
        since=_moment(since),
    )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise Misuse(
            f"--since is {text!r}, which is no moment. Write it as 2026-11-30 or 2026-11-30T06:00."
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _shown(wanted: "Wanted", most: int) -> "list[tuple[dict[str, Any], Sequence[str]]]":
    from isthmus.connections import audit as log
    from isthmus.connections import audit_words
    from isthmus.people import accounts
    from isthmus.web import audit_page

    found = log.entries(wanted, most=most, shown=log.COUNTED)
    names = log.names([change for entry in found for change in entry.changes])
    people = accounts.names(entry.who for entry in found)
    reader = audit_page.reader(sees=True)
    told: list[tuple[dict[str, Any], Sequence[str]]] = []
    for entry in found:
        _, sentence, more = audit_words.headline(entry, names)
        who = audit_words.who(entry.who, entry.how, people)
        what = f"{sentence}{f' and {more}' if more else ''}"
        plain = _plain(entry, who, what)
        plain["changes"] = [
            {
                **vars(change),
                "said": str(audit_words.sentence(change, names)),
                "settings": [vars(each) for each in audit_words.settings(change, names, reader)],
            }
            for change in entry.changes
        ]
        told.append((plain, (moment(entry.began), who, entry.how, what)))
    return told


def _plain(entry: "Entry", who: str, what: str) -> dict[str, Any]:
    return {
        "action": str(entry.action),
        "time": entry.began,
        "who": who,
        "account": entry.who,
        "way": entry.how,
        "what": what,
        "number": entry.number,
    }
