"""What a new record gets where nobody said anything."""

from collections.abc import Collection
from dataclasses import dataclass

from localorg.dml.sql import Row
from localorg.dml.writer import Writer
from localorg.formulas import defaults
from localorg.ids import number_of
from localorg.schema import Field, ObjectType


@dataclass(frozen=True, slots=True)
class Defaults:
    """The defaults of the new records of one chunk."""

    values: Row
    auto_numbers: tuple[Field, ...]
    # Whether a record that is given no name is called by its id, as those of custom objects are.
    named_by_id: bool = False

    @property
    def names(self) -> Collection[str]:
        """The fields whose default can't be overruled by saying null."""
        return {"Name", *self.values} if self.named_by_id else self.values

    def record(self, record_id: str, values: Row) -> Row:
        """The new record that gets this id: the given values, and the defaults for the rest."""
        row = {**self.values, **without_blanks(values, self.names), "Id": record_id}
        if self.named_by_id:
            row.setdefault("Name", record_id)
        for field in self.auto_numbers:
            row.setdefault(field.name, field.auto_number_text(number_of(record_id)))
        return row


def default_values(writer: Writer, object_type: ObjectType) -> Defaults:
    """What all new records of an object get."""
    values: Row = defaults(writer.connection, object_type, writer.user_id)
    stamps = _stamps(writer)
    values |= {name: stamps[name] for name in stamps if name.lower() in object_type.fields}
    if "ownerid" in object_type.fields:
        values["OwnerId"] = writer.user_id
    numbers = tuple(field for field in object_type.columns if field.auto_number_format)
    name = object_type.name_field if object_type.custom else None
    named_by_id = name is not None and name.stored and name not in numbers
    return Defaults(values, numbers, named_by_id)


def without_blanks(values: Row, names: Collection[str]) -> Row:
    """The values, less those that say null where the org has a default."""
    if None not in values.values():
        return values
    return {name: value for name, value in values.items() if value is not None or name not in names}


def _stamps(writer: Writer) -> Row:
    return {
        "CreatedDate": writer.stamp,
        "CreatedById": writer.user_id,
        "LastModifiedDate": writer.stamp,
        "LastModifiedById": writer.user_id,
        "SystemModstamp": writer.stamp,
    }
