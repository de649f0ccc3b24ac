"""The command `isthmus` as it is, but with small chunks, so that few records make many of them."""

import importlib
import sys
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

    if sys.argv[1] == "interim":
        interim()
    else:
        main()


def interim() -> None:
    import logging
    import time

    from isthmus.cli import session

    logging.basicConfig(level=logging.INFO)
    with session.database():
        from isthmus.connections import executing, queueing
        from isthmus.connections.models import Connection
        from isthmus.exporting.engine import run_export
        from isthmus.importing.engine import run_import

        connection = Connection.objects.get(key="acme")
        if sys.argv[2:]:
            queueing.ask(connection, goals=sys.argv[2:], by="test")
            return
        worker = executing.Worker(engines={"import": run_import, "export": run_export})
        while True:
            try:
                if executing.next_due(connection):
                    executing.work_off(connection, worker)
            except executing.RunAlreadyGoing:
                pass
            time.sleep(0.2)


if __name__ == "__main__":
    main()
