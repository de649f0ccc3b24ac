"""Record ids: a key prefix (3), the instance (3), a base 62 counter (9) and a checksum (3)."""

import string
import threading
from collections import defaultdict
from collections.abc import Mapping

DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
INSTANCE = "gL0"
SHORT_LENGTH = 15
LONG_LENGTH = 18
_COUNTER_START = 6
_COUNTER_LENGTH = 9
_BASE = len(DIGITS)
_VALUE_OF = {digit: value for value, digit in enumerate(DIGITS)}
_UPPER_BITS = str.maketrans(
    {digit: "1" if digit in string.ascii_uppercase else "0" for digit in DIGITS}
)
# Every pair of last digits with its part of the checksum's bits, in the order of numbers.
_LAST_TWO = [
    (pair, pair.translate(_UPPER_BITS)) for pair in (a + b for a in DIGITS for b in DIGITS)
]
_PAIRS = _BASE * _BASE
_LETTER_OF_BITS = {
    format(number, "05b")[::-1]: letter
    for number, letter in enumerate(string.ascii_uppercase + "012345")
}


def long_id(short: str) -> str:
    """The 18 characters of an id of 15, which keep their meaning where case is lost."""
    bits = short.translate(_UPPER_BITS)
    letters = _LETTER_OF_BITS
    return short + letters[bits[:5]] + letters[bits[5:10]] + letters[bits[10:]]


def normalised_id(text: str) -> str | None:
    """The 18 characters of `text`, or None where it is no id or its checksum is wrong."""
    if len(text) not in (SHORT_LENGTH, LONG_LENGTH) or not (text.isascii() and text.isalnum()):
        return None
    full = long_id(text[:SHORT_LENGTH])
    if len(text) == LONG_LENGTH and full[SHORT_LENGTH:] != text[SHORT_LENGTH:].upper():
        return None
    return full


def make_id(prefix: str, number: int) -> str:
    """The id of the `number`th thing with this key prefix."""
    digits = []
    for _ in range(_COUNTER_LENGTH):
        number, rest = divmod(number, _BASE)
        digits.append(DIGITS[rest])
    return long_id(prefix + INSTANCE + "".join(reversed(digits)))


def make_ids(prefix: str, numbers: range) -> list[str]:
    """The ids of things in a row, much faster than one after the other.

    All but the last two digits are the same for many of them, and so is all of the checksum but
    its last letter.
    """
    ids: list[str] = []
    first, end = numbers.start, numbers.stop
    while first < end:
        block = min(end, first - first % _PAIRS + _PAIRS)
        pattern = make_id(prefix, first)
        head, middle = pattern[: SHORT_LENGTH - 2], pattern[SHORT_LENGTH : LONG_LENGTH - 1]
        bits = head[-3:].translate(_UPPER_BITS)
        letters = {ending: _LETTER_OF_BITS[bits + ending] for ending in ("00", "01", "10", "11")}
        low = first % _PAIRS
        ids += [
            f"{head}{pair}{middle}{letters[ending]}"
            for pair, ending in _LAST_TWO[low : low + block - first]
        ]
        first = block
    return ids


def number_of(record_id: str) -> int:
    """The counter inside an id that `make_id` made."""
    number = 0
    for digit in record_id[_COUNTER_START:SHORT_LENGTH]:
        number = number * _BASE + _VALUE_OF[digit]
    return number


class IdSequence:
    """Ids that are never given twice; safe to use from several threads."""

    def __init__(self, last: Mapping[str, int] | None = None) -> None:
        """Go on after `last`, the highest number given so far per key prefix."""
        self._last: defaultdict[str, int] = defaultdict(int, last or {})
        self._lock = threading.Lock()

    def take(self, prefix: str, count: int) -> list[str]:
        """The next `count` ids of a key prefix, in rising order."""
        with self._lock:
            first = self._last[prefix] + 1
            self._last[prefix] += count
        return make_ids(prefix, range(first, first + count))

    def next(self, prefix: str) -> str:
        """The next id of a key prefix."""
        return self.take(prefix, 1)[0]

    def state(self) -> dict[str, int]:
        """The highest number given so far per key prefix."""
        with self._lock:
            return dict(self._last)

    def restore(self, last: Mapping[str, int]) -> None:
        """Go on after `last`, as if what was given since had never been."""
        with self._lock:
            self._last = defaultdict(int, last)
