"""What is known of an org's objects, planted so that nobody has to be asked."""

from collections.abc import Mapping, Sequence
from typing import Any

from django.utils import timezone

from isthmus.connections.models import Connection, KnownObject


def field(name: str, type_: str = "string", **more: Any) -> dict[str, Any]:
    """A field as Salesforce describes it: writable, and of 80 characters where it is text."""
    return {
        "name": name,
        "label": more.pop("label", name),
        "type": type_,
        "length": 80 if type_ in ("string", "email", "textarea", "phone", "url") else 0,
        "createable": True,
        "updateable": True,
        "nillable": True,
        "filterable": True,
        **more,
    }


def picklist(*values: str) -> list[dict[str, Any]]:
    """The values of a picklist."""
    return [{"value": each, "label": f"The {each}", "active": True} for each in values]


FIELDS = (
    field("Id", "id", label="Contact ID", createable=False, updateable=False, idLookup=True),
    field("LastName", label="Last Name", nillable=False),
    field("FirstName", label="First Name", length=40),
    field("Email", "email", label="E-mail", idLookup=True),
    field("MailingCountry", label="Mailing Country"),
    field("Note__c", "textarea", label="<b>Note</b>", length=3000, filterable=False),
    field("Isthmus_Id__c", label="Isthmus Id", externalId=True, unique=True, length=36),
    field("Score__c", "double", label="Score", calculated=True, createable=False, updateable=False),
    field("Visits__c", "double", label="Visits", precision=6, scale=0),
    field("Rank__c", "picklist", label="Rank", picklistValues=picklist("Gold", "Silver")),
    field("Topics__c", "multipicklist", label="Topics", picklistValues=picklist("Art", "Boats")),
    field("Birth__c", "date", label="Birth"),
    field("Seen__c", "datetime", label="Seen"),
    field("Active__c", "boolean", label="Active", nillable=False, defaultedOnCreate=True),
)


def know(
    connection: Connection,
    name: str = "Contact",
    fields: Sequence[Mapping[str, Any]] = FIELDS,
    *,
    records: int | None = 812_406,
) -> None:
    """Let an object be known as if it had been described just now."""
    assert connection.authorization is not None
    sobject = "Account" if name == "Person" else name
    persons = [field("IsPersonAccount", "boolean")] if name == "Person" else []
    KnownObject.objects.create(
        authorization=connection.authorization,
        sobject=name,
        described_at=timezone.now(),
        description={"name": sobject, "label": name, "fields": [*fields, *persons]},
        samples={"LastName": ["Plantedname"]},
        records=records,
    )


def know_all(connection: Connection) -> None:
    """Let all objects be known."""
    for name in ("Lead", "Contact", "Person"):
        know(connection, name)
