import pytest

from localorg.soql.texts import fold, spellings


@pytest.mark.parametrize("text", ["é", "Ünï", "straße", "ŽLUŤ", "日本", "İ", "plain"])
def test_spellings_are_texts_that_fold_alike(text: str) -> None:
    found = spellings(text)
    assert found is not None
    assert text in found
    assert {fold(spelling) for spelling in found if "İ" not in spelling} <= {fold(text), "i"}


def test_spellings_hold_every_case_of_letters_beyond_a_to_z() -> None:
    assert spellings("éx") == ["Éx", "éx"]
    assert len(spellings("éàü") or []) == 8


def test_a_text_of_many_such_letters_has_too_many_spellings() -> None:
    assert spellings("ЖЖЖЖЖЖ") is not None
    assert spellings("ЖЖЖЖЖЖЖ") is None
