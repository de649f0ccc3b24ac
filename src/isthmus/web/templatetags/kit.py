"""Small parts of pages that templates write by a tag. Values are escaped here like everywhere."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

from django import template
from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from isthmus.web import figures, masking, words

register = template.Library()


@register.simple_tag
def icon(name: str, kind: str = "") -> SafeString:
    """The icon of that name in the sprite; a word beside it says the same."""
    return _icon(name, kind)


@lru_cache(maxsize=256)
def _icon(name: str, kind: str) -> SafeString:
    # Long tables have hundreds of them.
    return format_html(
        '<svg class="i {}" viewBox="0 0 16 16" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        kind,
        static("isthmus/icons.svg"),
        name,
    )


@register.simple_tag
def badge(state: words.State) -> SafeString:
    """A state: icon and word, in its colour."""
    return format_html(
        '<span class="badge {}">{}{}</span>',
        state.kind,
        icon(state.icon, "spin" if state.icon == "load" else ""),
        state.word,
    )


@register.simple_tag
def when(moment: datetime | None, empty: str = "Never") -> SafeString:
    """A moment in the viewer's time zone, with the exact one as its title."""
    if moment is None:
        return format_html('<span class="muted">{}</span>', empty)
    return format_html(
        '<time class="nowrap" datetime="{}" title="{}">{}</time>',
        moment.isoformat(),
        words.exact(moment),
        words.moment(moment, timezone.localtime()),
    )


@register.filter
def grouped(number: float | None) -> str:
    """A number with its thousands apart; nothing is a dash."""
    return words.NONE if number is None else f"{number:,}"


@register.filter
def named(key: str, names: Mapping[str, str | None]) -> str:
    """What the thing of that key is called, or its key."""
    return names.get(key) or key


@register.filter
def span(length: timedelta | float | None) -> str:
    """A length of time in words."""
    return words.span(length)


@register.filter
def coded(sentence: object) -> SafeString:
    """A sentence in which what stands between backticks, such as a command, is marked as code."""
    parts = str(sentence).split("`")
    if len(parts) % 2 == 0:  # one without its other half is a backtick
        return format_html("{}", sentence)
    marks = ("{}", "<code>{}</code>")
    return format_html("".join(marks[place % 2] for place in range(len(parts))), *parts)


@register.simple_tag
def count(number: int | None, address: str = "", more: str = "") -> SafeString:
    """A number that leads to the rows behind it; a zero leads nowhere. `more` follows it."""
    if not number:
        return format_html('<span class="zero">{}{}</span>', grouped(number), more)
    if not address:
        return format_html("{}{}", grouped(number), more)
    return format_html('<a class="num" href="{}">{}{}</a>', address, grouped(number), more)


@register.simple_tag
def copied(value: object, address: str = "", what: str = "id") -> SafeString:
    """An id with a button that copies it, and a link where `address` is given."""
    outside = address.startswith(("https:", "http:"))
    link = format_html(
        '<a href="{}"{}>{}</a>' if address else "<span{0}{1}>{2}</span>",
        address,
        SafeString(' rel="noreferrer" target="_blank"') if outside else "",
        value,
    )
    return format_html(
        '<span class="id">{}<button type="button" data-copy="{}" aria-label="Copy {}">{}</button>'
        "</span>",
        link,
        value,
        what,
        icon("copy"),
    )


@register.simple_tag
def masked() -> SafeString:
    """What stands in place of a value that whoever looks may not see."""
    return format_html(
        '<span class="masked" title="{}">{}<span class="vh">{}</span></span>',
        "Personal data: your account does not include the right to see it.",
        masking.DOTS,
        "hidden",
    )


@register.inclusion_tag("kit/split.html")
def split(counts: Mapping[str, int], addresses: Any = None, thin: str = "") -> dict[str, Any]:
    """The bar that splits `received` by outcome. `addresses` leads to the rows, by outcome."""
    parts = figures.split(counts, addresses or {})
    said = ", ".join(f"{part.name} {part.number:,}" for part in parts)
    return {"parts": parts, "said": said or "nothing", "thin": thin}


@register.inclusion_tag("kit/bar.html")
def bar(share: float | None, label: str, kind: str = "f-accent") -> dict[str, Any]:
    """A bar that is full at a `share` of 1; None: so far nobody knows."""
    filled = max(0.0, min(1.0, share or 0.0)) * 100
    return {"width": f"{filled:.1f}", "known": share is not None, "label": label, "kind": kind}


@register.inclusion_tag("kit/strip.html")
def strip(marks: list[figures.Mark], label: str) -> dict[str, Any]:
    """Small bars of the last runs: height says how many records, colour and mark the outcome."""
    return {"bars": figures.strip(marks), "label": label}


@register.inclusion_tag("kit/sorting.html", takes_context=True)
def sorting(context: Mapping[str, Any], word: str, name: str, *, number: bool = False) -> Any:
    """The head of a column that can be sorted by; a second click turns the order around."""
    request = context["request"]
    chosen = request.GET.get("sort", context.get("sort", ""))
    up = chosen == name
    query = request.GET.copy()
    query.pop("after", None)
    query["sort"] = f"-{name}" if up else name
    order = "ascending" if up else "descending" if chosen == f"-{name}" else ""
    address = f"{request.path}?{query.urlencode()}"
    return {"word": word, "address": address, "order": order, "number": number}
