"""`isthmus segment`: which segments there are, and how many profiles are in them."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.options import AsJson
from isthmus.cli.output import note, print_json, show, table
from isthmus.cli.registration import command, group

if TYPE_CHECKING:
    from isthmus.profiles.models import Segment

app = group("segment", "List segments and count the profiles in them.")

Key = Annotated[
    str, typer.Argument(metavar="KEY", help="The segment's key, as `segment list` shows it.")
]
Timezone = Annotated[
    str,
    typer.Option(
        "--timezone",
        metavar="NAME",
        help="Where days begin and end, for conditions on dates: an IANA name such as "
        "Europe/Amsterdam.",
    ),
]


@command(app, "list", "isthmus segment list")
def list_segments(*, as_json: AsJson = False) -> None:
    """List the segments with their conditions."""
    from isthmus.cli import session

    with session.database():
        from isthmus.profiles.models import Segment

        segments = list(Segment.objects.all())
    if as_json:
        print_json({"segments": [_plain(each) for each in segments]})
    elif segments:
        rows = [(each.key, each.name, _written(each.conditions)) for each in segments]
        show(table(["key", "name", "conditions"], rows))
    else:
        note("There is no segment yet. Add one under `segments` in a document, and apply it.")


@command(
    app,
    "count",
    "isthmus segment count dutch",
    "isthmus segment count new_this_month --timezone Europe/Amsterdam",
)
def count(key: Key, *, timezone: Timezone = "UTC", as_json: AsJson = False) -> None:
    """Count the profiles that are in a segment now."""
    from isthmus.cli import session

    with session.database():
        from isthmus.profiles import finding

        segment = finding.segment(key)
        members = finding.count_members(segment, timezone)
    if as_json:
        print_json({**_plain(segment), "timezone": timezone, "profiles": members})
    else:
        show(f"{members:,}")


def _plain(segment: "Segment") -> dict[str, Any]:
    return {"key": segment.key, "name": segment.name, "where": segment.conditions}


def _written(where: Any) -> str:
    """The conditions on one line, as a document has them."""
    if isinstance(where, dict):
        return f"{{{', '.join(f'{name}: {_written(part)}' for name, part in where.items())}}}"
    if isinstance(where, list):
        return f"[{', '.join(map(_written, where))}]"
    return str(where).lower() if isinstance(where, bool) else str(where)
