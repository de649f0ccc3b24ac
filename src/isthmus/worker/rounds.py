"""The chores of a worker."""

from django.utils import timezone

from isthmus.connections import certificates, firing, revoking
from isthmus.profiles import database
from isthmus.worker.chores import Chore


def _revoke() -> None:
    """Tell Salesforce of sign-ins that are no longer wanted. What it did not hear comes again."""
    with database.reached():
        revoking.work_off()
        certificates.forget_drafts(timezone.now())


def _fire() -> None:
    """Queue the runs whose time has come."""
    with database.reached():
        firing.fire()


def schedules(every_seconds: float) -> Chore:
    """The chore that starts what runs by itself, as often as a worker looks for runs."""
    return Chore(name="schedules", every_seconds=every_seconds, do=_fire)


CHORES = (Chore(name="revocations", every_seconds=60.0, do=_revoke),)
