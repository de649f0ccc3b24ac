"""Selects with many options."""

import re

from django import forms

from isthmus.web.forms.choices import LongSelect

CHOICES = [("a", "Alpha"), ("b&", "<Beta>"), ("3", "Gamma")]


def parts(widget: forms.Select, value: object) -> list[tuple[str, str, str]]:
    html = str(widget.render("zone", value, {"id": "id_zone", "required": True}))
    assert 'name="zone"' in html
    assert 'id="id_zone"' in html
    assert " required" in html
    return re.findall(r'<option value="([^"]*)"( selected)?>([^<]*)</option>', html)


def test_a_long_select_shows_what_any_select_shows() -> None:
    for value in ("b&", 3, None, "none of them"):
        plain, long = forms.Select(choices=CHOICES), LongSelect(choices=CHOICES)
        assert parts(long, value) == parts(plain, value)
    assert [option[1] for option in parts(LongSelect(choices=CHOICES), "b&")] == [
        "",
        " selected",
        "",
    ]
