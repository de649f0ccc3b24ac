"""Forms about who hears of runs, and about the mail server."""

import re
from typing import Any, Final

from django import forms

from isthmus.connections import mail_server, webhook_setting
from isthmus.connections.mail_server import Security, Server
from isthmus.connections.models import When
from isthmus.domain import notifying
from isthmus.web.forms.base import Form

_PLAIN: Final = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}
_BETWEEN: Final = re.compile(r"[\s,;]+")


class _Addresses(forms.MultipleChoiceField):
    """Addresses that were ticked, also such that are on the list no longer."""

    def valid_value(self, value: Any) -> bool:
        """Take any text: what can be an address is checked later."""
        return isinstance(value, str)


class NotifyForm(Form):
    """Who hears of runs by e-mail, and of which."""

    address = _Addresses(
        label="E-mail goes to", required=False, widget=forms.CheckboxSelectMultiple
    )
    more = forms.CharField(
        label="Other addresses",
        required=False,
        max_length=(notifying.ADDRESS_LENGTH + 2) * notifying.MOST_ADDRESSES,
        help_text="Several are separated by commas.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    when = forms.ChoiceField(
        label="They hear of",
        choices=[(each.value, each.label.capitalize()) for each in When],
        help_text="Failures, and a lost sign-in, are always told.",
        widget=forms.RadioSelect,
    )

    def __init__(
        self,
        given: Any = None,
        *,
        initial: dict[str, Any] | None = None,
        suggested: list[str] | None = None,
    ) -> None:
        """Offer the addresses of `initial`, and those that are `suggested`.

        Without suggestions (None) the addresses are hidden from whoever asks, and stay.
        """
        super().__init__(given, initial=initial)
        self.auto_id = "notify_%s"  # another form of the page has a field of the same name
        if suggested is None:
            del self.fields["address"], self.fields["more"]
            return
        offered = [*(initial or {}).get("address", []), *suggested]
        if given is not None:
            offered = list(dict.fromkeys([*offered, *given.getlist("address")]))
        self.fields["address"].choices = [(each, each) for each in offered]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        """Put ticked and typed addresses together as `to`."""
        given = super().clean()
        if "address" not in self.fields:
            return given
        typed = list(filter(None, _BETWEEN.split(given.get("more", ""))))
        together = list(dict.fromkeys([*given.get("address", []), *typed]))
        for _, why in notifying.troubles(together):
            self.add_error("more", why)
        return {**given, "to": together}


class WebhookForm(Form):
    """Where a connection's webhook leads."""

    url = forms.CharField(
        label="Address",
        required=False,
        max_length=webhook_setting.URL_LENGTH,
        help_text="It is called by https with a signed JSON document, for the same runs as e-mail. "
        "Leave it empty for none.",
        widget=forms.TextInput(attrs={**_PLAIN, "placeholder": "https://example.com/hook"}),
    )

    def __init__(self, given: Any = None, *, initial: dict[str, Any] | None = None) -> None:
        """Tell its field from those of other forms of the page."""
        super().__init__(given, initial=initial)
        self.auto_id = "webhook_%s"

    def clean_url(self) -> str:
        """An address that may be called, or none."""
        url = str(self.cleaned_data["url"]).strip()
        if url and (why := webhook_setting.trouble(url)):
            raise forms.ValidationError(why)
        return url


class MailServerForm(Form):
    """The mail server that letters are handed to."""

    host = forms.CharField(
        label="Host",
        max_length=mail_server.TEXT_LENGTH,
        widget=forms.TextInput(attrs={**_PLAIN, "placeholder": "smtp.example.com"}),
    )
    security = forms.ChoiceField(
        label="Encryption",
        choices=[
            (Security.STARTTLS.value, "STARTTLS"),
            (Security.TLS.value, "TLS"),
            (Security.NONE.value, "None"),
        ],
        help_text="Most servers speak STARTTLS on port 587, or TLS on port 465.",
        widget=forms.RadioSelect,
    )
    port = forms.IntegerField(label="Port", min_value=1, max_value=mail_server.MOST_PORT)
    username = forms.CharField(
        label="User name",
        required=False,
        max_length=mail_server.TEXT_LENGTH,
        help_text="Leave it empty where the server asks for none.",
        widget=forms.TextInput(attrs=_PLAIN),
    )
    password = forms.CharField(
        label="Password",
        required=False,
        strip=False,
        max_length=mail_server.TEXT_LENGTH,
        # What was typed is not written into the page again, and no browser keeps it.
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
    )
    sender = forms.CharField(
        label="E-mail comes from",
        max_length=notifying.ADDRESS_LENGTH,
        help_text="An address that this server lets you send from.",
        widget=forms.TextInput(attrs={**_PLAIN, "placeholder": "isthmus@example.com"}),
    )

    def __init__(
        self,
        given: Any = None,
        *,
        initial: dict[str, Any] | None = None,
        keeps_password: bool = False,
    ) -> None:
        """Say whether there is a password that stays."""
        super().__init__(given, initial=initial)
        self._keeps_password = keeps_password
        self.fields["password"].help_text = (
            "The one that is kept is never shown. Leave this empty to keep it."
            if keeps_password
            else "It is encrypted, and never shown again."
        )

    def clean(self) -> dict[str, Any]:
        """Say the same of a server that a command says of it."""
        given = super().clean()
        if not self.errors:
            for name, why in mail_server.troubles(self.server):
                self.add_error(name if name in self.fields else None, why)
        return given

    @property
    def server(self) -> Server:
        """What was typed; without a password where the one that is kept stays."""
        given = self.cleaned_data
        return Server(
            host=given["host"],
            port=given["port"],
            security=Security(given["security"]),
            username=given["username"],
            password=given["password"],
            sender=given["sender"],
        )


class TestLetterForm(Form):
    """Whom a test letter goes to."""

    to = forms.CharField(
        label="Send a test e-mail to",
        max_length=notifying.ADDRESS_LENGTH,
        widget=forms.TextInput(attrs=_PLAIN),
    )

    def clean_to(self) -> str:
        """An address that can be written to."""
        to = str(self.cleaned_data["to"])
        if why := notifying.address_trouble(to):
            raise forms.ValidationError(why)
        return to
