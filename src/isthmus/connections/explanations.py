"""What the code of a problem means in plain words, and what to do next.

Codes in lower case are ours. Those in upper case are Salesforce's, beside a few of ours that are
written like them because they stand for what became of a row that was sent.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """One code."""

    meaning: str
    next_step: str
    known: bool = True


_RIGHTS = "Give the integration user the right in Salesforce, or leave the field out of the goal."
_TRY = "Nothing: the next run sends these rows again."
_MERGE_HERE = "Merge those of the profiles named that are one person, or correct the value."
_CORRECT = "Correct the values in the profiles, or map another property to the field."
_SCHEMA = "Compare the goal with the org: somebody changed or removed something there."
_BUSY = "Nothing yet: the next run tries again. If it stays, run at a quieter time."
_REPORT = "Run it again. If it happens twice, report it with the words below and the log."

_OURS: Final[Mapping[str, tuple[str, str]]] = {
    "ambiguous": (
        "The record belongs to more than one profile, so nothing of it was applied.",
        _MERGE_HERE + " The record is read again by every run.",
    ),
    "wrong_type": (
        "The value does not fit the type of the property. All else of the record went on.",
        "Correct the value in Salesforce, or map the field to a property of another type.",
    ),
    "identifier_taken": (
        "Another profile has this value already, and an identifier belongs to one profile only.",
        "Merge the two profiles, or correct the value in Salesforce.",
    ),
    "sum_too_large": (
        "The sum would be larger than an integer can be, so the property was left as it was.",
        "Map the field to a decimal property, or correct the value in Salesforce.",
    ),
    "too_large": (
        "With this record the profile would no longer fit a row of the database.",
        "Map fewer fields to lists, or shorten the lists of the profile.",
    ),
    "several_records": (
        "The profile belongs to several records in Salesforce, so nothing was sent.",
        "Merge the records in Salesforce, or match by a field that is unique there.",
    ),
    "several_profiles": (
        "Several profiles would be written to one record, so nothing was sent.",
        "Merge the profiles that are one person, or correct their identifier.",
    ),
    "outcome_unknown": (
        "It isn't known whether Salesforce created the record, so it is not created a second time.",
        "Look for the record in Salesforce. If it isn't there, run the goal with everything again.",
    ),
    "reserved": ("#N/A means an empty field to Salesforce and can't be sent as text.", _CORRECT),
    "holds_separator": (
        "The field separates its values with a semicolon, and one of the values has one in it.",
        "Take the semicolon out of the value.",
    ),
    "too_long": (
        "The value is longer than the field in Salesforce. The other fields of the row went on.",
        "Shorten the values, make the field longer in Salesforce, or let the mapping row cut them.",
    ),
    "not_an_email": ("The field takes e-mail addresses, and the value is none.", _CORRECT),
    "not_a_boolean": ("The field is a checkbox and takes true or false only.", _CORRECT),
    "not_a_date": ("The value can't be a day that Salesforce knows.", _CORRECT),
    "not_a_date_time": ("The value can't be a moment that Salesforce knows.", _CORRECT),
    "not_an_integer": ("The field takes whole numbers with so many digits only.", _CORRECT),
    "not_a_number": ("The field takes numbers with so many digits only.", _CORRECT),
    "not_in_picklist": (
        "The picklist is restricted, and the value is none of those that it takes.",
        "Correct the value, or add it to the picklist in Salesforce.",
    ),
    "NOT_SENT": ("The run ended before the row was sent.", _TRY),
    "UNPROCESSED": ("Salesforce ended the job before it came to the row.", _TRY),
    "NO_RESULT": (
        "Salesforce took the row and did not say what became of it.",
        "Nothing: the next run compares the row with the record and sends what is missing.",
    ),
    "OUTCOME_UNKNOWN": (
        "It isn't known whether Salesforce saved the row: its job was lost.",
        "Look for the record in Salesforce. If it isn't there, run the goal with everything again.",
    ),
    "FAILED": ("Salesforce refused the row and gave no code.", "Read its words below."),
    "REFUSED": ("Salesforce refused the row and gave no code.", "Read its words below."),
}

_ROWS: Final[Mapping[str, tuple[str, str]]] = {
    "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY": (
        "A trigger of the org stopped the row. Its own words say why.",
        "Show the words to whoever looks after the org's triggers.",
    ),
    "CANNOT_EXECUTE_FLOW_TRIGGER": (
        "A flow of the org broke while it worked on the row.",
        "Show the words to whoever looks after the org's flows.",
    ),
    "APEX_ERROR": (
        "Apex code of the org broke while it worked on the row.",
        "Show the words to whoever looks after the org's code.",
    ),
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": (
        "A validation rule of the org refuses the values of these profiles.",
        "Correct the values, or leave these profiles out of the segment, or change the rule.",
    ),
    "FIELD_FILTER_VALIDATION_EXCEPTION": (
        "A lookup filter of the org refuses the record that the field points to.",
        "Correct the value, or change the filter in Salesforce.",
    ),
    "FIELD_INTEGRITY_EXCEPTION": (
        "A value does not go together with the field, or with another field of the record.",
        _CORRECT,
    ),
    "REQUIRED_FIELD_MISSING": (
        "The org asks for a field that the row leaves empty.",
        "Map a property or a text to that field, or fill the property in the profiles.",
    ),
    "STRING_TOO_LONG": (
        "A value is longer than its field.",
        "Shorten the values, make the field longer in Salesforce, or let the mapping row cut them.",
    ),
    "INVALID_EMAIL_ADDRESS": ("Salesforce takes the value for no e-mail address.", _CORRECT),
    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST": (
        "The picklist is restricted, and the value is none of those that it takes.",
        "Correct the value, or add it to the picklist in Salesforce.",
    ),
    "NUMBER_OUTSIDE_VALID_RANGE": (
        "The number is too large or too small for the field.",
        _CORRECT,
    ),
    "INVALID_CURRENCY_ISO": (
        "The org does not use this currency.",
        "Activate the currency in Salesforce, or correct the value.",
    ),
    "INVALID_FIELD_FOR_INSERT_UPDATE": (
        "The integration user can't write one of the mapped fields.",
        _RIGHTS,
    ),
    "MALFORMED_ID": (
        "A value stands where Salesforce expects a record id, and is none.",
        _CORRECT,
    ),
    "INACTIVE_OWNER_OR_USER": (
        "The record's owner is a user who is no longer active.",
        "Give the record another owner in Salesforce, or map another owner.",
    ),
    "TRANSFER_REQUIRES_READ": (
        "The new owner has no right to read this object.",
        "Give that user the right in Salesforce, or map another owner.",
    ),
    "DUPLICATE_VALUE": (
        "Another record in Salesforce already has the value, and the field is unique.",
        "Merge the two records in Salesforce, or correct the value of one of them.",
    ),
    "DUPLICATE_EXTERNAL_ID": (
        "Several records in Salesforce have the same external id.",
        "Merge the records in Salesforce, or correct the external id of all but one.",
    ),
    "DUPLICATES_DETECTED": (
        "A duplicate rule of the org takes the new record for one that is there.",
        "Match by the field that these records share, or change the duplicate rule.",
    ),
    "ENTITY_IS_DELETED": (
        "Somebody deleted the record in Salesforce since the last import.",
        "Nothing: the link has ended. Whether the record is made again, the goal says.",
    ),
    "DELETE_FAILED": (
        "Salesforce could not delete the record.",
        "Read its words below, and remove what holds the record.",
    ),
    "INVALID_CROSS_REFERENCE_KEY": (
        "The row points to a record that is not there, or that the user can't see.",
        "Correct the reference, or give the integration user access to that record.",
    ),
    "CANNOT_UPDATE_CONVERTED_LEAD": (
        "The lead was converted in Salesforce and can't be changed any more.",
        "Nothing: the next import hands its profile to the contact.",
    ),
    "UNABLE_TO_LOCK_ROW": (
        "Another user or job was changing the same records.",
        "Nothing: the rows were tried again in a smaller job, and the next run sends them again.",
    ),
    "TOO_MANY_LOCK_FAILURE": (
        "Other users or jobs held too many of these records.",
        _BUSY,
    ),
    "ALL_OR_NONE_OPERATION_ROLLED_BACK": (
        "Another row of the same request was refused, and Salesforce took them all back.",
        _TRY,
    ),
    "PROCESSING_HALTED": ("Another row of the same request was refused before this one.", _TRY),
    "STORAGE_LIMIT_EXCEEDED": (
        "The org has no storage left for new records.",
        "Delete records in Salesforce, or buy storage, and run it again.",
    ),
    "INSUFFICIENT_ACCESS": ("The integration user may not change the record.", _RIGHTS),
    "INSUFFICIENT_ACCESS_OR_READONLY": (
        "The integration user may not change the record, or the field is read-only.",
        _RIGHTS,
    ),
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": (
        "The integration user has no access to a record that the row points to.",
        "Give the integration user access to that record in Salesforce.",
    ),
}

_REQUESTS: Final[Mapping[str, tuple[str, str]]] = {
    "INVALID_SESSION_ID": (
        "The sign-in to Salesforce had ended.",
        "Run it again. If it stays, renew the connection's authorization.",
    ),
    "SERVER_UNAVAILABLE": ("Salesforce was too busy to answer.", _BUSY),
    "API_CURRENTLY_DISABLED": ("Salesforce had switched its API off for a while.", _BUSY),
    "UNKNOWN_EXCEPTION": (
        "Something broke in Salesforce.",
        "Run it again. If it stays, give the words below to Salesforce's support.",
    ),
    "INTERNAL_ERROR": (
        "Something broke in Salesforce.",
        "Run it again. If it stays, give the words below to Salesforce's support.",
    ),
    "INTERNAL_SERVER_ERROR": (
        "Something broke in Salesforce.",
        "Run it again. If it stays, give the words below to Salesforce's support.",
    ),
    "LOGIN_RATE_EXCEEDED": ("The user signed in too often within an hour.", _BUSY),
    "RATE_LIMIT_EXCEEDED": ("Too much was asked of Salesforce at once.", _BUSY),
    "TOO_MANY_REQUESTS": ("Too much was asked of Salesforce at once.", _BUSY),
    "REQUEST_LIMIT_EXCEEDED": (
        "The org has no API calls left today.",
        "Nothing: a run waits for calls and goes on. Look what else uses the org's API.",
    ),
    "LIMIT_EXCEEDED": (
        "One of the org's limits is reached.",
        "Read in the words below which one, and look for its use in the org's set-up.",
    ),
    "EXCEEDED_QUOTA": (
        "One of the org's quotas is used up.",
        "Read in the words below which one, and look for its use in the org's set-up.",
    ),
    "QUERY_TIMEOUT": (
        "Salesforce took too long for a query.",
        "Use a field with an index in the goal's filter, or ask for fewer records.",
    ),
    "INVALID_QUERY_LOCATOR": ("Salesforce no longer had the rest of a result.", "Run it again."),
    "API_DISABLED_FOR_ORG": (
        "The org, or the integration user, may not use the API.",
        "Switch on API Enabled for the user; some editions of Salesforce have no API.",
    ),
    "TXN_SECURITY_METERING_ERROR": (
        "A transaction security policy of the org stopped the request.",
        "Ask whoever looks after the org's security policies.",
    ),
    "OPERATION_TOO_LARGE": (
        "The integration user sees too many records through sharing for this query.",
        "Give the user View All for the object, or a filter with an index.",
    ),
    "FEATURE_NOT_ENABLED": ("The org does not have this feature.", _SCHEMA),
    "NOT_FOUND": ("What was asked for is not in Salesforce.", _SCHEMA),
    "INVALID_ID_FIELD": ("A value stands where an id is needed, and is none.", _SCHEMA),
    "INVALID_TYPE": ("The org has no such object, or the user can't see it.", _SCHEMA),
    "INVALID_FIELD": ("The org has no such field, or the user can't see it.", _SCHEMA),
    "INVALID_ENTITY": ("The org has no such object, or the user can't see it.", _SCHEMA),
    "INVALID_TYPE_FOR_OPERATION": ("The object does not allow what was asked of it.", _SCHEMA),
    "MALFORMED_QUERY": ("Salesforce can't read the query.", "Correct the goal's filter."),
    "QUERY_TOO_COMPLICATED": (
        "The query is too complicated for Salesforce: formula fields make it long.",
        "Map fewer formula fields in one goal.",
    ),
    "EXCEEDED_ID_LIMIT": ("Too many deleted records were asked for at once.", _REPORT),
    "INVALID_REPLICATION_DATE": (
        "Salesforce no longer knows what was deleted so long ago.",
        "Run the goal with everything again.",
    ),
    "EXCEEDED_MAX_SIZE_REQUEST": ("What was sent at once was too large for Salesforce.", _REPORT),
    "INVALID_JOB_STATE": ("The job in Salesforce was no longer open.", _REPORT),
    "INVALID_AUTH_HEADER": ("Salesforce did not understand the sign-in of a request.", _REPORT),
    "JSON_PARSER_ERROR": ("Salesforce could not read a request.", _REPORT),
    "MISSING_ARGUMENT": ("Salesforce missed something in a request.", _REPORT),
    "INVALID_BATCH_SIZE": ("Salesforce did not take the size of a request.", _REPORT),
    "METHOD_NOT_ALLOWED": ("Salesforce does not allow this kind of request.", _REPORT),
    "API_ERROR": ("Salesforce could not do what a request asked for.", _REPORT),
    "INVALID_JOB": ("Salesforce does not know the job, or can't work with it.", _REPORT),
    "INVALID_BATCH": ("Salesforce could not work with the rows of a job.", _REPORT),
    "CLIENT_INPUT_ERROR": ("Salesforce could not read what was sent.", _REPORT),
}

_ALL: Final = {**_OURS, **_ROWS, **_REQUESTS}

_UNKNOWN = Explanation(
    meaning="This code is not in our list, so all that is known is what Salesforce says.",
    next_step="Read its words, or look the code up in Salesforce's own documentation.",
    known=False,
)
_UNKNOWN_OURS = Explanation(
    meaning="No explanation is written down for this code.",
    next_step="Read the words below.",
    known=False,
)


def explain(code: str) -> Explanation:
    """The explanation of a problem's code; a general one where the code is not known."""
    if code in _ALL:
        meaning, next_step = _ALL[code]
        return Explanation(meaning=meaning, next_step=next_step)
    return _UNKNOWN if is_of_salesforce(code) else _UNKNOWN_OURS


def is_of_salesforce(code: str) -> bool:
    """Whether what is said under the code may be in Salesforce's own words."""
    return code == code.upper()


def meanings() -> list[tuple[str, str]]:
    """Codes and what they mean."""
    return [(code, meaning) for code, (meaning, _) in _ALL.items()]
