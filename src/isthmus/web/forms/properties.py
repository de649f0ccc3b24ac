"""Forms about properties."""

from typing import Any

from django import forms

from isthmus.domain.properties import (
    IDENTIFIER_TYPES,
    KEY_LENGTH,
    Normalise,
    OnMerge,
    PropertyDefinition,
    PropertyType,
)
from isthmus.web.conditions.words import TYPES
from isthmus.web.forms.base import Form

_LABEL_LENGTH = 200
_DESCRIPTION_LENGTH = 2_000

NORMALISE = {
    Normalise.NONE: "Leave it as it comes",
    Normalise.TRIM: "Take off blanks at the ends",
    Normalise.LOWERCASE: "Take off blanks, and make it lower case",
}
ON_MERGE = {
    OnMerge.NEWER: "The newer value stays",
    OnMerge.OLDER: "The older value stays",
    OnMerge.BOTH: "Both stay in the list",
    OnMerge.SUM: "They are added up",
    OnMerge.HIGHEST: "The highest stays",
    OnMerge.LOWEST: "The lowest stays",
}


class PropertyForm(Form):
    """What can be changed of a property."""

    label = forms.CharField(
        label="Label",
        max_length=_LABEL_LENGTH,
        help_text="What people read.",
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    description = forms.CharField(
        label="Description",
        required=False,
        max_length=_DESCRIPTION_LENGTH,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
    personal = forms.BooleanField(
        label="Personal data",
        required=False,
        help_text="Masked for everybody whose account doesn't include personal data.",
    )
    normalise = forms.ChoiceField(
        label="When a text comes in",
        choices=[(each.value, word) for each, word in NORMALISE.items()],
    )
    on_merge = forms.ChoiceField(
        label="When two profiles become one",
        choices=[(each.value, word) for each, word in ON_MERGE.items()],
    )


class NewPropertyForm(PropertyForm):
    """A property that is not there yet."""

    key = forms.CharField(
        label="Key",
        required=False,
        help_text="Mappings and documents call it by this. Made of the label; can't change later.",
        # One that is too long is refused where properties are made, in the words of documents.
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "spellcheck": "false", "maxlength": KEY_LENGTH}
        ),
    )
    type = forms.ChoiceField(
        label="Type",
        choices=[(each.value, word.capitalize()) for each, word in TYPES.items()],
        help_text="Can't change later, because values are stored that way.",
    )
    list = forms.BooleanField(
        label="List", required=False, help_text="Holds several values, in order, each once."
    )
    identifier = forms.BooleanField(
        label="Identifier",
        required=False,
        help_text="A value belongs to at most one profile, so it can be matched by. "
        f"For {' and '.join(sorted(TYPES[each] for each in IDENTIFIER_TYPES))}; "
        "always personal data.",
    )

    field_order = ["label", "key", "type", "list", "identifier"]


class GoalPropertyForm(NewPropertyForm):
    """A property made from a goal's row: what is seldom chosen can be changed later."""

    description = forms.CharField(required=False, widget=forms.HiddenInput)
    normalise = forms.ChoiceField(
        choices=[(each.value, word) for each, word in NORMALISE.items()], widget=forms.HiddenInput
    )
    on_merge = forms.ChoiceField(
        choices=[(each.value, word) for each, word in ON_MERGE.items()], widget=forms.HiddenInput
    )


def initial(definition: PropertyDefinition) -> dict[str, Any]:
    """What the form of a property shows."""
    return {
        "label": definition.label,
        "description": definition.description,
        "personal": definition.personal or definition.identifier,
        "normalise": definition.normalise.value,
        "on_merge": definition.on_merge.value,
    }


def merges(definition: PropertyDefinition) -> list[tuple[str, str]]:
    """The ways of merging that fit the property."""
    numeric = definition.type in (PropertyType.INTEGER, PropertyType.DECIMAL)
    fitting = {
        OnMerge.NEWER: True,
        OnMerge.OLDER: True,
        OnMerge.BOTH: definition.list,
        OnMerge.SUM: numeric and not definition.list,
        OnMerge.HIGHEST: not definition.list,
        OnMerge.LOWEST: not definition.list,
    }
    return [(each.value, ON_MERGE[each]) for each, fits in fitting.items() if fits]
