"""An org with formula fields: two leads, one with all values and one with none."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from localorg.formulas import FormulaError, attach
from localorg.ids import make_id
from localorg.schema import Field, ObjectType, Schema, ValidationRule, standard_schema
from localorg.schema.object_type import by_name
from localorg.store import OWNER_IDS, Store, quoted

NOW = datetime(2026, 2, 28, 12, 30, tzinfo=UTC)
ADA, BLANK = make_id("00Q", 1), make_id("00Q", 2)
_HOLDING, _ACME = make_id("001", 1), make_id("001", 2)
_FIELDS = (
    Field(name="Discount__c", label="Discount", type="percent", precision=5, scale=2),
    Field(name="Opens_At__c", label="Opens at", type="time"),
    Field(name="Base__c", label="Base", type="string", formula='"base of " & FirstName'),
    Field(name="Half__c", label="Half", type="double", formula="NumberOfEmployees / 2"),
)
_LEAD = {
    "Id": ADA,
    "FirstName": "Ada",
    "LastName": "Lovelace",
    "Company": "Analytical Engines",
    "AnnualRevenue": 1_250_000,
    "NumberOfEmployees": 42,
    "Rating": "Hot",
    "Interests__c": "Events;Pricing",
    "Last_Purchase__c": "2026-01-31",
    "Last_Seen__c": "2026-01-30T18:30:00.000Z",
    "Newsletter__c": 1,
    "Discount__c": 25.0,
    "Opens_At__c": "09:15:30.000Z",
    "OwnerId": OWNER_IDS[0],
    "ConvertedAccountId": _ACME,
}


def with_lead(
    fields: Iterable[Field] = (), rules: Iterable[ValidationRule] = ()
) -> tuple[Schema, list[FormulaError]]:
    """The standard schema with more on Lead, compiled, and what could not be."""
    schema = standard_schema()
    lead = schema.object("Lead")
    more = replace(
        lead,
        fields=by_name([*lead.fields.values(), *_FIELDS, *fields]),
        validation_rules=tuple(rules),
    )
    problems: list[FormulaError] = []

    def report(_object: ObjectType, _part: Field | ValidationRule, error: FormulaError) -> None:
        problems.append(error)

    objects = [more if each is lead else each for each in schema.objects.values()]
    return attach(Schema(objects), report), problems


def filled(schema: Schema) -> Store:
    """A store with the two leads, at half past noon on 28 February 2026."""
    store = Store(":memory:", schema, NOW)
    store.now = lambda: NOW
    store.load("Account", ("Id", "Name", "AnnualRevenue"), [(_HOLDING, "Holding", 7)])
    store.load("Account", ("Id", "Name", "ParentId"), [(_ACME, "Acme", _HOLDING)])
    store.load("Lead", tuple(_LEAD), [tuple(_LEAD.values())])
    store.load("Lead", ("Id",), [(BLANK,)])
    return store


def value(store: Store, name: str, record_id: str = ADA) -> Any:
    """What a formula field of a lead gives."""
    expression = store.schema.object("Lead").field(name).expression("t0")
    assert expression is not None
    parts = ("SELECT ", expression, " FROM ", quoted("Lead"), " t0 WHERE t0.Id = ?")
    with store.read() as connection:
        return connection.execute("".join(parts), (record_id,)).fetchone()[0]
