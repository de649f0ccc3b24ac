"""Advisory locks: each of this project's numbers is the lock of one thing."""

import re
from collections import defaultdict
from pathlib import Path

import isthmus

_NUMBER = re.compile(r"\b(73018\d\d)\b(?:, (\d+)\))?")


def test_no_number_is_the_lock_of_two_things() -> None:
    """One with a second number after it is shared by things that are told apart by that."""
    whole: list[str] = []
    parts: dict[str, set[str]] = defaultdict(set)
    for path in sorted(Path(isthmus.__file__).parent.rglob("*")):
        if path.suffix not in (".py", ".sql"):
            continue
        for number, second in _NUMBER.findall(path.read_text().replace("_", "")):
            if second:
                parts[number].add(second)
            elif path.suffix == ".py":
                whole.append(number)
    assert len(whole) >= 4, whole
    assert sorted(set(whole)) == sorted(whole)
    assert not set(whole) & set(parts)
