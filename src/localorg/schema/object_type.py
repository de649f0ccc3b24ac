from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType

from localorg.errors import invalid_column
from localorg.schema.field import Field


@dataclass(frozen=True, kw_only=True, slots=True)
class ValidationRule:
    """Refuses records for which its formula is true."""

    name: str
    formula: str
    message: str
    # The API name of the field that the message stands at; None for the top of the page.
    error_field: str | None = None
    active: bool = True
    # The compiled formula over a row of the merged values; see `localorg.formulas.validation`.
    sql: str = ""
    # The stored fields whose values it needs, and those whose old values it needs.
    columns: tuple[str, ...] = ()
    prior_columns: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordType:
    """A kind of record of an object, as a set-up file defines it; the org has a row for it."""

    name: str
    developer_name: str
    description: str | None = None
    active: bool = True
    # What records get that name none.
    default: bool = False


@dataclass(frozen=True, kw_only=True, eq=False)
class ObjectType:
    """One object of the org; every look-up by name ignores case."""

    name: str
    label: str
    label_plural: str
    key_prefix: str
    # In the order in which describe shows them and tables keep them, by lower-case API name.
    fields: Mapping[str, Field]
    queryable: bool = True
    # Whether Bulk 2.0 reads it too.
    bulk_queryable: bool = True
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    undeletable: bool = True
    mergeable: bool = False
    replicateable: bool = True
    searchable: bool = True
    layoutable: bool = True
    triggerable: bool = True
    validation_rules: tuple[ValidationRule, ...] = ()
    record_types: tuple[RecordType, ...] = ()
    # What queries read instead of the table: a SELECT in parentheses. None stands for the table.
    source: str | None = None

    @property
    def custom(self) -> bool:
        """True for `X__c`."""
        return self.name.endswith("__c")

    def field(self, name: str) -> Field:
        """The field of this name; raises SalesforceError INVALID_FIELD where there is none."""
        found = self.fields.get(name.lower())
        if found is None:
            raise invalid_column(name, self.name)
        return found

    def relationship(self, name: str) -> Field | None:
        """The lookup that a parent path such as `Account.Name` goes through, or None."""
        return self._relationships.get(name.lower())

    @cached_property
    def columns(self) -> tuple[Field, ...]:
        """The fields that the object's table has a column for, in its order."""
        return tuple(field for field in self.fields.values() if field.stored)

    @cached_property
    def required(self) -> tuple[str, ...]:
        """The names of the fields that an insert has to bring."""
        return tuple(field.name for field in self.fields.values() if field.required)

    @cached_property
    def parts(self) -> Mapping[str, tuple[Field, ...]]:
        """The parts of each compound, by the compound's API name."""
        parts: dict[str, tuple[Field, ...]] = {}
        for field in self.fields.values():
            if field.compound_field_name:
                name = field.compound_field_name
                parts[name] = (*parts.get(name, ()), field)
        return MappingProxyType(parts)

    @cached_property
    def name_field(self) -> Field | None:
        """The field that people know a record by."""
        return next((field for field in self.fields.values() if field.name_field), None)

    @cached_property
    def _relationships(self) -> Mapping[str, Field]:
        return {
            field.relationship_name.lower(): field
            for field in self.fields.values()
            if field.relationship_name
        }


def by_name(fields: Iterable[Field]) -> Mapping[str, Field]:
    """Fields by lower-case API name, in the given order, not to be changed."""
    return MappingProxyType({field.name.lower(): field for field in fields})
