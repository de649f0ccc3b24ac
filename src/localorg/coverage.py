"""Which of Salesforce's resources localorg answers, from `coverage.yaml`."""

from collections import Counter
from dataclasses import dataclass
from importlib.resources import files

from ruamel.yaml import YAML

COMPLETE, PARTIAL, ABSENT = "complete", "partial", "absent"
_BASE = "/services/data/v{version}"
_OTHER_BASES = ("/services", "/id/", "/login", "/secur/", "/.well-known/", "/cometd")

_HEAD = """\
# What localorg covers

This page is made from `src/localorg/coverage.yaml` by `python docs/generate.py`; a test compares
that file with the routes of the program. `/services/data/v66.0` is left out of paths that begin
with it.
What differs inside a resource stands in the [manual](../src/localorg/README.md).
"""


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One method of one path."""

    method: str
    # As it is shown: without the base path of the REST API.
    path: str
    state: str
    # What a partial one lacks; empty otherwise.
    missing: str = ""

    @property
    def route(self) -> tuple[str, str]:
        """Method and whole path, as the routes of the program name them."""
        if self.path.startswith(_OTHER_BASES):
            return self.method, self.path
        return self.method, (_BASE + self.path).rstrip("/")


@dataclass(frozen=True, kw_only=True)
class Area:
    """A part of Salesforce's APIs."""

    title: str
    resources: tuple[Resource, ...]


def areas() -> list[Area]:
    """All parts, in the order of the file. Raises ValueError for a state that is unknown."""
    text = files("localorg").joinpath("coverage.yaml").read_text(encoding="utf-8")
    return [
        Area(
            title=area["title"],
            resources=tuple(_resource(*each) for each in area["resources"].items()),
        )
        for area in YAML(typ="safe").load(text)
    ]


def page() -> str:
    """The page for people, as Markdown."""
    found = areas()
    counts = Counter(resource.state for area in found for resource in area.resources)
    summary = ", ".join(f"{counts[state]} {state}" for state in (COMPLETE, PARTIAL, ABSENT))
    sections = [f"Resources: {summary}.\n", *(_section(area) for area in found)]
    return "\n".join([_HEAD, *sections])


def _section(area: Area) -> str:
    rows = [
        f"| `{each.method} {each.path}` | {each.state} | {each.missing} |"
        for each in area.resources
    ]
    head = ["| Resource | State | Missing |", "|---|---|---|"]
    return "\n".join([f"## {area.title}\n", *head, *rows]) + "\n"


def _resource(name: str, text: str) -> Resource:
    method, _, path = name.partition(" ")
    state, _, missing = text.partition(": ")
    if state not in {COMPLETE, PARTIAL, ABSENT} or (state == PARTIAL) != bool(missing):
        message = (
            f"coverage.yaml: {name}: {text!r}. Allowed are 'complete', 'absent', and 'partial: ' "
            "with what is missing."
        )
        raise ValueError(message)
    return Resource(method=method, path=path, state=state, missing=missing)
