"""Fields that have to have a value: an insert brings them, an update does not clear them."""

from localorg.dml.change import Change
from localorg.dml.object_rules import ObjectRules
from localorg.dml.sql import Row
from localorg.schema import Field


def check_required(rules: ObjectRules, change: Change, row: Row | None) -> None:
    """Fail a change after which a field would be empty that can't be; `row` is None on insert."""
    missing = _left_out(rules, change) if row is None else _emptied(rules, change, row)
    if "OwnerId" in missing:
        missing.remove("OwnerId")
        label = rules.object_type.field("OwnerId").label
        message = f"{label}: owner cannot be blank"
        change.fail("INVALID_CROSS_REFERENCE_KEY", message, "OwnerId")
    if missing:
        message = f"Required fields are missing: [{', '.join(missing)}]"
        change.fail("REQUIRED_FIELD_MISSING", message, *missing)


def _left_out(rules: ObjectRules, change: Change) -> list[str]:
    values = change.values
    return [name for name in rules.required(values, None) if values.get(name) is None]


def _emptied(rules: ObjectRules, change: Change, row: Row) -> list[str]:
    values = change.values
    if None not in values.values():
        return []
    required = rules.required(values, row)
    emptied = [name for name, value in values.items() if value is None]
    fields = rules.object_type.field
    return [name for name in emptied if name in required or _keeps_default(fields(name))]


def _keeps_default(field: Field) -> bool:
    """Whether the org fills the field in a new record and never lets it be empty afterwards."""
    return field.defaulted_on_create and not field.nillable
