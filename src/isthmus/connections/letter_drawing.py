"""A letter as e-mail: text and HTML of the same words."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Any, Final

from django.template.loader import render_to_string

from isthmus.connections.letter_words import BAD, CALM, GOOD, WARN, Words
from isthmus.connections.models import Letter

NAME: Final = "Isthmus"

_POLICY: Final = SMTP.clone(cte_type="7bit")
"""Every server takes it, also those that know ASCII only."""

_BADGES: Final[Mapping[str, tuple[str, str, str]]] = {
    GOOD: ("#dff3e4", "#14602b", "\u2713"),
    WARN: ("#fdeecb", "#6b4300", "!"),
    BAD: ("#fbdfdc", "#8c1d13", "\u00d7"),
    CALM: ("#e4e7ec", "#3a4252", "\u25a0"),
}
"""Background, colour, and a sign: state is never told by colour alone. Good in light and dark."""


def drawn(words: Words) -> tuple[str, str]:
    """The letter as text and as HTML."""
    shown: dict[str, Any] = {
        "letter": words,
        "badge": _BADGES[words.tone],
        "goals": [(each, _BADGES[each.tone]) for each in words.goals],
    }
    text = render_to_string("letters/letter.txt", shown)
    return _tidy(text), render_to_string("letters/letter.html", shown)


def _tidy(text: str) -> str:
    """No blanks at ends of lines, and one empty line at most between two others."""
    lines: list[str] = []
    for line in map(str.rstrip, text.strip().splitlines()):
        if line or (lines and lines[-1]):
            lines.append("-- " if line == "--" else line)  # below it, what is no part of the letter
    return "\n".join(lines) + "\n"


def message(words: Words, *, sender: str, to: str, message_id: str, now: datetime) -> EmailMessage:
    """The letter to one address."""
    text, html = drawn(words)
    made = EmailMessage(policy=_POLICY)
    made["Subject"] = words.subject
    made["From"] = Address(display_name=NAME, addr_spec=sender)
    made["To"] = Address(addr_spec=to)
    made["Date"] = format_datetime(now.astimezone(UTC))
    made["Message-ID"] = message_id
    made["Auto-Submitted"] = "auto-generated"
    made["X-Auto-Response-Suppress"] = "All"
    made.set_content(text)
    made.add_alternative(html, subtype="html")
    return made


def message_id(letter: Letter, to: str, sender: str) -> str:
    """Names the letter to one address: the same however often it is sent."""
    about = f"{letter.id} {letter.key} {letter.written_at.isoformat()} {to}"
    digest = hashlib.sha256(about.encode()).hexdigest()[:24]
    return f"<letter.{letter.id}.{digest}@{sender.rpartition('@')[2]}>"


def list_id(key: str, sender: str) -> str:
    """Tells letters of one connection from others, for those who sort their mail."""
    return f"<{key.lower().replace('_', '-')}.isthmus.{sender.rpartition('@')[2]}>"
