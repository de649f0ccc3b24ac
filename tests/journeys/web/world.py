"""A store in which every page has something to show, and the addresses of all pages."""

import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import django
from playwright.sync_api import Browser, Page

from integration.web.expected import (
    accounts,
    audit,
    components,
    connections,
    exchange,
    guards,
    home,
    notifying,
    previews,
    profiles,
    properties,
    runs,
    salesforce,
    schedules,
    segments,
)
from journeys.processes import Isthmus, LocalOrg
from journeys.web.browsing import ALICE, WIDE, Pages
from journeys.web.conftest import SET_UP, pages_of

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "isthmus.settings")
django.setup()

from isthmus.web.urls import urlpatterns  # noqa: E402 - it needs the settings

if TYPE_CHECKING:
    from django.urls import URLPattern

_PARTS = (
    accounts,
    audit,
    components,
    connections,
    exchange,
    guards,
    notifying,
    home,
    previews,
    profiles,
    properties,
    runs,
    salesforce,
    schedules,
    segments,
)
_OK = 200
_PLACE = re.compile(r"<\w+:(\w+)>")
_LONG = "Wolfeschlegelsteinhausenbergerdorff " * 4
DOCUMENT = f"""
properties:
  - {{key: birthday, label: Birthday, type: date, personal: true}}
  - {{key: note, label: "<b>Note</b> \\u202e {_LONG}", type: text}}
segments:
  - key: deep
    name: Deep "conditions" & <others>
    where:
      any:
        - all:
            - {{property: title, is_empty: false}}
            - not: {{property: employees, more_than: 10}}
        - {{property: birthday, less_than: "2000-01-01"}}
"""


def names() -> list[str]:
    """The names of all addresses that give an administrator something by GET."""
    expected = {name: page for part in _PARTS for name, page in part.EXPECTED.items()}
    patterns: list[URLPattern] = urlpatterns
    shown = {name for name, page in expected.items() if page.statuses[0] == _OK}
    # A page that is written down nowhere is no page less.
    return [str(each.name) for each in patterns if {each.name} & shown or each.name not in expected]


@dataclass(kw_only=True)
class World:
    """The pages, and what the places in addresses are filled with."""

    pages: Pages
    places: dict[str, str]

    def address(self, name: str) -> str:
        """The address with that name."""
        patterns: list[URLPattern] = urlpatterns
        (route,) = (str(each.pattern) for each in patterns if each.name == name)
        missing = [place for place in _PLACE.findall(route) if place not in self.places]
        assert missing == [], f"tests/journeys/web/world.py has nothing for {missing}"
        return "/" + _PLACE.sub(lambda place: self.places[place[1]], route)

    def show(self, page: Page, name: str) -> bool:
        """Go to a page and wait until all that loads after it is there; False where it is none."""
        kind = page.request.get(self.address(name), timeout=0).headers["content-type"]
        if not kind.startswith("text/html"):
            return False
        page.goto(self.address(name), wait_until="networkidle")
        return page.locator("h1").count() > 0 or page.locator("body > *").count() > 0


@contextmanager
def filled(isthmus: Isthmus, org: LocalOrg, browser: Browser, place: Path) -> Iterator[World]:
    """The pages of a store with people, properties, segments, and a connection with two runs."""
    command = isthmus.set(**org.environment)
    more = place / "more.yaml"
    more.write_text(DOCUMENT, encoding="utf-8")
    for document in (SET_UP, more):
        command.expect("config", "apply", str(document))
    command.expect("app", "save", "Isthmus", "--client-id", "localorg")
    hears = ("--to", "ops@example.com", "--to", f"{'long' * 12}@example.com")
    command.expect("connection", "notify", "acme", *hears)
    for _ in range(2):
        command.run("connection", "run", "acme")
    with pages_of(command, browser) as pages:
        pages.add(ALICE, "--name", "Alice", "--personal-data")
        pages.add("bob@example.com", "--name", f"Bob {_LONG}")
        yield World(pages=pages, places=_places(command))


def _places(command: Isthmus) -> dict[str, str]:
    log = command.expect("connection", "log", "acme", "1").out.splitlines()
    columns = log[0].split(",")
    rows = [dict(zip(columns, line.split(","), strict=False)) for line in log[1:]]
    row = next(each for each in rows if each["profile id"] and each["record id"])
    logged = json.loads(command.expect("audit", "--kind", "segment", "--json").out)
    return {
        "action_id": logged["entries"][0]["action"],
        "user_id": "1",
        "profile_id": row["profile id"],
        "record_id": row["record id"],
        "connection_key": "acme",
        "goal_key": "leads_in",
        "property_key": "title",
        "segment_key": "deep",
        "type_key": "salesforce",
        "app_id": "1",
        "authorization_id": "1",
        "number": "1",
        "alert_id": "1",
        "org_id": command.json("org", "list")["orgs"][0]["id"],
    }


def signed_in(world: World, *, width: int = WIDE) -> Page:
    """A browser of the administrator."""
    return world.pages.signed_in(width=width)
