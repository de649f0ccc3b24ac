import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import isthmus.salesforce
from isthmus.salesforce import errors

ROOT = Path(isthmus.salesforce.__file__).parent
ALLOWED = {"urllib3", "orjson", "tenacity", "cryptography"}


def imported() -> Iterator[str]:
    for path in ROOT.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                yield from (name.name for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield node.module or ""


def test_the_list_of_public_names_is_what_the_package_offers() -> None:
    modules = {path.stem for path in ROOT.glob("*.py")}
    offered = {name for name in vars(isthmus.salesforce) if not name.startswith("_")} - modules
    assert offered == set(isthmus.salesforce.__all__)
    assert list(isthmus.salesforce.__all__) == sorted(isthmus.salesforce.__all__)


def test_every_error_is_public() -> None:
    own = {name for name, found in vars(errors).items() if isinstance(found, type)}
    assert own - {"Final", "IsthmusError", "Retryable"} <= set(isthmus.salesforce.__all__)


def test_the_client_can_be_used_without_the_rest_of_the_product() -> None:
    outside = {
        name
        for name in imported()
        if name.split(".")[0] not in ALLOWED | sys.stdlib_module_names
        and not name.startswith("isthmus.salesforce")
    }
    assert outside == {"isthmus", "isthmus.errors"}
