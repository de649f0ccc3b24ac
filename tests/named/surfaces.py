"""What Isthmus says to the same thing on a page, to a document and to a command."""

import html
import re
from io import StringIO
from pathlib import Path
from typing import Any

from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from ruamel.yaml import YAML
from typer.testing import CliRunner

from isthmus.cli import program


def lines(text: str) -> str:
    """The text as it reads, however its lines are broken."""
    return " ".join(text.split())


def shown(answer: Any) -> str:
    """The words of a page."""
    return lines(html.unescape(re.sub(r"<[^>]*>", "", answer.content.decode())))


def on_page(browser: Client, address: str, given: dict[str, Any]) -> str:
    """What a page says to a form that somebody posted, perhaps by hand."""
    posted = {name: _value(browser, address, each) for name, each in given.items()}
    answer = browser.post(address, posted, follow=True)
    assert answer.status_code in (200, 422), answer.status_code
    return shown(answer)


def _value(browser: Client, address: str, given: Any) -> Any:
    if given is True:
        found = re.search(r'name="seen" value="([^"]+)"', browser.get(address).content.decode())
        assert found
        return found[1]
    if str(given).startswith("@"):
        return SimpleUploadedFile("key.pem", Path(given[1:]).read_bytes())
    return given


def by_command(arguments: list[str], said: str = "") -> tuple[int, str]:
    """The status of a command that is given `said`, and what it prints."""
    answer = CliRunner().invoke(program.app, arguments, input=said)
    return answer.exit_code, lines(answer.output)


def by_document(document: dict[str, Any], place: Path) -> tuple[int, str]:
    """The same of `config plan`."""
    stream = StringIO()
    YAML(typ="safe", pure=True).dump(document, stream)
    file = place / "store.yaml"
    file.write_text(stream.getvalue(), encoding="utf-8")
    return by_command(["config", "plan", str(file)])
