"""The cases of tests/cases/cli/bad_inputs.yaml."""

from pathlib import Path
from typing import Any

from ruamel.yaml import YAML

CASES = YAML(typ="safe").load(
    (Path(__file__).parents[2] / "cases" / "cli" / "bad_inputs.yaml").read_text()
)


def spoiled(document: Path, case: dict[str, Any]) -> list[str]:
    """Spoil the document, and give what has to be said of it."""
    text = document.read_text()
    assert text.count(case["replace"]) == 1, "the case no longer fits store.yaml"
    line = text[: text.index(case["replace"])].count("\n") + 1
    document.write_text(text.replace(case["replace"], case["with"]))
    return [words.replace("{line}", str(line)) for words in case["says"]]
