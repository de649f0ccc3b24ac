"""The application that the web server runs."""

import gc
import importlib
import logging
import multiprocessing
import os
import signal
import threading

from django.conf import settings
from django.core.wsgi import get_wsgi_application

from isthmus import logs


def _end_with_parent() -> None:
    """End where the process that `isthmus web` started with was killed: nobody would end us."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=lambda: _end_after(parent), daemon=True).start()


def _end_after(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


MOST_YOUNG = 10_000
"""Objects that are made before the collector looks which of them can go; a page makes thousands."""

OLDER = 20
"""How often one generation is looked through before the next older one is."""


def _spare_pages_the_collector() -> None:
    """Let the collector leave alone what stays for good, and come more seldom.

    Looking through all modules and templates takes longer than most pages, and would fall upon one
    page of twenty.
    """
    importlib.import_module(settings.ROOT_URLCONF)
    gc.collect()
    gc.freeze()
    gc.set_threshold(MOST_YOUNG, OLDER, OLDER)


_end_with_parent()
application = get_wsgi_application()
_spare_pages_the_collector()
logs.configure(as_json=bool(os.environ.get(logs.JSON_SETTING)))
# Of a page that failed the library would say a second time that it did.
logging.getLogger("django").propagate = False
