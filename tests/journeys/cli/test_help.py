"""Help of every command, from a real process."""

import subprocess
import sys

import pytest
import typer

from isthmus.cli.program import app
from journeys.processes import command

HEAVY = ("django", "psycopg", "rich", "ruamel", "cryptography", "urllib3", "isthmus.salesforce")


def commands() -> list[str]:
    """All commands and groups, as they are typed."""
    top = typer.main.get_command(app)
    found = [""]
    for name, each in top.commands.items():  # type: ignore[attr-defined]
        found.append(name)
        found += [f"{name} {below}" for below in getattr(each, "commands", {})]
    return found


@pytest.mark.parametrize("words", commands())
def test_help_is_complete_and_fits_a_terminal(words: str) -> None:
    done = subprocess.run(
        command(*words.split(), "--help"), capture_output=True, text=True, check=True
    )

    lines = done.stdout.splitlines()
    assert lines[0].startswith(f"Usage: isthmus {words}".rstrip())
    assert done.stderr == ""
    assert done.stdout.isascii()
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if line.endswith("...") and not line.startswith("Usage")]
    if "COMMAND [ARGS]" not in lines[0]:
        assert f"isthmus {words}" in "\n".join(lines[1:]), "an example is missing"


def test_help_is_quick_because_it_loads_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from isthmus.cli import main\n"
        "sys.argv = ['isthmus', 'connection', 'run', '--help']\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        f"print(sorted(set(sys.modules) & set({HEAVY!r})), file=sys.stderr)\n"
    )

    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert done.stderr == "[]\n"


def test_the_version_is_told() -> None:
    done = subprocess.run(command("--version"), capture_output=True, text=True, check=True)

    assert done.stdout.startswith("isthmus 0.")


def test_nothing_at_all_shows_help_and_is_misuse() -> None:
    done = subprocess.run(command(), capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert "Usage: isthmus [OPTIONS] COMMAND" in done.stdout + done.stderr
