"""Every code that a problem can have is explained in plain words, with a next step."""

import inspect
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import isthmus
from isthmus.connections import explanations, outcomes
from isthmus.connections.explanations import explain
from isthmus.exporting import finish as export_finish
from isthmus.exporting import refusals, send, unheard
from isthmus.exporting.queries import QUERIES as EXPORTING
from isthmus.importing import finish as import_finish
from isthmus.importing import merge
from isthmus.importing.queries import QUERIES as IMPORTING
from isthmus.salesforce import error_codes

SOURCES = Path(isthmus.__file__).parent
WRITES = re.compile(
    r"INSERT INTO (?:store\.run_problem|export_problem|chunk_problem)\b(.*)", re.DOTALL
)
CODE = re.compile(r"(?<![\w'])'([a-z]+(?:_[a-z]+)+|ambiguous)'(?!')")
NO_CODES = {"record_id", "run_goal", "profile_id"}


def of_statements() -> Iterator[str]:
    """Texts in the statements that write problems, where codes stand."""
    for query in (*IMPORTING.values(), *EXPORTING.values()):
        if found := WRITES.search(query.as_string()):
            yield from set(CODE.findall(found[1])) - NO_CODES


def of_python() -> Iterator[str]:
    """Codes that statements are given."""
    for file in (*SOURCES.glob("importing/*.py"), *SOURCES.glob("exporting/*.py")):
        yield from re.findall(r'\bcode="(\w+)"', file.read_text())
        yield from re.findall(r"'(wrong_type|sum_too_large)'", file.read_text())
    yield from import_finish._REASONS  # noqa: SLF001 - their words stand nowhere else


def of_rows_given_up() -> Iterator[str]:
    """Reasons that `give_up` writes as codes, in upper case."""
    for module in (export_finish, send, unheard):
        for reason in re.findall(r'"?reason"?[:=] ?"(\w+)"', inspect.getsource(module)):
            yield reason.upper()
    yield from (word.upper() for word in send.WORDS if word != "locked")


OURS = sorted({*of_statements(), *of_python(), *of_rows_given_up()})


def test_the_codes_of_the_engines_are_found() -> None:
    least = {"ambiguous", "wrong_type", "identifier_taken", "sum_too_large", "too_large"}
    least |= {"several_records", "several_profiles", "outcome_unknown", "too_long", "reserved"}
    assert least | {"NOT_SENT", "UNPROCESSED", "NO_RESULT", "OUTCOME_UNKNOWN"} <= set(OURS)
    assert "'wrong_type'" in inspect.getsource(merge)


@pytest.mark.parametrize(
    "code", [*OURS, *sorted(error_codes.known_codes() | refusals.OF_THE_ROW), "FAILED"]
)
def test_every_code_has_an_explanation_and_a_next_step(code: str) -> None:
    found = explain(code)
    assert found.known, code
    assert found.meaning.endswith(".")
    assert found.next_step.endswith(".")
    assert "!" not in found.meaning + found.next_step


def test_a_code_that_nobody_knows_is_said_to_be_unknown() -> None:
    assert not explain("NEW_IN_WINTER_31").known
    assert "not in our list" in explain("NEW_IN_WINTER_31").meaning
    assert not explain("odd").known


def test_every_reason_of_ours_has_words() -> None:
    for direction, reason, _, sentence in outcomes.reasons():
        assert outcomes.reason_words(direction, reason) == sentence
        assert sentence.endswith(".")


def test_salesforces_codes_are_told_from_ours() -> None:
    assert explanations.is_of_salesforce("DUPLICATE_VALUE")
    assert not explanations.is_of_salesforce("too_long")
