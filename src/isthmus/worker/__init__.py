"""The process that works off runs: woken by news, and looking by itself every few seconds."""

from isthmus.exporting.engine import hear
from isthmus.worker.errands import ENGINES, Errands
from isthmus.worker.once import work_once
from isthmus.worker.presence import any_works, stuck
from isthmus.worker.process import WorkerProcess
from isthmus.worker.reporting import Logged
from isthmus.worker.settings import WorkerSettings

__all__ = [
    "ENGINES",
    "Errands",
    "Logged",
    "WorkerProcess",
    "WorkerSettings",
    "any_works",
    "hear",
    "stuck",
    "work_once",
]
