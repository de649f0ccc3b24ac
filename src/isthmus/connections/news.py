"""The news that a connection has something to do, for workers that idle."""

from contextlib import suppress

from django.db import transaction

TASK = "isthmus.work_off"
QUEUE = "runs"


def tell(connection: int) -> None:
    """Tell that the connection with that row id has a run to be worked off, once this commits.

    The run's row is the truth: news that gets lost costs the seconds until a worker looks by
    itself.
    """
    from procrastinate.contrib.django import app
    from procrastinate.exceptions import AlreadyEnqueued

    news = app.configure_task(TASK, queue=QUEUE, queueing_lock=f"connection {connection}")
    # A savepoint, because the refusal of news that is there already would end the transaction.
    with suppress(AlreadyEnqueued), transaction.atomic():
        news.defer(connection=connection)
