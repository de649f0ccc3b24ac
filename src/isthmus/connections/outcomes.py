"""What became of a record, in words: by direction, outcome and reason."""

from collections.abc import Iterator

from isthmus.connections.models import EXPORT, IMPORT

INFO, WARNING, ERROR = "info", "warning", "error"

Words = tuple[str, str, str, str]
"""Direction, name of the outcome or reason, level, sentence."""

_OUTCOMES = {
    IMPORT: {
        "created": (INFO, "A profile was created."),
        "updated": (INFO, "The profile was updated."),
        "removed": (INFO, "The record no longer belongs to the profile."),
        "unchanged": (INFO, "The record is no longer left out; nothing of it is new."),
        "skipped": (INFO, "Nothing of the record was applied."),
        "failed": (ERROR, "Nothing of the record was applied."),
    },
    EXPORT: {
        "created": (INFO, "The record was created."),
        "updated": (INFO, "The record was updated."),
        "removed": (INFO, "The record was cleared."),
        "unchanged": (INFO, "The profile is no longer skipped; nothing of it is new."),
        "left": (INFO, "The profile is no longer skipped: it left the segment."),
        "skipped": (INFO, "Nothing was sent."),
        "failed": (ERROR, "The record was not written."),
    },
}

_REASONS = {
    IMPORT: {
        "no_match": (INFO, "No profile matches, and the goal creates none."),
        "no_identifier": (INFO, "None of the matched fields has a value."),
        "ambiguous": (WARNING, "It matches several profiles."),
        "deleted": (INFO, "It was deleted in Salesforce."),
        "merged": (INFO, "It was merged into another record in Salesforce."),
        "converted": (INFO, "The lead was converted in Salesforce."),
        "too_large": (ERROR, "Its profile would no longer fit a database row."),
    },
    EXPORT: {
        "no_match": (INFO, "No record matches, and the goal creates none."),
        "not_updated": (INFO, "Its record is there already, and the goal only creates."),
        "no_identifier": (INFO, "The profile has no value of the identifier to match by."),
        "ambiguous": (WARNING, "Several records match, or several profiles match one record."),
        "converted": (INFO, "Its lead was converted in Salesforce."),
        "held": (WARNING, "Salesforce refused the same row again and again; it waits."),
        "outcome_unknown": (WARNING, "It is not known whether its record was created."),
        "profile_gone": (INFO, "The profile was deleted while the run went on."),
        "nothing_to_send": (INFO, "All values for the new record are empty."),
        "not_a_member": (INFO, "The profile is not in the goal's segment."),
        "not_linked": (INFO, "No profile is linked to that record."),
        "equal_row": (ERROR, "Another profile would create exactly the same record."),
        "not_sent": (ERROR, "The run ended before it was sent; the next one sends it."),
        "no_result": (ERROR, "Salesforce did not say what became of it; the next run compares it."),
        "refused": (ERROR, "Salesforce refused it and gave no code."),
        "unprocessed": (ERROR, "Salesforce did not get to it; the next run sends it again."),
        "UNABLE_TO_LOCK_ROW": (ERROR, "Somebody else held the record; the next run sends it."),
    },
}


def outcomes() -> Iterator[Words]:
    """All outcomes that are kept of records."""
    yield from _flat(_OUTCOMES)


def reasons() -> Iterator[Words]:
    """The reasons that have words of ours; others are Salesforce's own codes."""
    yield from _flat(_REASONS)


def reason_words(direction: str, reason: str) -> str:
    """A reason in a sentence; empty where it has none of ours."""
    return _REASONS[direction].get(reason, (INFO, ""))[1]


def _flat(table: dict[str, dict[str, tuple[str, str]]]) -> Iterator[Words]:
    for direction, named in table.items():
        for name, (level, sentence) in named.items():
            yield direction, name, level, sentence
