"""`isthmus profiles`: counting, finding and showing profiles."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated, Any

import typer

from isthmus.cli.errors import Misuse
from isthmus.cli.formatting import moment
from isthmus.cli.options import AsJson
from isthmus.cli.output import facts, note, print_json, show, table
from isthmus.cli.registration import command, group

if TYPE_CHECKING:
    from isthmus.profiles.finding import Profile

app = group("profiles", "Count, find and show profiles.")

ProfileId = Annotated[
    str, typer.Argument(metavar="ID", help="The profile's own id, as `profiles find` shows it.")
]
Value = Annotated[
    str | None,
    typer.Argument(
        metavar="VALUE",
        help="The value of any identifier, a profile's id, or the id of a Salesforce record.",
    ),
]
Wanted = Annotated[
    list[str] | None,
    typer.Option(
        "--property",
        metavar="KEY=VALUE",
        help="Only profiles with this value; KEY= asks for an empty property. Text is compared "
        "without regard to case, a list by any of its values. May be given several times: then "
        "all have to hold.",
    ),
]
Most = Annotated[
    int, typer.Option("--limit", metavar="N", min=1, max=10_000, help="Show this many at most.")
]


@command(app, "count", "isthmus profiles count")
def count(*, as_json: AsJson = False) -> None:
    """Count all profiles."""
    from isthmus.cli import session

    with session.database():
        from isthmus.profiles import finding

        number = finding.count_profiles()
    if as_json:
        print_json({"profiles": number})
    else:
        show(f"{number:,}")


@command(app, "show", "isthmus profiles show 01890a5d-ac96-774b-bcce-b302099a8057")
def show_profile(profile_id: ProfileId, *, as_json: AsJson = False) -> None:
    """Show a profile with all that belongs to it.

    Its properties, the segments that it is in, its identifiers and its Salesforce records.
    """
    from isthmus.cli import session

    with session.database():
        from isthmus.profiles import finding

        found = finding.profile(profile_id)
        inside = finding.segments_of(found, "UTC")
        if as_json:
            print_json({**_document(found), "segments": inside})
        else:
            _show(found, inside)


def _document(profile: "Profile") -> dict[str, Any]:
    from isthmus.connections.reading import goal_names

    names = goal_names()
    document = asdict(profile)
    document["identifiers"] = [
        {"property": key, "value": value} for key, value in profile.identifiers
    ]
    for link in document["links"]:
        connection, goal = names.get(link.pop("goal"), (None, None))
        link |= {"connection": connection, "goal": goal}
    return document


def _show(profile: "Profile", inside: Sequence[str]) -> None:
    show(f"Profile {profile.profile_id}", style="bold")
    show(
        facts(
            [
                ("created", moment(profile.created_at)),
                ("changed", moment(profile.updated_at)),
                ("permission level", str(profile.permission_level)),
                ("legislation", profile.legislation or "-"),
                ("segments", ", ".join(inside) or "-"),
            ]
        )
    )
    filled = [
        (key, _shown(value)) for key, value in profile.properties.items() if value is not None
    ]
    if filled:
        show("")
        show("Properties", style="bold")
        show(facts(filled))
    if profile.links:
        show("")
        show(table(["record", "object", "goal", "state"], _links(profile)))


def _links(profile: "Profile") -> list[tuple[str, ...]]:
    from isthmus.connections.reading import goal_names

    names = goal_names()
    return [
        (
            link.record_id,
            link.object,
            "/".join(names.get(link.goal, ("deleted goal",))),
            link.gone or (link.reason or "applied").replace("_", " "),
        )
        for link in profile.links
    ]


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_shown, value)) or "-"
    return str(value).lower() if isinstance(value, bool) else str(value)


@command(
    app,
    "find",
    "isthmus profiles find jane@example.com",
    "isthmus profiles find --property country=NL --property title=",
)
def find(
    value: Value = None, *, wanted: Wanted = None, limit: Most = 20, as_json: AsJson = False
) -> None:
    """Find profiles by an identifier's value, by properties, or by both."""
    from isthmus.cli import session

    properties = dict(_pair(each) for each in wanted or ())
    if value is None and not properties:
        raise Misuse(
            "Nothing to look for was given. Give the value of an identifier, or "
            "--property KEY=VALUE."
        )
    with session.database():
        from isthmus.profiles import finding

        found, more = finding.find(value, properties, limit)
        if as_json:
            print_json({"profiles": [_document(each) for each in found], "more": more})
            return
    _list(found)
    if more:
        note(f"There are more than {limit:,}. Show more with --limit, or ask for less.")


def _pair(text: str) -> tuple[str, str]:
    key, separator, value = text.partition("=")
    if not separator or not key:
        raise Misuse(
            f"{text!r} is no condition. Write the property's key, = and the value: "
            f"--property country=NL."
        )
    return key.strip(), value


def _list(found: "Sequence[Profile]") -> None:
    if not found:
        note("No profile has that.")
        return
    rows = [
        (
            str(each.profile_id),
            ", ".join(value for _, value in each.identifiers) or "(anonymous)",
            moment(each.updated_at),
        )
        for each in found
    ]
    show(table(["profile", "identifiers", "changed"], rows))
