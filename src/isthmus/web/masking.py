"""Values that are personal data, for those who may not see it."""

from typing import Final

from django.http import HttpRequest

from isthmus.domain.properties import PropertyDefinition
from isthmus.web.access import who

DOTS: Final = "••••••"


def sees_personal_data(request: HttpRequest) -> bool:
    """Whether whoever asks has the right to see personal data."""
    user = who(request)
    return user is not None and user.sees_personal_data


def hides(request: HttpRequest, definition: PropertyDefinition) -> bool:
    """Whether the property's values are hidden from whoever asks. Identifiers are personal data."""
    personal = definition.personal or definition.identifier
    return personal and not sees_personal_data(request)
