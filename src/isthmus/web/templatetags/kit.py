"""Small parts of pages that templates write by a tag."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def icon(name: str) -> SafeString:
    """The icon of that name in the sprite; a word beside it says the same."""
    return format_html(
        '<svg class="i" viewBox="0 0 16 16" aria-hidden="true"><use href="{}#i-{}"/></svg>',
        static("isthmus/icons.svg"),
        name,
    )
