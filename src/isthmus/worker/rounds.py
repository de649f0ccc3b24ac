"""The chores of a worker."""

from django.utils import timezone

from isthmus.connections import certificates, revoking
from isthmus.profiles import database
from isthmus.worker.alerting import Alerting
from isthmus.worker.chores import Chore


def _revoke() -> None:
    """Tell Salesforce of sign-ins that are no longer wanted. What it did not hear comes again."""
    with database.reached():
        revoking.work_off()
        certificates.forget_drafts(timezone.now())


CHORES = (
    Chore(name="revocations", every_seconds=60.0, do=_revoke),
    Chore(name="alerts", every_seconds=60.0, do=Alerting().evaluate),
)
