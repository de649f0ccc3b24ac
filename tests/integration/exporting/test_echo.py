"""What an export wrote changes nothing when an import reads it back, and nothing goes out again."""

from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import pytest
from psycopg import Connection

from integration import set_up
from integration.exporting.histories import FIELDS, PROPERTIES
from integration.exporting.side_by_side import SideBySide
from isthmus.connections import two_way
from isthmus.connections.models import Goal
from isthmus.domain.goals import (
    ExportField,
    ExportGoal,
    ExportKind,
    ImportField,
    ImportGoal,
    MatchRow,
    WhenEmpty,
    WhenTooLong,
)
from isthmus.domain.merge_rules import MergeRule
from isthmus.domain.objects import LEAD
from isthmus.exporting.engine import run_export
from isthmus.importing.engine import run_import
from model.fake_org import FakeOrg, describe, new_field

EMAIL = MatchRow(field="Email", identifier="email")
KEY = MatchRow(field="Isthmus_Id__c", identifier="profile_id")
NUMBER = MatchRow(field="Number__c", identifier="number")
LONG = MatchRow(field="Long__c", identifier="number")
WIDE = (
    new_field("Whole__c", "double", precision=18, scale=0),
    new_field("Number__c", length=40, external_id=True),
    new_field("Long__c", length=255),
)


class TidyOrg(FakeOrg):
    """Keeps texts trimmed and cut at 255, numbers rounded, several values sorted, e-mails small."""

    def save(self, sobject: str, record_id: str | None = None, **values: str | None) -> str:
        kinds = self.objects[sobject].fields
        kept = {name: _tidy(kinds[name.lower()].type, value) for name, value in values.items()}
        self.seconds += 60
        return super().save(sobject, record_id, **kept)


def _tidy(kind: str, value: str | None) -> str | None:
    text = str(value).strip() if value is not None else ""
    if not text:
        return None
    match kind:
        case "email":
            return text.lower()
        case "double":
            return str(Decimal(text).quantize(Decimal("0.01"), ROUND_HALF_UP))
        case "multipicklist":
            return ";".join(sorted(text.split(";")))
        case "datetime":
            return f"{text[:19]}.000Z"
    return text


MAPPED: list[tuple[str, str, Any]] = [
    ("Title", "title", "  Bo "),
    ("Title", "title", "longer than four"),
    ("Title", "note", "a\r\nb"),
    ("Points__c", "amount", Decimal("1.23456")),
    ("Points__c", "amount", Decimal("-0.005")),
    ("Tags__c", "tags", ["b", "a"]),
    ("Seen__c", "moment", datetime(2024, 3, 31, 23, 30, 0, 123456, UTC)),
    ("Born__c", "moment", datetime(2024, 3, 31, 23, 30, 0, 123456, UTC)),
    ("Ref__c", "numbers", [1, 2]),
    ("Email", "email", "A@x.co"),
]


@pytest.fixture
def both(world: Connection[Any]) -> SideBySide:
    org = TidyOrg(objects={"Lead": describe("Lead", (*FIELDS, *WIDE))})
    return SideBySide(connection=world, org=org, definitions=PROPERTIES, wanted=("number",))


def goals(both: SideBySide, field: str, key: str, **given: Any) -> tuple[Goal, Goal]:
    """An import and an export of one field and one property."""
    fields = [ExportField(field="Number__c", kind=ExportKind.PROPERTY, value="number")]
    fields.append(
        ExportField(
            field=field,
            kind=ExportKind.PROPERTY,
            value=key,
            when_empty=WhenEmpty.CLEAR,
            when_too_long=WhenTooLong.CUT,
        )
    )
    back = both.add_goal(
        ImportGoal(
            key="in",
            name="in",
            object=LEAD,
            match=(NUMBER,),
            fields=(ImportField(field=field, property=key, **given),),
            create_profiles=True,
            object_type_property="kind",
        )
    )
    out = both.add_goal(
        ExportGoal(
            key="out", name="out", object=LEAD, segment="members", match=NUMBER,
            fields=tuple(fields), create_records=True,
        )
    )  # fmt: skip
    return back, out


def exported(both: SideBySide, out: Goal) -> int:
    """How many rows an export sends."""
    both.salesforce.writes.log.clear()
    set_up.run(run_export, out, both.salesforce)
    return len(both.salesforce.writes.log)


def imported(both: SideBySide, back: Goal) -> int:
    """How many records an import applies."""
    both.org.seconds += 60
    counts = set_up.run(run_import, back, both.salesforce).counts
    return counts.updated + counts.created


def value(both: SideBySide, key: str) -> Any:
    row = both.connection.execute(
        f"SELECT p_{key} FROM store.profile"  # noqa: S608 - a test's own key
    ).fetchone()
    assert row is not None
    return row[0]


def record(both: SideBySide) -> dict[str, Any]:
    (only,) = both.org.records["Lead"].values()
    return only


def quiet(both: SideBySide, back: Goal, out: Goal) -> None:
    """Ten runs in both directions that change nothing."""
    before = dict(record(both))
    for _ in range(10):
        set_up.run(run_import, back, both.salesforce, full=True)
        assert exported(both, out) == 0
    assert record(both) == before


@pytest.mark.parametrize(("field", "key", "sent"), MAPPED)
def test_what_salesforce_made_of_a_value_does_not_come_back(
    both: SideBySide, field: str, key: str, sent: Any
) -> None:
    back, out = goals(both, field, key)
    both.add_profile(number=1, **{key: sent})
    assert exported(both, out) == 1
    # The first reading links the record and says what kind it is.
    imported(both, back)
    assert value(both, key) == sent
    both.org.save("Lead", record(both)["Id"], Long__c="somebody else")
    imported(both, back)
    assert value(both, key) == sent
    quiet(both, back, out)


@pytest.mark.parametrize(
    ("field", "key", "sent", "theirs", "read"),
    [
        ("Title", "title", " Bo ", "Chef", "Chef"),
        ("Points__c", "amount", Decimal("1.234"), "2.50", Decimal("2.5")),
        ("Email", "email", "A@x.co", "b@x.co", "b@x.co"),
        ("Title", "title", "Bo", None, None),
        ("Born__c", "moment", datetime(2024, 3, 31, 23, 30, tzinfo=UTC), "2024-05-05",
         datetime(2024, 5, 5, tzinfo=UTC)),
    ],
)  # fmt: skip
def test_what_a_user_changes_comes_in_and_is_not_sent_back(
    both: SideBySide, field: str, key: str, sent: Any, theirs: str | None, read: Any
) -> None:
    back, out = goals(both, field, key)
    both.add_profile(number=1, **{key: sent})
    exported(both, out)
    imported(both, back)
    both.org.save("Lead", record(both)["Id"], **{field: theirs})
    imported(both, back)
    if key != "email" or theirs:
        assert value(both, key) == read
    quiet(both, back, out)


def test_a_change_that_goes_back_to_what_was_sent_is_a_change(both: SideBySide) -> None:
    back, out = goals(both, "Title", "title")
    both.add_profile(number=1, title="Bo")
    exported(both, out)
    for theirs in ("Chef", "Bo", "Chef", "Bo"):
        both.org.save("Lead", record(both)["Id"], Title=theirs)
        imported(both, back)
        assert value(both, "title") == theirs
        assert exported(both, out) == 0


def test_a_change_here_is_not_undone_by_reading_what_was_sent_before(both: SideBySide) -> None:
    back, out = goals(both, "Title", "title")
    profile = both.add_profile(number=1, title="Bo")
    exported(both, out)
    imported(both, back)
    both.change_profile(profile, title="Ann")
    both.org.save("Lead", record(both)["Id"], Long__c="somebody else")
    imported(both, back)
    assert value(both, "title") == "Ann"
    assert exported(both, out) == 1
    assert record(both)["Title"] == "Ann"
    quiet(both, back, out)


def test_a_value_that_came_in_and_changes_here_goes_out(both: SideBySide) -> None:
    back, out = goals(both, "Title", "title")
    profile = both.add_profile(number=1, title="Bo")
    exported(both, out)
    both.org.save("Lead", record(both)["Id"], Title="Chef")
    imported(both, back)
    assert exported(both, out) == 0
    both.change_profile(profile, title="Ann")
    assert exported(both, out) == 1
    both.change_profile(profile, title="Chef")
    assert exported(both, out) == 1
    assert record(both)["Title"] == "Chef"
    quiet(both, back, out)


def test_what_was_sent_before_a_user_changed_it_goes_out_when_it_comes_back(
    both: SideBySide,
) -> None:
    back, out = goals(both, "Title", "title")
    profile = both.add_profile(number=1, title="Bo")
    exported(both, out)
    both.org.save("Lead", record(both)["Id"], Title="Chef")
    imported(both, back)
    both.change_profile(profile, title="Bo")
    assert exported(both, out) == 1
    assert record(both)["Title"] == "Bo"
    quiet(both, back, out)


def test_set_if_empty_does_not_refill_what_was_emptied_here(both: SideBySide) -> None:
    back, out = goals(both, "Title", "title", rule=MergeRule.SET_IF_EMPTY)
    profile = both.add_profile(number=1, title="Bo")
    exported(both, out)
    imported(both, back)
    both.change_profile(profile, title=None)
    both.org.save("Lead", record(both)["Id"], Long__c="somebody else")
    imported(both, back)
    assert value(both, "title") is None
    exported(both, out)
    assert record(both)["Title"] is None


def test_an_import_without_such_an_export_asks_nothing(
    both: SideBySide, monkeypatch: pytest.MonkeyPatch
) -> None:
    back, _out = goals(both, "Title", "note")
    set_up.change_goal(
        back,
        ImportGoal(
            key="in", name="in", object=LEAD, match=(LONG,), object_type_property="kind",
            fields=(ImportField(field="Title", property="title"),),
        ),
    )  # fmt: skip
    built: list[str] = []
    for name in ("refuse_statement", "keep_statement", "as_left_statement"):
        monkeypatch.setattr(two_way, name, lambda *_given: built.append("one"))
    both.org.save("Lead", Long__c="1", Title="Bo")
    both.add_profile(number=1)
    assert imported(both, back) == 1
    assert built == []
