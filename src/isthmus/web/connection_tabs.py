"""The parts of a connection that have a page: its first page, each goal, and its document."""

from collections.abc import Iterable
from typing import Any, Final

from django.urls import reverse

from isthmus.connections.models import IMPORT, Connection, Goal

SETUP: Final = "connection"
YAML: Final = "connection-yaml"

_NEW: Final = {"import": "New import", "export": "New export"}


def tabs(row: Connection, here: str, goals: Iterable[Goal], new: str = "") -> list[dict[str, Any]]:
    """The tabs; `here` names the address of one, or is `goal:` and a goal's key.

    `new` is the direction of a goal that is not stored yet, where `here` is a goal without a key.
    """
    found = [_tab(SETUP, row, "plug", "Setup and run", here)]
    for goal in goals:
        name = str(goal.document.get("name") or goal.key)
        places = {"connection_key": row.key, "goal_key": goal.key}
        address = reverse("goal", kwargs=places)
        icon = "in" if goal.direction == IMPORT else "outw"
        is_here = here == f"goal:{goal.key}"
        found.append({"address": address, "icon": icon, "word": name, "here": is_here})
    if here == "goal:":
        address = reverse(f"new-{new}-goal", kwargs={"connection_key": row.key})
        icon = "in" if new == IMPORT else "outw"
        found.append({"address": address, "icon": icon, "word": _NEW[new], "here": True})
    return [*found, _tab(YAML, row, "doc", "Set-up as YAML", here)]


def _tab(name: str, row: Connection, icon: str, word: str, here: str) -> dict[str, Any]:
    address = reverse(name, kwargs={"connection_key": row.key})
    return {"address": address, "icon": icon, "word": word, "here": here == name}
