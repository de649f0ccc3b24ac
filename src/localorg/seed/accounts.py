"""The companies that contacts work for."""

from localorg.schema.people import ACCOUNT_TYPES, LEAD_SOURCES
from localorg.seed import pools
from localorg.seed.batches import Batch, retire, system_columns
from localorg.seed.chance import filled
from localorg.seed.facts import business_facts, external_references
from localorg.seed.oddities import make_odd
from localorg.seed.people import Columns, people
from localorg.store import BUSINESS_RECORD_TYPE_ID

_TYPES = filled(ACCOUNT_TYPES, 0.6)
_SOURCES = filled(LEAD_SOURCES, 0.3)
_SUBSIDIARY_SHARE = 0.05
_REMARKED_SHARE = 0.1
_ADDRESS = ("Street", "City", "State", "PostalCode", "Country")
_ODD_NAMES = {"Company": "Name"} | {"Mailing" + part: "Billing" + part for part in _ADDRESS}


def account_columns(batch: Batch) -> Columns:
    """Business accounts, every column of the table that they fill."""
    rng, count = batch.rng, batch.count
    known = people(rng, count, batch.plan.acquainted, batch.positions)
    columns = {
        "Name": known["Company"],
        "Website": known["Website"],
        "Phone": known["Phone"],
        "Fax": known["HomePhone"],
        "Type": rng.choices(_TYPES, k=count),
        "AccountSource": rng.choices(_SOURCES, k=count),
        "AccountNumber": external_references(rng, count),
        "External_Ref__c": external_references(rng, count),
        "Description": rng.choices(pools.remarks(_REMARKED_SHARE), k=count),
        **{"Billing" + part: known[part] for part in _ADDRESS},
        **business_facts(rng, count),
    }
    make_odd(batch, columns, batch.object_type, _ODD_NAMES)
    columns |= {"Shipping" + part: list(columns["Billing" + part]) for part in _ADDRESS}
    _move_warehouses(batch, columns)
    retire(batch, columns, ("Name", "Website"))
    columns["ParentId"] = _parents(batch, columns)
    columns["RecordTypeId"] = [BUSINESS_RECORD_TYPE_ID] * count
    return columns | system_columns(batch)


def _move_warehouses(batch: Batch, columns: Columns) -> None:
    """Only some ship to the address of the invoice; most leave the other address empty."""
    for row in range(batch.count):
        if row % 3:
            for part in _ADDRESS:
                columns["Shipping" + part][row] = None


def _parents(batch: Batch, columns: Columns) -> list[str | None]:
    """Some companies belong to others of the batch; none to a deleted one."""
    parents: list[str | None] = [None] * batch.count
    rows = batch.part_of(_SUBSIDIARY_SHARE)
    for row, parent in zip(rows[1:], rows, strict=False):
        if parent < row and not columns["IsDeleted"][parent]:
            parents[row] = batch.ids[parent]
    return parents
