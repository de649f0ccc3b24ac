"""Every case of tests/cases/blueprint has the problems that it says, and no others."""

import re
from collections.abc import Mapping
from itertools import zip_longest
from pathlib import Path

import pytest

from isthmus.blueprint.documents import Document
from isthmus.blueprint.errors import BlueprintInvalid, Problem
from isthmus.blueprint.reading import read
from isthmus.blueprint.reviewing import review

CASES = Path(__file__).parents[2] / "cases" / "blueprint"
_EXPECTED = re.compile(r"^#! (\d+:\d+) (.+)$", re.MULTILINE)


def cases(folder: str) -> list[str]:
    return sorted(path.name for path in (CASES / folder).glob("*.yaml"))


def assert_as_expected(text: str, problems: list[Problem]) -> None:
    expected = _EXPECTED.findall(text)
    assert expected, "The case says no problem: add lines such as `#! 3:5 part of the message`."
    for wanted, problem in zip_longest(expected, problems):
        assert wanted, f"also found: {problem}"
        assert problem, f"not found: {wanted}"
        assert (f"{problem.line}:{problem.column}", True) == (
            wanted[0],
            wanted[1] in str(problem),
        ), f"{problem} is not {wanted}"


@pytest.mark.parametrize("file", cases("reading"))
def test_reading_finds_every_problem_at_its_place(
    file: str, environment: Mapping[str, str]
) -> None:
    text = (CASES / "reading" / file).read_text(encoding="utf-8")
    with pytest.raises(BlueprintInvalid) as caught:
        read(text, name=file, environment=environment)
    assert_as_expected(text, caught.value.problems)
    assert {problem.file for problem in caught.value.problems} == {file}


@pytest.mark.parametrize("file", cases("checking"))
def test_checking_finds_every_problem_at_its_place(
    file: str, environment: Mapping[str, str], store: Document
) -> None:
    text = (CASES / "checking" / file).read_text(encoding="utf-8")
    document = read(text, name=file, environment=environment)
    with pytest.raises(BlueprintInvalid) as caught:
        review(document, store)
    assert_as_expected(text, caught.value.problems)


def test_no_message_repeats_a_secret(environment: Mapping[str, str]) -> None:
    text = (CASES / "reading" / "secrets.yaml").read_text(encoding="utf-8")
    with pytest.raises(BlueprintInvalid) as caught:
        read(text, name="secrets.yaml", environment=environment)
    assert "hunter2" not in str(caught.value)
    assert environment["ACME_SECRET"] not in str(caught.value)
