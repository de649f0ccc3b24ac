"""Setting who hears of the runs of a connection, by e-mail."""

from collections.abc import Sequence
from typing import Final

from isthmus.connections.models import Connection, When
from isthmus.domain import notifying
from isthmus.domain.suggestions import did_you_mean
from isthmus.errors import Final as FinalError
from isthmus.people.models import User

COLUMNS: Final = ("notify_to", "notify_when")

_SUGGESTIONS: Final = 8
_SHOWN: Final = 60


class AddressesRefused(FinalError):
    """Letters can't be sent to these addresses."""

    is_of_input = True


def check(addresses: Sequence[str]) -> None:
    """Raise `AddressesRefused`, naming each that is wrong, where they can't be kept."""
    found = notifying.troubles(addresses)
    if found:
        raise AddressesRefused(" ".join(why for _, why in found))


def checked_when(when: str) -> str:
    """The word for what is told. Raises `AddressesRefused` for one that is not known."""
    if when not in notifying.WHEN:
        near = did_you_mean(when[:_SHOWN], notifying.WHEN)
        raise AddressesRefused(f"{when[:_SHOWN]!r} is not known here.{near} {notifying.WHEN_WORDS}")
    return when


def words(connection: Connection) -> str:
    """How many hear of what, without saying who."""
    number = len(connection.notify_to)
    told = When(connection.notify_when).label
    if not number:
        return "Nobody hears of runs by e-mail"
    return f"{number} {'person hears' if number == 1 else 'people hear'} of {told}"


def suggestions(connection: Connection) -> list[str]:
    """Addresses of accounts that are not on the list yet."""
    own = {each.lower() for each in connection.notify_to}
    rows = User.objects.filter(is_active=True).order_by("email").values_list("email", flat=True)
    free = (each for each in rows if each.lower() not in own)
    return [each for each in free if not notifying.address_trouble(each)][:_SUGGESTIONS]
