"""Forms: what was typed stays, and what is wrong is said at its field."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django import forms

from isthmus.people.errors import AccountRefused

_MESSAGES = {
    "required": "This can't be left empty.",
    "max_length": "At most %(limit_value)d characters are allowed, and these are %(show_value)d.",
    "invalid_choice": "Choose one from the list.",
    "null_characters_not_allowed": "This holds a character that can't be stored (byte 0).",
}


class Form(forms.Form):
    """A form whose controls look like the kit's and say what is wrong to a screen reader."""

    def __init__(self, given: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        """Give every control the kit's class; `given` is what was posted."""
        super().__init__(given, initial=initial, label_suffix="")
        for field in self.fields.values():
            field.error_messages |= _MESSAGES
            if not isinstance(field.widget, forms.CheckboxInput | forms.HiddenInput):
                field.widget.attrs.setdefault("class", "input")

    def clean(self) -> dict[str, Any]:
        """Take a text of which nothing would be seen for none: a link of that name has no place."""
        for name, field in self.fields.items():
            secret = isinstance(field.widget, forms.PasswordInput)
            if field.required and not secret and _is_invisible(self.cleaned_data.get(name)):
                self.add_error(name, _MESSAGES["required"])
        return self.cleaned_data

    @property
    def labels(self) -> dict[str, str]:
        """What people read beside each field."""
        return {name: str(field.label) for name, field in self.fields.items()}

    @contextmanager
    def refusals(self) -> Iterator[None]:
        """Put what an account is refused for at the field that it is about."""
        try:
            yield
        except AccountRefused as error:
            self.add_error(error.field if error.field in self.fields else None, str(error))


def _is_invisible(value: object) -> bool:
    return isinstance(value, str) and not any(
        each.isprintable() and not each.isspace() for each in value
    )
