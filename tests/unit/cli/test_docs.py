import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[3] / "docs"


@pytest.fixture(scope="module")
def generated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pages as they are made now."""
    folder = tmp_path_factory.mktemp("docs")
    subprocess.run([sys.executable, str(DOCS / "generate.py"), str(folder)], check=True)
    return folder


@pytest.mark.parametrize("page", ["cli.md", "localorg-coverage.md"])
def test_generated_pages_say_what_the_program_says(page: str, generated: Path) -> None:
    assert (DOCS / page).read_text() == (generated / page).read_text(), "run: make docs"
