"""Forms about signing in to Salesforce, and about the apps that people sign in through."""

from collections.abc import Iterable
from typing import Any, Final

from django import forms

from isthmus.connections import sign_in_troubles
from isthmus.connections.authorizations import Flow
from isthmus.connections.hosts import host_policy
from isthmus.salesforce import HostNotAllowed
from isthmus.salesforce.login_hosts import PRODUCTION, SANDBOX, my_domain
from isthmus.web.forms.base import Form

OWN_HOST: Final = "my_domain"
HOSTS: Final = {"production": PRODUCTION, "sandbox": SANDBOX}
UPLOAD, MAKE = "upload", "make"

_LONGEST: Final = 1_000
_LARGEST_KEY: Final = 32 * 1024
"""Bytes of a file with a private key; RSA keys of 8,192 bits take 6,500."""

_PLAIN: Final = {"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false"}


def _text(label: str, hint: str = "", **more: Any) -> forms.CharField:
    widget = forms.TextInput(attrs=_PLAIN)
    return forms.CharField(label=label, help_text=hint, max_length=_LONGEST, widget=widget, **more)


def _secret(label: str, hint: str = "", *, required: bool = True) -> forms.CharField:
    # What was typed is not written into the page again, and no browser keeps it as a password.
    widget = forms.PasswordInput(attrs={"autocomplete": "off"})
    return forms.CharField(
        label=label, help_text=hint, max_length=_LONGEST, widget=widget, required=required
    )


def host_of(login_url: str) -> dict[str, str]:
    """The choice of a host that leads to this address, as a form starts with it."""
    for name, address in HOSTS.items():
        if address == login_url:
            return {"host": name, "my_domain": ""}
    return {"host": OWN_HOST, "my_domain": login_url}


class _HostForm(Form):
    """Where somebody signs in; `login_url` is what was understood."""

    host = forms.ChoiceField(
        label="Login host",
        choices=[("production", "Production"), ("sandbox", "Sandbox"), (OWN_HOST, "My Domain")],
        widget=forms.RadioSelect,
    )
    my_domain = _text(
        "My Domain",
        "Such as acme, acme.my.salesforce.com, or any page of the org.",
        required=False,
    )

    def clean_my_domain(self) -> str:
        """What was meant, where it is one of the hosts that may be used."""
        typed = str(self.cleaned_data["my_domain"])
        if self._host() != OWN_HOST:
            return typed
        if not typed.strip():
            raise forms.ValidationError("Type the org\u2019s My Domain, or choose another host.")
        return _allowed(my_domain(typed))

    def clean(self) -> dict[str, Any]:
        """Say the address as `login_url`."""
        given = super().clean()
        own = given.get("my_domain", "")
        login_url = HOSTS.get(self._host(), own)
        return {**given, "login_url": login_url}

    def _host(self) -> str:
        return str(self.cleaned_data.get("host", OWN_HOST))


def _allowed(login_url: str) -> str:
    try:
        return host_policy().check(login_url)
    except HostNotAllowed as error:
        raise forms.ValidationError(str(error)) from error


class BrowserForm(_HostForm):
    """Signing in with a browser: where, and through which app."""

    app = forms.CharField(label="App", widget=forms.Select)

    def __init__(
        self, given: Any = None, *, initial: dict[str, Any] | None = None, apps: Iterable[Any] = ()
    ) -> None:
        """Offer the apps."""
        super().__init__(given, initial=initial)
        self._offered = {str(each.id): each.name for each in apps}
        self.fields["app"].widget.choices = list(self._offered.items())

    def clean_app(self) -> str:
        """The number of one that there is."""
        number = str(self.cleaned_data["app"])
        if number not in self._offered:
            names = list(self._offered.values())
            raise forms.ValidationError(sign_in_troubles.of_app(number, names))
        return number


class ClientCredentialsForm(Form):
    """Signing in as the app's own user; only an org's own host allows it."""

    my_domain = _text("My Domain", "Such as acme, acme.my.salesforce.com, or any page of the org.")
    client_id = _text("Consumer key")
    client_secret = _secret("Consumer secret", "It is encrypted, and never shown again.")

    def clean_my_domain(self) -> str:
        """What was meant; not the hosts that all orgs share."""
        login_url = _allowed(my_domain(str(self.cleaned_data["my_domain"])))
        why = sign_in_troubles.of_host(Flow.CLIENT_CREDENTIALS, login_url, is_sandbox=False)
        if why:
            raise forms.ValidationError(why)
        return login_url

    def clean(self) -> dict[str, Any]:
        """Say the address as `login_url`."""
        given = super().clean()
        return {**given, "login_url": given.get("my_domain", "")}


class JwtForm(_HostForm):
    """Signing in with a key whose certificate the app has."""

    client_id = _text("Consumer key")
    username = _text("User name", "Of the user in Salesforce that Isthmus signs in as.")
    key = forms.FileField(
        label="Private key",
        help_text="A PEM file with an RSA key, not encrypted. It is kept encrypted here, and never "
        "shown.",
        required=False,
        widget=forms.FileInput(attrs={"accept": ".pem,.key"}),
    )

    def __init__(
        self, given: Any = None, files: Any = None, *, initial: dict[str, Any] | None = None
    ) -> None:
        """Take what was posted, with the file."""
        super().__init__(given, initial=initial)
        if files is not None:
            self.files = files

    def clean_key(self) -> str:
        """The text of the file; empty where none was chosen."""
        file = self.cleaned_data["key"]
        if not file:
            return ""
        if file.size > _LARGEST_KEY:
            raise forms.ValidationError(
                f"The file has {file.size:,} bytes, and a key has {_LARGEST_KEY:,} at most. Choose "
                f"the PEM file with the private key."
            )
        # What is no text is no key either, which is said where the key is tried.
        return str(file.read().decode("ascii", errors="replace"))


class ShareForm(Form):
    """Using the authorization of another connection, which is named by its key."""

    connection = forms.CharField(label="Authorization")


class AppForm(Form):
    """An app that people sign in through."""

    name = _text("Name", "What people choose it by.")
    client_id = _text("Consumer key", "From the app\u2019s OAuth settings in Salesforce.")
    client_secret = _secret(
        "Consumer secret",
        "It is encrypted, and never shown again. Leave it empty where the app asks for none.",
        required=False,
    )


class ChangedAppForm(AppForm):
    """An app that is there already."""

    client_secret = _secret(
        "New consumer secret",
        "The one that is kept is never shown. Leave this empty to keep it.",
        required=False,
    )
    without_secret = forms.BooleanField(
        label="The app asks for no secret",
        help_text="Forgets the one that is kept.",
        required=False,
    )
