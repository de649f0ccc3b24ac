from dataclasses import dataclass

TEXT_TYPES = frozenset(
    {"string", "textarea", "email", "phone", "url", "picklist", "multipicklist", "combobox"}
)
NUMBER_TYPES = frozenset({"int", "long", "double", "currency", "percent"})


@dataclass(frozen=True, kw_only=True, slots=True)
class PicklistValue:
    """One entry of a picklist."""

    value: str
    default: bool = False
    active: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field of an object, with the attributes that describe shows (reference 2.2)."""

    name: str
    label: str
    type: str
    # Most characters for text types; 0 otherwise.
    length: int = 0
    # Digits before and after the decimal point together, and after it: double, currency, percent.
    precision: int = 0
    scale: int = 0
    # Most digits: int only.
    digits: int = 0
    createable: bool = True
    updateable: bool = True
    nillable: bool = True
    # Salesforce fills it where an insert says nothing.
    defaulted_on_create: bool = False
    filterable: bool = True
    sortable: bool = True
    external_id: bool = False
    # May be the key of an upsert and of a parent's look-up though it is no external id.
    id_lookup: bool = False
    unique: bool = False
    case_sensitive: bool = False
    restricted_picklist: bool = False
    picklist_values: tuple[PicklistValue, ...] = ()
    # The API names of the objects that a lookup points to, and the name of the way there in SOQL.
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    # The compound that this field is a part of, such as Name or MailingAddress.
    compound_field_name: str | None = None
    calculated: bool = False
    auto_number: bool = False
    # The field that people know a record by.
    name_field: bool = False
    extra_type_info: str | None = None
    # The store keeps an index on it.
    indexed: bool = False

    @property
    def custom(self) -> bool:
        """True for `X__c`, and for `X__pc`, a Contact's custom field as an Account shows it."""
        return self.name.endswith(("__c", "__pc"))

    @property
    def stored(self) -> bool:
        """Whether the object's table has a column for it; address compounds have none."""
        return self.type != "address"

    @property
    def is_text(self) -> bool:
        """Whether its values are free text or picklist values."""
        return self.type in TEXT_TYPES

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.type in NUMBER_TYPES

    @property
    def is_upsert_key(self) -> bool:
        """Whether an upsert or a parent's look-up may find records by it."""
        return self.external_id or self.id_lookup

    @property
    def required(self) -> bool:
        """Whether an insert has to bring it."""
        return self.createable and not self.nillable and not self.defaulted_on_create

    @property
    def default_value(self) -> str | bool | None:
        """What an insert that says nothing gets: false for booleans, a picklist's default value."""
        if self.type == "boolean":
            return False
        return next((entry.value for entry in self.picklist_values if entry.default), None)
