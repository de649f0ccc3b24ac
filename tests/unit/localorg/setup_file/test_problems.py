from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from localorg import setup_file
from localorg.setup_file import SetupFileError

_CASES = Path(__file__).parents[3] / "cases" / "localorg" / "setup_problems.yaml"


def problems_of(text: str) -> tuple[str, ...]:
    """All that is reported about a file; nothing where it can be used."""
    try:
        setup = setup_file.parse(text, "setup.yaml")
        setup_file.org_schema(setup)
        setup.raise_problems()
    except SetupFileError as error:
        return error.problems
    return ()


@pytest.mark.parametrize("case", YAML(typ="safe").load(_CASES.read_text("utf-8")))
def test_every_problem_is_reported_with_its_place(case: dict[str, Any]) -> None:
    found = problems_of(case["file"])
    for part in case["problems"]:
        assert any(part in line for line in found), (part, found)
    # Two parts may describe one line, such as its end; no line may be there that none describes.
    for line in found:
        assert any(part in line for part in case["problems"]), line


def test_problems_stand_in_the_order_of_the_file() -> None:
    found = problems_of("objects:\n  Leed: {}\n  Lead: {fields: [{name: A__c, type: x}]}\nfoo: 1\n")
    assert [line.split(":")[1] for line in found] == ["2", "3", "4"]


def test_a_file_that_is_not_there_is_named() -> None:
    with pytest.raises(SetupFileError, match=r"nowhere\.yaml: The file can't be read"):
        setup_file.read("nowhere.yaml")


def test_a_file_of_another_encoding_is_named(tmp_path: Path) -> None:
    path = tmp_path / "latin.yaml"
    path.write_bytes("objects: é".encode("latin-1"))
    with pytest.raises(SetupFileError, match="not UTF-8 at byte 9"):
        setup_file.read(path)


@pytest.mark.parametrize(
    "text",
    ["[" * 200 + "]" * 200, "users: &a [*a]", "objects: {Lead: {fields: &f [*f]}}"],
    ids=["deep", "alias of itself", "alias inside"],
)
def test_a_file_without_end_is_refused(text: str) -> None:
    assert problems_of(text)


def test_a_file_that_multiplies_itself_is_refused() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    assert "too many values" in problems_of("\n".join(lines))[0]


@pytest.mark.parametrize("text", ["", "# nothing\n", "objects:\n  Lead: {}\n"])
def test_a_file_may_add_nothing(text: str) -> None:
    assert problems_of(text) == ()
