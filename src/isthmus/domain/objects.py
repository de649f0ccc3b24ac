"""The Salesforce objects that goals work on."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, kw_only=True)
class SalesforceObject:
    """One choice of *object* in a goal."""

    name: str  # what people choose, and the value of the object type property
    sobject: str  # the object that is read and written
    can_create: bool  # whether an export goal may create records
    person_filter: str = ""  # SOQL that tells persons from the rest, where the org has persons
    converts: bool = False  # records can be converted, which ends them
    required: tuple[str, ...] = ()  # system fields beside those that every object has


LEAD: Final = SalesforceObject(
    name="Lead",
    sobject="Lead",
    can_create=True,
    converts=True,
    required=("MasterRecordId", "IsConverted", "ConvertedContactId"),
)
CONTACT: Final = SalesforceObject(
    name="Contact",
    sobject="Contact",
    can_create=True,
    person_filter="IsPersonAccount = false",
    required=("MasterRecordId",),
)
PERSON: Final = SalesforceObject(
    name="Person",
    sobject="Account",
    can_create=False,
    person_filter="IsPersonAccount = true",
    required=("MasterRecordId", "PersonContactId"),
)

OBJECTS: Final = {each.name: each for each in (LEAD, CONTACT, PERSON)}
