"""What a worker does once a day, whether there are runs or not."""

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from django.utils import timezone

from isthmus.connections import audit, calls, exchange, few_records, firing, foreseen
from isthmus.errors import IsthmusError
from isthmus.profiles import database, schema, upkeep
from isthmus.profiles.database import DatabaseGone
from isthmus.profiles.keeping import Keeping
from isthmus.worker import forgetting

log = logging.getLogger("isthmus.worker")


def _today() -> date:
    return datetime.now(UTC).date()


@dataclass(kw_only=True)
class Housekeeping:
    """Makes the journal's partitions ahead and drops old ones: at the start, and every day.

    Previews that nobody asked for again go as well, and so does all else that is past keeping.
    """

    keeping: Keeping = field(default_factory=Keeping)
    today: Callable[[], date] = _today
    _done: date | None = None

    def is_due(self) -> bool:
        """Whether it was not done today."""
        return self._done != self.today()

    def keep(self) -> None:
        """Do it. Raises `DatabaseGone`; what else goes wrong is logged, and tried the next day.

        Every run does the same before it begins, so a day that is left out does no harm.
        """
        today = self.today()
        try:
            with database.connected(application="isthmus housekeeping") as session:
                schema.keep_partitions(session, today, self.keeping)
                foreseen.keep_house(session)
                calls.forget()
                exchange.keep_house(session)
                with database.reached():
                    firing.bring_nearer()
                    days = timedelta(days=self.keeping.outcomes_days)
                    few_records.forget_sent(timezone.now() - days)
                    forgetting.forget(timezone.now(), self.keeping)
                    if self.keeping.audit_days is not None:
                        audit.forget(timezone.now() - timedelta(days=self.keeping.audit_days))
                forgetting.forget_news(session)
                upkeep.note(session, upkeep.TIDIED)
        except DatabaseGone:
            raise
        except IsthmusError as error:
            facts = {"error": type(error).__name__}
            extra = {"event": "housekeeping failed", "facts": facts}
            log.warning("housekeeping failed", extra=extra)
        self._done = today
