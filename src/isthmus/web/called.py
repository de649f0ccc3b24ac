"""What profiles are called that stand in tables of something else: one question for all of them."""

from collections.abc import Iterable, Mapping
from functools import partial
from uuid import UUID

from django.http import HttpRequest

from isthmus.domain import naming
from isthmus.profiles import looking, properties, searching
from isthmus.profiles.errors import TooSlow
from isthmus.web import masking, showing


def names(request: HttpRequest, ids: Iterable[UUID | None]) -> Mapping[UUID, str]:
    """By profile, its name or identifier, where it has one that whoever asks may see."""
    asked = list(dict.fromkeys(each for each in ids if each is not None))
    if not asked:
        return {}
    known = properties.definitions()
    needed = [known[key] for key in naming.name_properties(known)]
    hides = partial(masking.hides, request)
    try:
        with looking.session() as session:
            found = searching.lines(session, asked, needed)
    except TooSlow:
        return {}
    called = {
        each.profile_id: showing.identity(
            each.profile_id, each.values, each.identifiers, known, hides
        )
        for each in found
    }
    return {profile_id: each.title for profile_id, each in called.items() if each.named}
