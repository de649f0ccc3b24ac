"""The command `isthmus` as it is, but with small chunks, so that few records make many of them."""

import importlib
from typing import Any

import django

SMALL: dict[str, dict[str, int]] = {
    "isthmus.importing.chunks": {"FIRST_CHUNK": 200, "SMALLEST_CHUNK": 200, "LARGEST_CHUNK": 200},
}
"""By module: sizes of which there has to be one, in records."""


def make_small() -> None:
    """Set the sizes; fails where one is called otherwise, as it would do nothing then."""
    for name, sizes in SMALL.items():
        module: Any = importlib.import_module(name)
        for size, value in sizes.items():
            assert isinstance(getattr(module, size), int), f"{name} has no {size}"
            setattr(module, size, value)


def main() -> None:
    """Run the command that the arguments name."""
    set_up = django.setup

    def set_up_small(*arguments: Any, **options: Any) -> None:
        set_up(*arguments, **options)
        make_small()

    django.setup = set_up_small
    from isthmus.cli import main

    main()


if __name__ == "__main__":
    main()
