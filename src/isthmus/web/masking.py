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
    """Whether the property's values are hidden from whoever asks."""
    return is_personal(definition) and not sees_personal_data(request)


def is_personal(definition: PropertyDefinition) -> bool:
    """Whether the property's values are personal data, which those of identifiers always are."""
    return definition.personal or definition.identifier
