import subprocess
import sys
from pathlib import Path

DOCS = Path(__file__).parents[3] / "docs"


def test_the_page_of_commands_says_what_the_commands_say(tmp_path: Path) -> None:
    fresh = tmp_path / "cli.md"
    subprocess.run([sys.executable, str(DOCS / "generate.py"), str(fresh)], check=True)

    assert (DOCS / "cli.md").read_text() == fresh.read_text(), "run: python docs/generate.py"
