import inspect

import pytest

from isthmus import embedded
from isthmus.embedded import errors
from isthmus.errors import Final, Retryable


def test_every_error_is_public_and_either_retryable_or_final() -> None:
    for name, kind in inspect.getmembers(errors, inspect.isclass):
        if issubclass(kind, errors.EmbeddedError):
            assert name in embedded.__all__
            if kind is not errors.EmbeddedError:
                assert issubclass(kind, Retryable) != issubclass(kind, Final)


@pytest.mark.parametrize("name", embedded.__all__)
def test_every_public_name_exists_and_says_what_it_is(name: str) -> None:
    assert inspect.getdoc(getattr(embedded, name))


def test_another_platform_is_told_about_database_url(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.platform", "win32")
    with pytest.raises(embedded.PlatformUnsupported, match="DATABASE_URL"):
        embedded.status("anywhere")  # type: ignore[arg-type]
