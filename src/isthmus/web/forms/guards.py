"""Forms about runs that wait for a yes, and about runs of a few records."""

from typing import Any, Final

from django import forms

from isthmus.connections import few_records, guarding
from isthmus.web.forms.base import Form

FIRST: Final = 100
"""So many records are offered to begin with."""


class GuardForm(Form):
    """From how many changes on a run asks, and how long it waits."""

    confirm_above = forms.IntegerField(
        label="Percent of a goal\u2019s records",
        required=False,
        help_text="Leave it empty, and no run asks.",
        widget=forms.NumberInput(attrs={"min": 1, "max": 100, "inputmode": "numeric"}),
    )
    confirm_hours = forms.IntegerField(
        label="Hours to wait for a yes",
        help_text="Without one, the run ends then, and nothing is changed.",
        widget=forms.NumberInput(
            attrs={"min": 1, "max": guarding.LONGEST_HOURS, "inputmode": "numeric"}
        ),
    )

    def __init__(self, given: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        """Say of what is no number what is said of a wrong one."""
        super().__init__(given, initial=initial)
        for name, words in guarding.WORDS.items():
            self.fields[name].error_messages |= {"invalid": words, "required": words}

    def clean(self) -> dict[str, Any]:
        """Refuse what documents refuse, in the same words."""
        given = super().clean()
        if "confirm_above" in given and "confirm_hours" in given:
            above, hours = given["confirm_above"], given["confirm_hours"]
            for name, why in guarding.troubles(above, hours):
                self.add_error(name, why)
        return given


class FirstForm(Form):
    """How many records of each goal."""

    first = forms.IntegerField(
        label="Records",
        error_messages={"invalid": few_records.HOW_MANY},
        widget=forms.NumberInput(attrs={"min": 1, "inputmode": "numeric"}),
    )
