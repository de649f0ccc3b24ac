"""The org's assignment and duplicate rules, kept in its file."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any, TypeVar

import orjson

from localorg.dml.options import (
    AssignmentEntry,
    AssignmentRule,
    Criterion,
    DuplicateRule,
    Match,
    Rules,
)
from localorg.store import Store

Rule = TypeVar("Rule")
ASSIGNMENT = "assignment"
DUPLICATE = "duplicate"
_TABLE = """
    CREATE TABLE IF NOT EXISTS localorg_automation (
        -- assignment or duplicate.
        kind TEXT NOT NULL,
        -- The API name of the object.
        object TEXT NOT NULL,
        -- The rule as JSON, without what follows from the schema.
        rule TEXT NOT NULL
    )
"""


class Automation:
    """What happens by itself when records are saved; safe to use from several threads."""

    def __init__(self, store: Store) -> None:
        """Read the rules of an org."""
        self._store = store
        self.rules = Rules()
        with store.write() as connection:
            connection.execute(_TABLE)
        self.reload()

    def reload(self) -> None:
        """Read the rules again, because the org's records were replaced."""
        with self._store.read() as connection:
            found = connection.execute(
                "SELECT kind, object, rule FROM localorg_automation ORDER BY rowid"
            ).fetchall()
        rules = [(kind, name, orjson.loads(text)) for kind, name, text in found]
        self.rules = Rules(
            assignment=_by_object(
                (name, _assignment_rule(rule)) for kind, name, rule in rules if kind == ASSIGNMENT
            ),
            duplicates=_by_object(
                (name, _duplicate_rule(rule)) for kind, name, rule in rules if kind == DUPLICATE
            ),
        )

    def replace(
        self, kind: str, rules: Sequence[tuple[str, AssignmentRule | DuplicateRule]]
    ) -> None:
        """Put these rules, each with its object's name, in the place of all of their kind."""
        with self._store.write() as connection:
            connection.execute("DELETE FROM localorg_automation WHERE kind = ?", (kind,))
            rows = [(kind, name, orjson.dumps(asdict(rule)).decode()) for name, rule in rules]
            connection.executemany("INSERT INTO localorg_automation VALUES (?, ?, ?)", rows)
        self.reload()


def _by_object(rules: Iterable[tuple[str, Rule]]) -> Mapping[str, tuple[Rule, ...]]:
    found: dict[str, tuple[Rule, ...]] = {}
    for name, rule in rules:
        found[name] = (*found.get(name, ()), rule)
    return found


def _assignment_rule(data: dict[str, Any]) -> AssignmentRule:
    entries = tuple(
        AssignmentEntry(
            criteria=tuple(Criterion(**criterion) for criterion in entry["criteria"]),
            condition=entry["condition"],
            owner_id=entry["owner_id"],
        )
        for entry in data["entries"]
    )
    return AssignmentRule(id=data["id"], active=data["active"], entries=entries)


def _duplicate_rule(data: dict[str, Any]) -> DuplicateRule:
    matches = tuple(
        Match(
            object_name=match["object_name"],
            name=match["name"],
            fields=tuple((ours, theirs) for ours, theirs in match["fields"]),
        )
        for match in data["matches"]
    )
    return DuplicateRule(**(data | {"matches": matches}))
