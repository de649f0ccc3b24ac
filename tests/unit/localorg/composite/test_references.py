import pytest

from localorg.composite.references import Answers, resolved, resolved_url
from localorg.errors import SalesforceError

BODIES = {
    "made": {"id": "001A", "success": True, "errors": []},
    "found": {"totalSize": 1, "records": [{"Id": "003B", "Name": None, "Age": 7}]},
    "gone": None,
    "many": [{"id": "00Q1"}, {"id": "00Q2"}],
}
ANSWERS = Answers(bodies=BODIES, nulls=True)


def test_a_value_keeps_its_type_where_it_is_all_of_a_text() -> None:
    body = {"a": "@{found.records[0].Age}", "b": ["@{made.success}"], "c": {"d": "@{made.id}"}}
    assert resolved(body, ANSWERS) == {"a": 7, "b": [True], "c": {"d": "001A"}}


def test_a_value_becomes_a_part_of_a_text() -> None:
    assert resolved("x @{many[1].id} @{found.records[0].Name}.", ANSWERS) == "x 00Q2 ."
    assert resolved(7, ANSWERS) == 7


def test_a_value_in_a_url_is_encoded() -> None:
    answers = Answers(bodies={"a": {"Name": "x y/ü"}}, nulls=True)
    assert resolved_url("/q?n=@{a.Name}&m=@{a.Name}", answers) == (
        "/q?n=x%20y%2F%C3%BC&m=x%20y%2F%C3%BC"
    )


@pytest.mark.parametrize(
    "text",
    [
        "nobody.id",
        "made.Id",
        "made.id.more",
        "found.records[1].Id",
        "found.records",
        "gone.id",
        "many.id",
        "made[0]",
        "made.errors",
        "made id",
        "",
    ],
)
def test_a_reference_to_nothing_is_refused(text: str) -> None:
    with pytest.raises(SalesforceError) as refused:
        ANSWERS.value(text)
    assert (refused.value.status, refused.value.code) == (400, "PROCESSING_HALTED")
    start = f"Invalid reference specified. No value for {text} found in "
    assert refused.value.message.startswith(start)


def test_an_empty_field_is_a_value_only_from_version_52_on() -> None:
    before = Answers(bodies=BODIES, nulls=False)
    assert ANSWERS.value("found.records[0].Name") is None
    with pytest.raises(SalesforceError):
        before.value("found.records[0].Name")
