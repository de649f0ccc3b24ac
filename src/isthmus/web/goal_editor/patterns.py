"""Drawing hundreds of rows that differ in a few words.

A template takes a good part of a millisecond for a row, which hundreds of rows make long. So it is
drawn once, with marks in place of what differs, and rows are put together from its pieces.
"""

import re
from collections.abc import Iterable, Mapping
from html import escape
from typing import Any

from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

_BEGIN, _END = "\ue000", "\ue001"
_MARK = re.compile(f"{_BEGIN}([a-z_]+){_END}")


def escaped_text(value: str | int) -> str:
    """The value for HTML, unless it is safe: as Django does it, without looking for lazy texts."""
    return value if isinstance(value, SafeString) else escape(str(value))


class Pattern:
    """A template of one row, in pieces."""

    def __init__(self, template: str, names: Iterable[str], context: Mapping[str, Any]) -> None:
        """Draw the template, whose `row` has these names; `context` is the same for all rows."""
        marks = {name: f"{_BEGIN}{name}{_END}" for name in names}
        drawn = render_to_string(template, {**context, "row": marks})
        # Every second piece is the name of what stands there.
        self._pieces = _MARK.split(drawn)

    def draw(self, values: Mapping[str, str | int]) -> SafeString:
        """The row with these values, which are escaped unless they are safe."""
        escaped = {name: escaped_text(value) for name, value in values.items()}
        texts = self._pieces[::2]
        named = [escaped[name] for name in self._pieces[1::2]]
        parts = [part for pair in zip(texts, [*named, ""], strict=True) for part in pair]
        return mark_safe("".join(parts))  # noqa: S308 - the template's own text, and what is escaped
