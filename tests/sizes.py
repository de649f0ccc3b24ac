"""Functions and modules stay small: exits 1 and names those that are not."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

MOST_MODULE_LINES = 700
MOST_FUNCTION_LINES = 60
MOST_LONG_FUNCTIONS = 0.10
LONG_FUNCTION_LINES = 35


def functions(path: Path) -> Iterator[tuple[str, int]]:
    """Name and number of lines of each function in a module, its docstring not counted."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            documented = ast.get_docstring(node, clean=False) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if documented else 0
            lines = (node.end_lineno or 0) - node.lineno - docstring
            yield f"{path}:{node.lineno} {node.name}", lines


def main() -> int:
    """Print what is too long; 0 where nothing is."""
    paths = [path for path in Path("src").rglob("*.py") if "migrations" not in path.parts]
    found = [each for path in paths for each in functions(path)]
    troubles = [
        f"{name} has {lines} lines, at most {MOST_FUNCTION_LINES} are allowed"
        for name, lines in found
        if lines > MOST_FUNCTION_LINES
    ]
    troubles += [
        f"{path} has {lines} lines, at most {MOST_MODULE_LINES} are allowed"
        for path in paths
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MOST_MODULE_LINES
    ]
    share = sum(lines > LONG_FUNCTION_LINES for _, lines in found) / len(found)
    if share > MOST_LONG_FUNCTIONS:
        troubles.append(f"{share:.0%} of the functions have more than {LONG_FUNCTION_LINES} lines")
    print("\n".join(troubles) or f"{len(found)} functions in {len(paths)} modules: sizes are fine")  # noqa: T201
    return 1 if troubles else 0


if __name__ == "__main__":
    sys.exit(main())
