"""Forms about connections."""

from collections.abc import Sequence
from typing import Any, Final

from django import forms

from isthmus.connections.setting_up import DESCRIPTION_LENGTH, NAME_LENGTH
from isthmus.domain import labels
from isthmus.people.accounts import timezones
from isthmus.web.forms.base import Form
from isthmus.web.forms.choices import LongSelect

PRODUCTION: Final = "production"
SANDBOX: Final = "sandbox"

_SUGGESTIONS = 12


class NewConnectionForm(Form):
    """A new connection."""

    name = forms.CharField(
        label="Title",
        max_length=NAME_LENGTH,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autofocus": True}),
    )
    kind_of_org = forms.ChoiceField(
        label="Kind of org",
        choices=[(PRODUCTION, "Production"), (SANDBOX, "Sandbox")],
        help_text="A sandbox signs in at test.salesforce.com, or at its own My Domain host.",
    )
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(name, name) for name in sorted(timezones())],
        help_text="Which day a moment in Salesforce belongs to.",
        widget=LongSelect(attrs={"data-picker": ""}),
    )


class TitleForm(Form):
    """A connection's title."""

    name = forms.CharField(label="Title", max_length=NAME_LENGTH)


class _Labels(forms.MultipleChoiceField):
    """Labels that were ticked, also those that nobody else uses any more."""

    def valid_value(self, value: Any) -> bool:
        """Take any text: what labels may be is checked later."""
        return isinstance(value, str)


class AboutForm(Form):
    """What a connection is for."""

    label = _Labels(label="Labels", required=False, widget=forms.CheckboxSelectMultiple)
    more = forms.CharField(
        label="Other labels",
        required=False,
        max_length=(labels.LABEL_LENGTH + 2) * labels.MOST_LABELS,
        help_text="Several are separated by commas.",
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "list": "known-labels", "data-several": ""}
        ),
    )
    description = forms.CharField(
        label="Description",
        required=False,
        strip=False,
        max_length=DESCRIPTION_LENGTH,
        widget=forms.Textarea(attrs={"rows": 3}),
    )

    def __init__(
        self, given: Any = None, *, initial: dict[str, Any] | None = None, known: Sequence[str] = ()
    ) -> None:
        """Offer the labels of `initial`, and the first of those that are `known`."""
        super().__init__(given, initial=initial)
        self.own = list((initial or {}).get("label", []))
        others = [each for each in known if each not in self.own]
        self.others = others[_SUGGESTIONS:]
        offered = [*self.own, *others[:_SUGGESTIONS]]
        if given is not None:
            offered = list(dict.fromkeys([*offered, *given.getlist("label")]))
        self.fields["label"].choices = [(each, each) for each in offered]  # type: ignore[attr-defined]

    def clean_description(self) -> str:
        """Lines end as they are stored; blanks alone are nothing."""
        text = self.cleaned_data["description"].replace("\r\n", "\n")
        return text if text.strip() else ""

    def clean(self) -> dict[str, Any]:
        """Put ticked and typed labels together as `labels`."""
        given = self.cleaned_data
        typed = [part.strip() for part in given.get("more", "").split(",")]
        together = list(dict.fromkeys([*given.get("label", []), *filter(None, typed)]))
        for _, why in labels.troubles(together):
            self.add_error("more", why)
        return {**given, "labels": together}
