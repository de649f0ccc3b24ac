"""What people have decided about their data."""

from localorg.schema.builders import (
    boolean,
    date,
    deletion,
    owner,
    picklist,
    record_id,
    stamps,
    viewed,
)
from localorg.schema.object_type import ObjectType, by_name
from localorg.schema.people import full_name, person_name

_DECISIONS = (
    ("HasOptedOutTracking", "Don't Track"),
    ("HasOptedOutProfiling", "Don't Profile"),
    ("HasOptedOutProcessing", "Don't Process"),
    ("HasOptedOutSolicit", "Don't Market"),
    ("HasOptedOutGeoTracking", "Don't Track Geolocation"),
    ("ShouldForget", "Forget this Individual"),
    ("SendIndividualData", "Export Individual's Data"),
    ("CanStorePiiElsewhere", "OK to Store PII Data Elsewhere"),
    ("HasPrivacyHold", "Block Geolocation Tracking"),
)


def individual() -> ObjectType:
    """A person's wishes; leads, contacts and persons point to it. Nothing enforces them."""
    fields = [
        record_id("Individual ID"),
        *deletion("Individual"),
        *person_name(required=True),
        full_name(121),
        owner(),
        *(boolean(name, label) for name, label in _DECISIONS),
        date("BirthDate", "Birth Date"),
        date("DeathDate", "Death Date"),
        picklist("IndividualsAge", "Individual's Age", ("13 or older", "16 or older")),
        *stamps(),
        *viewed(),
    ]
    return ObjectType(
        name="Individual",
        label="Individual",
        label_plural="Individuals",
        key_prefix="0PK",
        mergeable=True,
        fields=by_name(fields),
    )
