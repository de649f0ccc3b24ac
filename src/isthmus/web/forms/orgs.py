"""The form of our share of an org's API calls."""

from typing import Any

from django import forms

from isthmus.domain import call_shares
from isthmus.web.forms.base import Form


class ShareForm(Form):
    """How much of an org's API calls Isthmus may use."""

    share_percent = forms.IntegerField(
        label="Percent of the org\u2019s API calls",
        help_text=(
            "For all connections to this org together. A run that would pass it waits, and goes "
            "on when calls are free again."
        ),
        widget=forms.NumberInput(attrs={"min": 1, "max": 100, "inputmode": "numeric"}),
    )

    def __init__(self, given: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        """Say of what is no number what is said of a wrong one."""
        super().__init__(given, initial=initial)
        self.fields["share_percent"].error_messages |= {
            "invalid": call_shares.WORDS,
            "required": call_shares.WORDS,
        }

    def clean(self) -> dict[str, Any]:
        """Refuse what documents and the command refuse, in the same words."""
        given = super().clean()
        if "share_percent" in given:
            for why in call_shares.troubles(given["share_percent"]):
                self.add_error("share_percent", why)
        return given
