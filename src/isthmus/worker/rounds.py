"""The chores of a worker."""

from dataclasses import replace

from django.utils import timezone

from isthmus.connections import certificates, firing, holding, revoking, sending
from isthmus.profiles import database
from isthmus.worker.alerting import Alerting
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


def _send_mail() -> None:
    """Send the letters that wait. A mail server that is down keeps nothing else."""
    with database.reached():
        sending.send_mail()


def _call_webhooks() -> None:
    """Call the webhooks that wait."""
    with database.reached():
        sending.call_webhooks()


TELLING = (
    Chore(name="letters", every_seconds=10.0, do=_send_mail),
    Chore(name="webhooks", every_seconds=10.0, do=_call_webhooks),
)

CHORES = (
    Chore(name="revocations", every_seconds=60.0, do=_revoke),
    *TELLING,
    Chore(name="alerts", every_seconds=60.0, do=Alerting().evaluate),
)


def unless_held(chore: Chore) -> Chore:
    """The same, which does nothing while a store that was restored is held."""

    def do() -> None:
        if not holding.held():
            chore.do()

    return replace(chore, do=do)
