"""Rows of a goal's form: read in their order, moved, copied, removed."""

import random

import pytest
from django.core.exceptions import BadRequest
from django.http import QueryDict

from isthmus.domain.goals import ImportField, ImportGoal, MatchRow
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import OBJECTS
from isthmus.web.goal_editor import rows
from isthmus.web.goal_editor.import_form import ImportForm
from isthmus.web.goal_editor.rows import Row


def numbers(found: list[Row]) -> list[int]:
    return [row.number for row in found]


def three() -> list[Row]:
    return rows.numbered([{"field": name} for name in "abc"])


def test_rows_stand_in_the_order_of_their_controls_and_not_of_their_numbers() -> None:
    posted = {
        "r9.field": "z",
        "r2.field": " a ",
        "r9.rule": "add",
        "m1.field": "b",
        "r.x": "",
        "rr": "",
    }
    found = rows.read(posted, "r")
    assert numbers(found) == [9, 2]
    assert found[0].values == {"field": "z", "rule": "add"}
    assert found[1].get("field") == "a"
    assert found[1].get("nothing") == ""


def test_a_row_is_blank_while_only_what_has_a_choice_from_the_start_is_chosen() -> None:
    assert Row(number=1, values={"field": " ", "rule": "set", "property": ""}).is_blank
    assert not Row(number=1, values={"field": "", "rule": "set", "property": "x"}).is_blank
    assert [place for place, _ in rows.places([Row(number=1), *three()])] == [0, 1, 2]


@pytest.mark.parametrize(
    ("what", "chosen", "order", "goes_on"),
    [
        ("add", None, [1, 2, 3, 4], 4),
        ("copy", 2, [1, 2, 4, 3], 4),
        ("remove", 2, [1, 3], 3),
        ("remove", 3, [1, 2], 2),
        ("up", 2, [2, 1, 3], 2),
        ("up", 1, [1, 2, 3], 1),
        ("down", 3, [1, 2, 3], 3),
        ("down", 1, [2, 1, 3], 1),
        ("remove", 7, [1, 2, 3], None),
        ("copy", None, [1, 2, 3], None),
    ],
)
def test_a_button_does_what_it_says_with_the_chosen_row(
    what: str, chosen: int | None, order: list[int], goes_on: int | None
) -> None:
    found = three()
    assert rows.act(found, what, chosen) == goes_on
    assert numbers(found) == order


def test_a_copy_is_a_row_of_its_own() -> None:
    found = three()
    rows.act(found, "copy", 1)
    found[1].values["field"] = "other"
    assert found[0].values == {"field": "a"}


def test_a_page_takes_no_more_rows_than_it_says() -> None:
    most = {f"r{number}.field": "x" for number in range(rows.MOST_ROWS)}
    found = rows.read(most, "r")
    rows.act(found, "add", None)
    rows.act(found, "copy", 1)
    assert len(found) == rows.MOST_ROWS
    with pytest.raises(BadRequest):
        rows.read({**most, "r99999.field": "x"}, "r")


@pytest.mark.parametrize("seed", range(50))
def test_the_form_of_any_goal_says_the_same_goal(seed: int) -> None:
    chance = random.Random(seed)
    goal = ImportGoal(
        key="",
        name=chance.choice(["a", "\u202e<b>", "导入"]),
        object=chance.choice(list(OBJECTS.values())),
        match=tuple(
            MatchRow(field=f"F{n}", identifier="email") for n in range(chance.randint(0, 4))
        ),
        fields=tuple(
            ImportField(
                field=f"A{n}.B",
                property=f"p_{n % 3}",
                rule=chance.choice(list(MergeRule)),
                keep_when_empty=chance.random() < 0.5,
            )
            for n in range(chance.randint(0, 30))
        ),
        create_profiles=chance.random() < 0.5,
        active=chance.random() < 0.5,
    )
    form = ImportForm.opened(goal)
    posted = {
        "name": form.name,
        "object": form.object,
        "object_type_property": form.object_type_property,
        "object_type_on_delete": form.object_type_on_delete.value,
        "on_merge": form.on_merge.value,
        **({"active": "on"} if form.active else {}),
        **({"create_profiles": "on"} if form.create_profiles else {}),
        **{
            f"m{row.number}.{name}": text for row in form.match for name, text in row.values.items()
        },
        **{f"r{row.number}.{name}": text for row in form.rows for name, text in row.values.items()},
    }
    again = ImportForm.posted(_as_query(posted))
    assert again.goal(_NewDesk()) == goal  # type: ignore[arg-type]


def _controls(kind: str, typed: list[Row]) -> dict[str, str]:
    return {
        f"{kind}{row.number}.{name}": text for row in typed for name, text in row.values.items()
    }


class _NewDesk:
    """What a form asks of a desk for a goal that is not stored."""

    there = None
    key = ""

    @property
    def objects(self) -> "_NewDesk":
        return self

    def known(self, name: str) -> None:
        assert name in OBJECTS


def _as_query(posted: dict[str, str]) -> QueryDict:
    query = QueryDict(mutable=True)
    for name, value in posted.items():
        query[name] = value
    return query
