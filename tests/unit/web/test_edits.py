import pytest
from django.core.exceptions import BadRequest

from isthmus.web import edits

SEEN = {"name": "Acme", "labels": ["a"], "active": True}


def test_only_what_was_typed_differently_is_a_change() -> None:
    assert edits.changed(SEEN, {**SEEN, "name": "Acme EMEA"}) == {"name": "Acme EMEA"}


def test_somebody_elses_change_of_another_value_is_no_conflict() -> None:
    now = {**SEEN, "active": False}
    assert edits.conflicts(SEEN, now, {**SEEN, "name": "Acme EMEA"}) == []


def test_two_changes_of_one_value_are_a_conflict_unless_they_are_the_same() -> None:
    typed = {**SEEN, "name": "Acme EMEA"}
    (found,) = edits.conflicts(SEEN, {**SEEN, "name": "Acme Europe"}, typed)
    assert found == edits.Conflict(name="name", seen="Acme", now="Acme Europe", typed="Acme EMEA")
    assert edits.conflicts(SEEN, {**SEEN, "name": "Acme EMEA"}, typed) == []


def test_what_a_form_showed_comes_back_sealed() -> None:
    assert edits.unseal("connection acme", edits.seal("connection acme", SEEN)) == SEEN


@pytest.mark.parametrize("sealed", ["", "x", edits.seal("connection other", SEEN)])
def test_a_seal_that_is_not_ours_or_of_another_thing_is_refused(sealed: str) -> None:
    with pytest.raises(BadRequest):
        edits.unseal("connection acme", sealed)


def test_a_changed_seal_is_refused() -> None:
    sealed = edits.seal("connection acme", SEEN)
    with pytest.raises(BadRequest):
        edits.unseal(
            "connection acme", sealed[:5] + ("A" if sealed[5] != "A" else "B") + sealed[6:]
        )
