"""What a profile is called by people."""

import pytest

from isthmus.domain.naming import LONGEST, initials, name, name_properties
from isthmus.domain.properties import PropertyDefinition, PropertyType


def known(*keys: str, kind: PropertyType = PropertyType.TEXT) -> dict[str, PropertyDefinition]:
    return {key: PropertyDefinition(key=key, label=key, type=kind) for key in keys}


def test_a_whole_name_comes_before_first_and_last() -> None:
    assert name_properties(known("first_name", "Full_Name", "last_name")) == ("Full_Name",)
    assert name_properties(known("last_name", "first_name")) == ("first_name", "last_name")
    assert name_properties(known("LastName")) == ("LastName",)
    assert name_properties(known("company", "username")) == ()
    assert name_properties(known("name", kind=PropertyType.INTEGER)) == ()


def test_a_name_is_of_what_is_filled_on_one_line() -> None:
    keys = ("first_name", "last_name")
    assert name(keys, {"first_name": " Zoë\n", "last_name": "de  Vries"}) == "Zoë de Vries"
    assert name(keys, {"first_name": None, "last_name": "Smith"}) == "Smith"
    assert name(keys, {"first_name": " "}) == ""
    assert len(name(keys, {"first_name": "x" * 10_000})) == LONGEST


@pytest.mark.parametrize(
    ("of", "letters"),
    [
        ("Zoë Okonkwo-de Vries", "ZV"),
        ("李小龍", "李"),
        ("jane@example.com", "J"),
        ("-- !", ""),
        ("", ""),
    ],
)
def test_initials_are_of_the_first_word_and_the_last(of: str, letters: str) -> None:
    assert initials(of) == letters
