"""The chores of a worker."""

from dataclasses import replace

from django.utils import timezone

from isthmus.connections import certificates, holding, revoking
from isthmus.profiles import database
from isthmus.worker.chores import Chore


def _revoke() -> None:
    """Tell Salesforce of sign-ins that are no longer wanted. What it did not hear comes again."""
    with database.reached():
        revoking.work_off()
        certificates.forget_drafts(timezone.now())


CHORES = (Chore(name="revocations", every_seconds=60.0, do=_revoke),)


def unless_held(chore: Chore) -> Chore:
    """The same, which does nothing while a store that was restored is held."""

    def do() -> None:
        if not holding.held():
            chore.do()

    return replace(chore, do=do)
