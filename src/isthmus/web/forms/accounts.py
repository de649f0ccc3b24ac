"""Forms about accounts."""

from django import forms

from isthmus.domain.roles import Role
from isthmus.people.accounts import EMAIL_LENGTH, NAME_LENGTH, timezones
from isthmus.web.forms.base import Form
from isthmus.web.forms.choices import LongSelect

ROLES = [
    (Role.VIEWER.value, "Viewer: looks"),
    (Role.EDITOR.value, "Editor: also changes and runs"),
    (Role.ADMINISTRATOR.value, "Administrator: also manages people"),
]
_LONGEST_PASSWORD = 1_000


def _password(label: str, fills: str = "new-password", hint: str = "") -> forms.CharField:
    # Blanks at the ends belong to a password.
    widget = forms.PasswordInput(attrs={"autocomplete": fills})
    return forms.CharField(
        label=label, help_text=hint, strip=False, max_length=_LONGEST_PASSWORD, widget=widget
    )


def _email(fills: str = "off") -> forms.CharField:
    # Browsers' own checks are off: ours say more, and are the same everywhere.
    attributes = {"autocomplete": fills, "inputmode": "email", "autocapitalize": "none"}
    return forms.CharField(
        label="E-mail", max_length=EMAIL_LENGTH, widget=forms.TextInput(attrs=attributes)
    )


def _name(fills: str = "off") -> forms.CharField:
    attributes = {"autocomplete": fills}
    return forms.CharField(
        label="Name", max_length=NAME_LENGTH, widget=forms.TextInput(attrs=attributes)
    )


def _role() -> forms.ChoiceField:
    return forms.ChoiceField(label="Role", choices=ROLES)


def _sees() -> forms.BooleanField:
    return forms.BooleanField(
        label="Sees personal data",
        help_text="Without it, values that are personal data are masked everywhere.",
        required=False,
    )


_GOOD_PASSWORD = "At least 10 characters, and none that is easily guessed."  # noqa: S105 - a hint


class SignInForm(Form):
    """Who wants to sign in."""

    email = _email("username")
    password = _password("Password", "current-password")


class FirstStartForm(Form):
    """The first account."""

    code = forms.CharField(
        label="Code from the terminal",
        help_text="Isthmus printed it where it was started: four groups of four.",
        max_length=50,
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters"}),
    )
    name = _name("name")
    email = _email("username")
    password = _password("Password", hint=_GOOD_PASSWORD)


class NewPersonForm(Form):
    """Another account."""

    name = _name()
    email = _email()
    role = _role()
    sees_personal_data = _sees()
    password = _password("First password", hint=f"{_GOOD_PASSWORD} Hand it over safely.")


class PersonForm(Form):
    """What an account may."""

    name = _name()
    role = _role()
    sees_personal_data = _sees()
    is_active = forms.BooleanField(
        label="Can sign in",
        help_text="Whoever is switched off is signed out at once. What they did stays.",
        required=False,
    )


class NewPasswordForm(Form):
    """Another password for somebody."""

    password = _password("New password", hint=_GOOD_PASSWORD)


class OwnPasswordForm(Form):
    """Another password for oneself."""

    current = _password("Password until now", "current-password")
    password = _password("New password", hint=_GOOD_PASSWORD)


class AccountForm(Form):
    """What people set for themselves."""

    name = _name("name")
    timezone = forms.ChoiceField(
        label="Time zone",
        choices=lambda: [(name, name) for name in sorted(timezones())],
        widget=LongSelect,
    )
