"""Errors of reading records.

Retryable
├── RecordsMissing   what arrived is not what there is in Salesforce
├── JobLost          Salesforce forgot a job again and again
└── TooSlow          even a small part of the records takes Salesforce too long
"""

from isthmus.errors import Retryable


class RecordsMissing(Retryable):
    """What arrived is not what there is in Salesforce. Nothing of it was applied."""


class JobLost(Retryable):
    """Salesforce no longer knows a job that it took. Nothing of it was applied."""


class TooSlow(Retryable):
    """Salesforce takes too long even for a small part of the records."""
