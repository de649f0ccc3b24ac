"""Forms about segments; conditions are read by `isthmus.web.conditions`."""

from django import forms

from isthmus.domain.properties import KEY_LENGTH
from isthmus.profiles.setting_up import NAME_LENGTH
from isthmus.web.forms.base import Form


def _name() -> forms.CharField:
    attributes = {"autocomplete": "off"}
    return forms.CharField(
        label="Name", max_length=NAME_LENGTH, widget=forms.TextInput(attrs=attributes)
    )


class SegmentForm(Form):
    """What can be changed of a segment beside its conditions."""

    name = _name()


class NewSegmentForm(Form):
    """A segment that is not there yet."""

    name = _name()
    key = forms.CharField(
        label="Key",
        required=False,
        help_text="Goals and documents call it by this. Made of the name; can't change later.",
        max_length=KEY_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
