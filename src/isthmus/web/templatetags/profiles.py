"""Values of properties as templates write them."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from isthmus.domain.properties import PropertyDefinition
from isthmus.domain.values import Value
from isthmus.web import addresses, showing, words
from isthmus.web.templatetags.kit import copied, icon, masked

register = template.Library()

_MOST_CHIPS = 20


@register.simple_tag
def type_icon(definition: PropertyDefinition) -> SafeString:
    """The sign of a property's type, with its word."""
    image, word = showing.type_of(definition)
    return format_html(
        '<span class="type" title="{}">{}<span class="vh">{}</span></span>', word, icon(image), word
    )


@register.simple_tag
def called(profile_id: UUID | None, names: Mapping[UUID, str]) -> SafeString:
    """A profile in a table of something else: its name, where it has one, and its id."""
    if profile_id is None:
        return SafeString('<span class="muted">None</span>')
    address = addresses.of("profile", profile_id=profile_id)
    name = names.get(profile_id)
    if not name:
        return copied(profile_id, address, "profile id")
    return format_html(
        '<span class="called"><a class="plain clip" href="{}"><bdi>{}</bdi></a>'
        '<span class="sub">{}</span></span>',
        address,
        name,
        copied(profile_id, "", "profile id"),
    )


@register.simple_tag
def value(definition: PropertyDefinition | None, held: Value, hidden: Any = "") -> SafeString:
    """A value; dots where it is hidden, and a word where there is none."""
    if hidden:
        return masked()
    if held in (None, "", []):
        return SafeString('<span class="muted">Empty</span>')
    grouped = definition is None or not definition.identifier
    if not isinstance(held, list):
        assert held is not None  # noqa: S101 - for the type
        return _text(showing.text(held, grouped=grouped))
    texts = [showing.text(each, grouped=grouped) for each in held]
    chips = format_html_join("", '<span class="chip"><bdi>{}</bdi></span>', _each(texts))
    if len(texts) <= _MOST_CHIPS:
        return format_html('<span class="row tight chips">{}</span>', chips)
    first = format_html_join(
        "", '<span class="chip"><bdi>{}</bdi></span>', _each(texts[:_MOST_CHIPS])
    )
    return format_html(
        '<span class="row tight chips">{}</span><details class="long"><summary>All {} values'
        '</summary><span class="row tight chips">{}</span></details>',
        first,
        f"{len(texts):,}",
        chips,
    )


@register.simple_tag
def cell(definition: PropertyDefinition, held: Value, hidden: Any = "") -> SafeString:
    """A value in a list of profiles: its beginning, on one line."""
    if hidden:
        return masked()
    if held in (None, "", []):
        return format_html('<span class="faint">{}</span>', words.NONE)
    grouped = not definition.identifier
    values = held if isinstance(held, list) else [held]
    texts = [
        showing.text(each, grouped=grouped) for each in values[:_MOST_CHIPS] if each is not None
    ]
    return format_html("<bdi>{}</bdi>", ", ".join(texts)[: showing.SHORT // 2])


@register.simple_tag
def property_options(choices: list[tuple[PropertyDefinition, bool]], chosen: str) -> SafeString:
    """Properties to choose from, with their types; those that are hidden can't be chosen."""
    return format_html_join(
        "",
        '<option value="{}" data-code="{}" data-icon="{}" data-type="{}"{}{}>{}</option>',
        (
            (
                *(each.key, each.key, *showing.type_of(each)),
                SafeString(" selected") if each.key == chosen else "",
                SafeString(_WHY) if hidden else "",
                each.label,
            )
            for each, hidden in choices
        ),
    )


_WHY = ' disabled data-why="Personal data: your account does not include the right to see it."'


def _each(texts: list[str]) -> list[tuple[str]]:
    return [(text,) for text in texts]


def _text(text: str) -> SafeString:
    if len(text) <= showing.SHORT:
        return format_html('<bdi class="text">{}</bdi>', text)
    return format_html(
        '<details class="long"><summary><bdi>{}…</bdi> <span class="muted small">{} characters'
        '</span></summary><bdi class="text">{}</bdi></details>',
        text[: showing.SHORT // 2],
        f"{len(text):,}",
        text,
    )
