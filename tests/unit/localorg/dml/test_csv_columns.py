"""Rows read together say the same as their cells read one by one."""

import pytest

from localorg.dml import Change, Operation, RecordReader, Target
from localorg.dml.conversion import converter, wrong_type
from localorg.errors import RowError
from localorg.schema import standard_schema

SCHEMA = standard_schema()
COLUMNS = {
    "LastName": ("Smith", "x" * 81, "", "#N/A", " "),
    "Email": ("a@example.org", "nonsense", "", "#N/A", "a@example.org"),
    "AnnualRevenue": ("1.239", "1e3", "", "many", "10" * 20),
    "NumberOfEmployees": ("5", "5.0", "#N/A", "5.5", ""),
    "DoNotCall": ("true", "#N/A", "", "maybe", "0"),
    "LeadSource": ("Web", "", "Elsewhere", "#N/A", "Web"),
    "Last_Seen__c": ("2026-01-31T10:00:00.000Z", "2026-01-31T10:00:00+01:00", "", "soon", "#N/A"),
    "OwnerId": ("005gL0000000001QAA", "005gL0000000001", "", "003gL0000000001", "#N/A"),
    "IsConverted": ("true", "", "", "", "false"),
    "Isthmus_Id__c": ("a", "b", "", "#N/A", "a"),
}


def reader(operation: Operation, names: list[str]) -> RecordReader:
    lead = SCHEMA.object("Lead")
    key = lead.field("Isthmus_Id__c") if operation is Operation.UPSERT else None
    target = Target(schema=SCHEMA, object_type=lead, operation=operation, key_field=key)
    return RecordReader(target, names)


def alone(operation: Operation, names: list[str], row: list[str]) -> Change:
    """What a row says, its values converted one by one; keys and refusals come after them."""
    special = {"IsConverted"} | ({"Isthmus_Id__c"} if operation is Operation.UPSERT else set())
    others = [name for name in names if name in special]
    cells = dict(zip(names, row, strict=True))
    [rest] = reader(operation, others).read_csv_rows([[cells[name] for name in others]])
    change = Change(key=rest.key)
    for name in names:
        field, text = SCHEMA.object("Lead").field(name), cells[name]
        if name in special or not text:
            continue
        value = converter(field, SCHEMA)(text)
        if text == "#N/A":
            value = wrong_type(field, text) if field.type == "boolean" else None
        if isinstance(value, RowError):
            change.errors.append(value)
        else:
            change.values[name] = value
    change.errors += rest.errors
    change.values |= rest.values
    return change


@pytest.mark.parametrize("operation", [Operation.INSERT, Operation.UPSERT])
def test_rows_read_together_are_as_rows_read_alone(operation: Operation) -> None:
    names = list(COLUMNS)
    rows = [list(row) for row in zip(*COLUMNS.values(), strict=True)]
    rows += [["Only", *[""] * (len(names) - 1)]]
    one = reader(operation, names)
    assert one.read_csv_rows(rows) == [alone(operation, names, row) for row in rows]


@pytest.mark.parametrize("name", COLUMNS)
def test_a_column_by_itself_is_read_the_same(name: str) -> None:
    one = reader(Operation.INSERT, [name])
    rows = [[text] for text in COLUMNS[name]]
    expected = [alone(Operation.INSERT, [name], row) for row in rows]
    assert one.read_csv_rows(rows) == expected
    assert one.read_csv_rows(rows[:1]) == expected[:1]


def test_rows_of_ids_alone_have_keys_and_no_values() -> None:
    lead = SCHEMA.object("Lead")
    target = Target(
        schema=SCHEMA,
        object_type=lead,
        operation=Operation.DELETE,
        key_field=lead.field("Id"),
    )
    changes = RecordReader(target, ["Id"]).read_csv_rows([["a"], ["b"]])
    assert [(change.key, change.values) for change in changes] == [("a", {}), ("b", {})]
