"""Forms about profiles: what is looked for, and one value."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final
from zoneinfo import ZoneInfo

from django import forms
from django.http import QueryDict

from isthmus.domain import values
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.domain.values import Value, ValueRefused
from isthmus.profiles.searching import Search
from isthmus.web.forms.base import Form
from isthmus.web.showing import Hides

OPERATORS: Final = {
    "is": "is",
    "contains": "contains",
    "starts_with": "starts with",
    "is_empty": "is empty",
    "is_filled": "has a value",
}
_WITHOUT_VALUE = ("is_empty", "is_filled")
_FOR_TEXT = ("contains", "starts_with")
_LONGEST = 1_000


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What a search's address asks for."""

    q: str = ""
    key: str = ""  # of the property
    operator: str = "is"
    value: str = ""
    oldest_first: bool = False
    known: bool = False  # only those with an identifier
    where: Mapping[str, Any] | None = None  # the condition; None where no property is asked for
    refusal: str = ""  # why nothing can be looked for like this
    error: str = ""  # what is wrong with the value

    def search(self, timezone: str) -> Search:
        """The same for the store."""
        return Search(
            value=self.q,
            where=self.where,
            timezone=timezone,
            oldest_first=self.oldest_first,
            known=self.known,
        )

    @property
    def needs_value(self) -> bool:
        """Whether the comparison is with something."""
        return self.operator not in _WITHOUT_VALUE


def asked(
    query: QueryDict, known: Mapping[str, PropertyDefinition], hides: Hides, zone: ZoneInfo
) -> Asked:
    """What the address of the list of profiles asks for."""
    operator = query.get("op", "is")
    given = Asked(
        q=query.get("q", "").strip()[:_LONGEST],
        key=query.get("property", ""),
        operator=operator if operator in OPERATORS else "is",
        value=query.get("value", "")[:_LONGEST],
        oldest_first=query.get("order") == "oldest",
        known=query.get("known") == "yes",
    )
    if not given.key:
        return given
    definition = known.get(given.key)
    if definition is None:
        return replace(given, refusal="That property is no longer there. Choose another one.")
    if hides(definition):
        return replace(given, refusal=_hidden(definition))
    try:
        return replace(given, where=_where(given, definition, zone))
    except ValueRefused as error:
        return replace(given, error=str(error))


def _hidden(definition: PropertyDefinition) -> str:
    return (
        f"{definition.label} is personal data, and your account does not include the right to see "
        f"it, so it can't be searched by. A whole identifier, a profile id or a record id in the "
        f"first field still finds its profile."
    )


def _where(
    given: Asked, definition: PropertyDefinition, zone: ZoneInfo
) -> Mapping[str, Any] | None:
    subject = {"property": definition.key}
    if given.operator in _WITHOUT_VALUE:
        return {**subject, "is_empty": given.operator == "is_empty"}
    text = given.value
    if not text.strip():
        return None
    if "\0" in text:
        raise ValueRefused("There is a character in it that no value has.")
    if definition.type.is_text:
        return {**subject, given.operator: text if given.operator in _FOR_TEXT else [text]}
    if given.operator in _FOR_TEXT:
        raise ValueRefused(
            f"“{OPERATORS[given.operator]}” is for texts. Choose “is”: {definition.label} is "
            f"{'a list of ' if definition.list else ''}{definition.type}."
        )
    value = values.read(replace(definition, list=False), text, zone)
    if definition.type is PropertyType.DATETIME:
        # A day stands for all its moments.
        return {**subject, "is": [text.strip()]}
    return {**subject, "is": [values.plain(value)]}


class ValueForm(Form):
    """One value of one property."""

    def __init__(
        self,
        definition: PropertyDefinition,
        zone: ZoneInfo,
        given: Any = None,
        *,
        shown: Value = None,
    ) -> None:
        """Show the value as it would be typed."""
        super().__init__(given, initial={"value": values.written(shown, zone)})
        self.auto_id = f"{definition.key}-%s"  # several may be open on one page
        self._definition, self._zone = definition, zone
        self.fields["value"] = _field(definition, zone, shown)
        self.fields["value"].widget.attrs["autofocus"] = True

    @property
    def typed(self) -> str:
        """What stands in the field, with line ends of one kind."""
        return str(self["value"].value() or "").replace("\r\n", "\n")

    def clean_value(self) -> Value:
        """What was typed, as the property keeps it."""
        try:
            return values.read(self._definition, self.cleaned_data["value"], self._zone)
        except ValueRefused as error:
            raise forms.ValidationError(str(error)) from error


def _field(definition: PropertyDefinition, zone: ZoneInfo, shown: Value) -> forms.Field:
    attributes = {"class": "input", "autocomplete": "off"}
    settings: dict[str, Any] = {
        "label": definition.label,
        "required": False,
        "help_text": _hint(definition, zone),
    }
    if definition.type is PropertyType.BOOLEAN and not definition.list:
        choices = [("", "Empty"), ("yes", "Yes"), ("no", "No")]
        return forms.ChoiceField(
            choices=choices, widget=forms.Select(attrs={"class": "input"}), **settings
        )
    widget: forms.Widget = forms.TextInput(attrs=attributes | _keyboard(definition))
    if definition.list or _is_long(shown):
        rows = {"rows": "6" if definition.list else "8", "class": "input lines"}
        widget = forms.Textarea(attrs=attributes | rows)
    elif definition.type is PropertyType.DATE:
        widget = forms.TextInput(attrs=attributes | {"type": "date"})
    return forms.CharField(strip=False, widget=widget, **settings)


def _is_long(shown: Value) -> bool:
    return isinstance(shown, str) and (len(shown) > 100 or "\n" in shown or "\r" in shown)  # noqa: PLR2004


def _keyboard(definition: PropertyDefinition) -> dict[str, str]:
    modes = {
        PropertyType.EMAIL: "email",
        PropertyType.INTEGER: "numeric",
        PropertyType.DECIMAL: "decimal",
    }
    mode = modes.get(definition.type)
    return {"inputmode": mode, "autocapitalize": "none"} if mode else {}


_HINTS = {
    PropertyType.TEXT: "",
    PropertyType.EMAIL: "Such as name@example.com.",
    PropertyType.INTEGER: "A whole number, such as 1234.",
    PropertyType.DECIMAL: "A number, such as 1234.5.",
    PropertyType.BOOLEAN: "Yes or no.",
    PropertyType.DATE: "Such as 2026-05-31.",
    PropertyType.DATETIME: "Such as 2026-05-31 18:00, in {zone}.",
}


def _hint(definition: PropertyDefinition, zone: ZoneInfo) -> str:
    parts = ["One value on each line, each once." if definition.list else ""]
    if definition.list or definition.type is not PropertyType.BOOLEAN:
        parts.append(_HINTS[definition.type].format(zone=zone.key))
    if definition.identifier:
        parts.append("A value belongs to one profile only.")
    parts.append("Leave it empty to clear it.")
    return " ".join(filter(None, parts))
