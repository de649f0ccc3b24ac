"""The application that the web server runs."""

import logging
import multiprocessing
import os
import signal
import threading

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


_end_with_parent()
application = get_wsgi_application()
logs.configure(as_json=bool(os.environ.get(logs.JSON_SETTING)))
# Of a page that failed the library would say a second time that it did.
logging.getLogger("django").propagate = False
