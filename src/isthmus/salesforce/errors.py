"""Everything that can go wrong when talking to Salesforce.

SalesforceError
├── Retryable
│   ├── HostUnreachable        no connection was made, so nothing was sent
│   ├── ConnectionLost         cut, or no answer in time
│   │   └── PageCut            in the middle of a result page
│   ├── RenewalUnknown         the answer to a sign-in that must not be sent twice was lost
│   ├── OutcomeUnknown         something was sent that must not be sent twice; ask first
│   ├── UnexpectedAnswer       an answer that makes no sense, such as HTML instead of JSON
│   ├── SessionExpired         the access token ended, and a new one could not be used
│   ├── ServerUnavailable      maintenance, no route, overload
│   ├── ServerFault            Salesforce failed inside
│   ├── RateLimited            too many at the same time
│   ├── DailyLimitReached      too many today
│   ├── RowLocked              another transaction holds the record
│   ├── RolledBack             another row of the same call failed
│   ├── QueryTimedOut          the query must be narrowed
│   ├── QueryLocatorExpired    the query must be started again
│   └── BulkJobBroken          (a BulkJobFailed) by load, locks or a fault of Salesforce
│       └── BulkJobTimedOut    its query must be narrowed
└── Final
    ├── HostNotAllowed         not a host of Salesforce's, nor one that the operator allowed
    ├── CertificateNotTrusted
    ├── SignInRefused          the authorization, app or user has to be put right
    ├── OrgChanged             the same sign-in suddenly reaches another org
    ├── NotPermitted           the user lacks a permission
    ├── NotFound               no such thing, or none that the user may see
    ├── SchemaChanged          no such object or field, or none that the user may see
    ├── QueryRefused           SOQL that Salesforce does not accept
    ├── WindowRefused          the time span of a replication call
    ├── StorageFull
    ├── RequestTooLarge
    ├── WrongJobState          the job is past (or not yet at) what was asked
    ├── RequestRefused         any other refusal of a whole request
    ├── RecordRefused          a row: validation, automation, values; also every unknown code
    │   ├── RecordConflict     a row: duplicates
    │   ├── RecordGone         a row: the record, or one that it points to, is not there
    │   └── LeadConverted      a row: the lead lives on as a contact
    ├── InvalidArgument        (a ValueError) refused before anything was sent
    ├── WaitCancelled          the caller asked to stop waiting
    ├── BulkJobAborted
    └── BulkJobRefused         (a BulkJobFailed) by its own content

BulkJobFailed is BulkJobBroken or BulkJobRefused. The words of Salesforce are never a reason to
decide: the class is, and it follows from the error code (`error_codes.py`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from isthmus.errors import Final, IsthmusError, Retryable

if TYPE_CHECKING:
    from isthmus.salesforce.jobs import Job


class SalesforceError(IsthmusError):
    """Something went wrong between here and Salesforce."""

    advice: ClassVar[str] = ""
    """What to do next; ends every message that is made from an answer."""

    def __init__(
        self,
        message: str | None = None,
        *,
        status: int | None = None,
        code: str = "",
        fields: tuple[str, ...] = (),
        path: str = "",
        words: str = "",
    ) -> None:
        """Keep what Salesforce said beside the message made from it."""
        super().__init__(message)
        self.status = status
        """The HTTP status, or None where there was no answer."""
        self.code = code
        """Salesforce's `errorCode`, as it came; empty where there was none."""
        self.fields = fields
        """The fields that Salesforce named."""
        self.path = path
        """Method and path of the request, without its query."""
        self.words = words
        """Salesforce's own message, as it came."""


class HostUnreachable(SalesforceError, Retryable):
    """No connection to the host could be made."""

    advice = "Check the host name, this machine's network, DNS and firewall."


class ConnectionLost(SalesforceError, Retryable):
    """The connection broke, or no answer came in time."""

    advice = "Try again; if it keeps happening, look at proxies and time-outs in between."


class PageCut(ConnectionLost):
    """A result page ended before its last byte."""

    advice = "Fetch the page again by the same locator."


class OutcomeUnknown(SalesforceError, Retryable):
    """The answer was lost, and the request must not be sent twice."""

    advice = "Ask Salesforce what is there before sending anything again."


class RenewalUnknown(SalesforceError, Retryable):
    """The answer to a sign-in was lost, and it must not be sent twice."""

    advice = (
        "It is tried once more later; where Salesforce refuses then, connect to Salesforce again."
    )


class UnexpectedAnswer(SalesforceError, Retryable):
    """The answer makes no sense."""

    advice = "Try again later; a proxy or a maintenance page may stand in between."


class SessionExpired(SalesforceError, Retryable):
    """The session ended."""

    advice = "Try again; if it stays, look at the session settings of the user and the app."


class ServerUnavailable(SalesforceError, Retryable):
    """Salesforce cannot be reached behind its door right now."""

    advice = "Try again in a few minutes; status.salesforce.com tells about maintenance."


class ServerFault(SalesforceError, Retryable):
    """Salesforce failed inside."""

    advice = "Try again; if it stays, give the error id to Salesforce's support."


class RateLimited(SalesforceError, Retryable):
    """Too many requests or sign-ins at the same time."""

    advice = "Try again in a few minutes, with fewer at the same time."


class DailyLimitReached(SalesforceError, Retryable):
    """The org's allowance for 24 hours is used up."""

    advice = "Wait until the window of 24 hours has moved on, or ask Salesforce for more."


class RowLocked(SalesforceError, Retryable):
    """Another transaction holds the record, or its parent."""

    advice = "Send the row again, in a smaller batch."


class RolledBack(SalesforceError, Retryable):
    """Another row of the same call failed, and took this one with it."""

    advice = "Look at the other rows of the call."


class QueryTimedOut(SalesforceError, Retryable):
    """The query ran for too long."""

    advice = "Narrow the query, for example by a shorter span of time."


class QueryLocatorExpired(SalesforceError, Retryable):
    """The place in the query's results is no longer known."""

    advice = "Start the query again."


class HostNotAllowed(SalesforceError, Final):
    """The host is not one of Salesforce's."""


class CertificateNotTrusted(SalesforceError, Final):
    """The server's certificate is not trusted."""

    advice = "If the host is right, name a file with its certificate authority in `ca_file`."


class SignInRefused(SalesforceError, Final):
    """Salesforce refused to sign in."""


class OrgChanged(SalesforceError, Final):
    """The same sign-in now reaches another org."""

    advice = "Accept the new org, or correct the sign-in."


class NotPermitted(SalesforceError, Final):
    """The user may not do this."""

    advice = "Ask the Salesforce administrator to give the user the permission."


class NotFound(SalesforceError, Final):
    """There is no such thing, or none that the user may see."""

    advice = "Check the name or id, and what the user may see."


class SchemaChanged(SalesforceError, Final):
    """There is no such object or field, or none that the user may see."""

    advice = "Check the name, and the user's access to the object and field."


class QueryRefused(SalesforceError, Final):
    """Salesforce does not accept the query."""

    advice = "Correct the query."


class WindowRefused(SalesforceError, Final):
    """Salesforce does not accept the time span."""

    advice = "Use a shorter span, or compare everything."


class StorageFull(SalesforceError, Final):
    """The org's storage is full."""

    advice = "Free or buy storage in Salesforce."


class RequestTooLarge(SalesforceError, Final):
    """The request is larger than Salesforce takes."""

    advice = "Send less at once."


class WrongJobState(SalesforceError, Final):
    """The job is not in a state that allows this."""

    advice = "Look at the job's state."


class RequestRefused(SalesforceError, Final):
    """Salesforce refused the request."""

    advice = "Correct what Salesforce names."


class RecordRefused(SalesforceError, Final):
    """Salesforce refused the record."""

    advice = "Correct the record, or the rule in Salesforce that refused it."


class RecordConflict(RecordRefused):
    """The record is a duplicate of another one."""

    advice = "Find the other record, and decide which one stays."


class RecordGone(RecordRefused):
    """The record, or one that it points to, is not there."""

    advice = "Link to another record, or make a new one."


class LeadConverted(RecordRefused):
    """The lead was converted."""

    advice = "Write to the contact that it became."


class InvalidArgument(SalesforceError, Final, ValueError):
    """What was given cannot be sent."""


class WaitCancelled(SalesforceError, Final):
    """Waiting for the job was cancelled; the job itself goes on."""


class BulkJobError(SalesforceError):
    """A Bulk job ended badly."""

    def __init__(self, message: str | None = None, *, job: Job, code: str = "") -> None:
        """Keep the job as Salesforce last told it."""
        super().__init__(message, code=code, words=job.error_message)
        self.job = job


class BulkJobFailed(BulkJobError):
    """A Bulk job failed."""


class BulkJobBroken(BulkJobFailed, Retryable):
    """A Bulk job failed by load, locks or a fault of Salesforce."""


class BulkJobTimedOut(BulkJobBroken):
    """A Bulk query took too long: it must be narrowed."""


class BulkJobRefused(BulkJobFailed, Final):
    """A Bulk job failed by its own content."""


class BulkJobAborted(BulkJobError, Final):
    """A Bulk job was aborted."""
