from datetime import UTC, datetime

import pytest

from localorg.errors import SalesforceError
from localorg.sobjects.conditions import Conditions, RecordState, conditions_of

STATE = RecordState(modified=datetime(2026, 1, 31, 12, tzinfo=UTC), etag='"abc="')
NO_TAG = RecordState(modified=STATE.modified, etag=None)
BEFORE = "Sat, 31 Jan 2026 11:59:59 GMT"
AT = "Sat, 31 Jan 2026 12:00:00 GMT"


def conditions(**asked: str) -> Conditions:
    return Conditions(asked={name.replace("_", "-"): text for name, text in asked.items()})


def test_a_request_without_conditions_has_none() -> None:
    assert conditions_of({"accept": "*/*"}) is None


@pytest.mark.parametrize(
    ("asked", "answer"),
    [
        ({"if_modified_since": BEFORE}, "record"),
        ({"if_modified_since": AT}, "not modified"),
        ({"if_modified_since": "soon"}, "record"),
        ({"if_none_match": '"abc="'}, "not modified"),
        ({"if_none_match": '"x", "abc=-gzip"'}, "not modified"),
        ({"if_none_match": "*"}, "not modified"),
        ({"if_none_match": '"x"', "if_modified_since": AT}, "record"),
        ({"if_match": '"abc="'}, "record"),
        ({"if_unmodified_since": AT}, "record"),
    ],
)
def test_a_record_is_shown_unless_it_is_known(asked: dict[str, str], answer: str) -> None:
    shown = conditions(**asked).allow_reading(STATE)
    assert shown == (answer == "record")


@pytest.mark.parametrize(
    "asked",
    [
        {"if_match": '"x"'},
        {"if_none_match": '"abc="'},
        {"if_unmodified_since": BEFORE},
        {"if_modified_since": AT},
    ],
)
def test_a_change_is_refused_where_a_condition_fails(asked: dict[str, str]) -> None:
    with pytest.raises(SalesforceError) as refused:
        conditions(**asked).check_writing(STATE)
    assert (refused.value.status, refused.value.code) == (412, "PRECONDITION_FAILED")


def test_tags_count_only_where_there_is_one() -> None:
    conditions(if_match='"x"').check_writing(NO_TAG)
    conditions(if_match='"abc="', if_unmodified_since=BEFORE).check_writing(STATE)


def test_a_date_that_is_none_refuses_a_change() -> None:
    with pytest.raises(SalesforceError) as refused:
        conditions(if_unmodified_since="soon").check_writing(STATE)
    assert refused.value.status == 400
