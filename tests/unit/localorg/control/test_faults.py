import re
from typing import Any

import pytest

from localorg.control.fault_kinds import KINDS, PLAYED_AT_THE_DOOR
from localorg.control.faults import Fault, Faults
from localorg.control.planning import read_fault
from localorg.errors import SalesforceError


def happened(faults: Faults, kind: str, *targets: str) -> list[bool]:
    return [faults.take(kind, target) is not None for target in targets]


def test_a_fault_happens_as_often_as_planned() -> None:
    faults = Faults()
    faults.plan(Fault(kind="http", count=2, status=503))
    assert happened(faults, "http", "/a", "/a", "/a") == [True, True, False]


def test_a_fault_without_a_count_goes_on() -> None:
    faults = Faults()
    faults.plan(Fault(kind="http", count=None))
    assert all(happened(faults, "http", *"abcdef"))


@pytest.mark.parametrize(
    ("match", "path", "fits", "not_this"),
    [
        ("substring", "/LIMITS", "/services/data/v66.0/limits", "/services/data/v66.0/sobjects"),
        ("exact", "lead", "Lead", "LeadStatus"),
        ("glob", "*/sobjects/*/describe", "/v1/sobjects/Lead/describe", "/v1/sobjects/describe/x"),
        ("regex", r"v6\d\.0/query", "/services/data/v62.0/query?q=x", "/services/data/v59.0/query"),
    ],
)
def test_a_fault_waits_for_what_it_is_about(
    match: str, path: str, fits: str, not_this: str
) -> None:
    faults = Faults()
    faults.plan(Fault(kind="http", path=path, match=match))
    assert happened(faults, "http", not_this, fits) == [False, True]


def test_a_fault_may_be_for_one_method() -> None:
    faults = Faults()
    faults.plan(Fault(kind="http", method="post"))
    assert faults.take("http", "/", "GET") is None
    assert faults.take("http", "/", "POST") is not None


def test_faults_of_other_kinds_wait() -> None:
    faults = Faults()
    faults.plan(Fault(kind="bulk_job_failed", error_message="no"))
    assert faults.take_first(PLAYED_AT_THE_DOOR, "/") is None
    taken = faults.take("bulk_job_failed", "Lead")
    assert taken is not None
    assert taken.error_message == "no"


def test_the_one_that_was_planned_first_happens_first() -> None:
    faults = Faults()
    for status in (501, 502):
        faults.plan(Fault(kind="http", status=status))
    taken = [faults.take("http", "/") for _ in range(2)]
    assert [fault.status for fault in taken if fault] == [501, 502]


def test_old_faults_that_are_over_are_forgotten_and_those_that_wait_are_not() -> None:
    faults = Faults()
    faults.plan(Fault(kind="cut", count=None))
    for _ in range(1100):
        faults.plan(Fault(kind="http"))
        faults.take("http", "/")
    listed = faults.listed()
    assert len(listed) <= 1001
    assert listed[0].fault.kind == "cut"


def test_an_expression_that_is_none_is_not_planned() -> None:
    faults = Faults()
    with pytest.raises(re.error):
        faults.plan(Fault(kind="http", path="(", match="regex"))
    assert faults.listed() == []


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_can_be_read_with_its_name_alone(kind: str) -> None:
    fault = read_fault({"kind": kind})
    assert (fault.kind, fault.count, fault.probability) == (kind, 1, 1.0)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"probability": 0.5}, {"count": None, "probability": 0.5}),
        ({"probability": 0.5, "count": 3}, {"count": 3}),
        ({"count": 0}, {"count": None}),
        ({"object": "Lead"}, {"path": "Lead", "match": "exact"}),
        ({"rows": 7, "skip": 2}, {"rows": 7, "skip": 2}),
    ],
)
def test_what_is_said_is_kept(body: dict[str, Any], expected: dict[str, Any]) -> None:
    fault = read_fault({"kind": "row_locks", **body})
    assert {name: getattr(fault, name) for name in expected} == expected


def test_faults_of_paths_know_no_object() -> None:
    with pytest.raises(SalesforceError, match="'object' is no part of the fault http"):
        read_fault({"kind": "http", "object": "Lead"})
