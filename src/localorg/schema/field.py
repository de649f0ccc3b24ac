from dataclasses import dataclass

TEXT_TYPES = frozenset(
    {
        *("string", "textarea", "email", "phone", "url"),
        *("picklist", "multipicklist", "combobox", "encryptedstring"),
    }
)
NUMBER_TYPES = frozenset({"int", "long", "double", "currency", "percent"})
COMPOUND_TYPES = frozenset({"address", "location"})
# Stands in compiled formulas where the alias of the object's table belongs.
ALIAS = "\ue000"
# Fields that Salesforce keeps for itself, so that nobody can hide them from users.
_ALWAYS_SEEN = frozenset(
    {
        *("Id", "Name", "OwnerId", "IsDeleted", "MasterRecordId", "RecordTypeId"),
        *("CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"),
        *("LastActivityDate", "PersonLastActivityDate", "LastViewedDate", "LastReferencedDate"),
        *("IsPersonAccount", "PersonContactId", "IsConverted", "ConvertedDate"),
        *("ConvertedAccountId", "ConvertedContactId", "ConvertedOpportunityId", "IsClosed"),
        *("IsUnreadByOwner", "CaseNumber", "IsWon", "EmailBouncedDate", "EmailBouncedReason"),
        "IsEmailBounced",
    }
)


@dataclass(frozen=True, kw_only=True, slots=True)
class PicklistValue:
    """One entry of a picklist."""

    value: str
    default: bool = False
    active: bool = True
    # What people read. Defaults to the value.
    label: str | None = None
    # The places, among the controlling field's values, of those that it goes with; None where it
    # goes with all.
    valid_for: tuple[int, ...] | None = None
    # Of statuses: whether it closes a case, and whether it is a converted lead's.
    closed: bool = False
    converted: bool = False


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
    # The picklist or checkbox that says which of the values can be chosen; the API does not ask.
    controller_name: str | None = None
    # The API names of the objects that a lookup points to, and the name of the way there in SOQL.
    reference_to: tuple[str, ...] = ()
    relationship_name: str | None = None
    # The name by which the parent knows its children through this lookup, if it has one.
    child_relationship_name: str | None = None
    # What becomes of the record when its parent is deleted; where both are false a lookup is
    # emptied.
    cascade_delete: bool = False
    restricted_delete: bool = False
    # A master-detail's place among those of its object; None for lookups.
    relationship_order: int | None = None
    # The compound that this field is a part of, such as Name or MailingAddress.
    compound_field_name: str | None = None
    # The text of a formula field as describe shows it, and whether empty numbers count as 0 in it.
    formula: str | None = None
    blanks_as_zeros: bool = False
    # SQL that gives the value of a field without a column, ALIAS in place of its table's alias.
    formula_sql: str | None = None
    # What an insert that says nothing gets, other than a picklist's own default: a stored value,
    # or a formula with its SQL.
    default: str | float | None = None
    default_formula: str | None = None
    default_sql: str | None = None
    auto_number: bool = False
    # Such as `A-{0000}`: where the number stands and how many digits it has at least.
    auto_number_format: str | None = None
    # The field that people know a record by.
    name_field: bool = False
    extra_type_info: str | None = None
    help_text: str | None = None
    html_formatted: bool = False
    # How an encrypted text is shown, such as ("*", "lastFour").
    mask: tuple[str, str] | None = None
    # The store keeps an index on it.
    indexed: bool = False

    @property
    def custom(self) -> bool:
        """True for `X__c`, and for `X__pc`, a Contact's custom field as an Account shows it."""
        return self.name.endswith(("__c", "__pc"))

    @property
    def calculated(self) -> bool:
        """Whether it is a formula field."""
        return self.formula is not None

    @property
    def compound(self) -> bool:
        """Whether its value is made of other fields, such as an address."""
        return self.type in COMPOUND_TYPES

    @property
    def stored(self) -> bool:
        """Whether the object's table has a column for it; compounds and formulas have none."""
        return not self.compound and self.formula_sql is None and self.formula is None

    @property
    def is_text(self) -> bool:
        """Whether its values are free text or picklist values."""
        return self.type in TEXT_TYPES

    @property
    def is_number(self) -> bool:
        """Whether its values are numbers."""
        return self.type in NUMBER_TYPES

    @property
    def polymorphic(self) -> bool:
        """Whether it points to records of several objects, such as an owner."""
        return len(self.reference_to) > 1

    @property
    def is_upsert_key(self) -> bool:
        """Whether an upsert or a parent's look-up may find records by it."""
        return self.external_id or self.id_lookup

    @property
    def required(self) -> bool:
        """Whether an insert has to bring it."""
        return self.createable and not self.nillable and not self.defaulted_on_create

    @property
    def permissionable(self) -> bool:
        """Whether field-level security can hide it; parts go with their compound."""
        if self.name in _ALWAYS_SEEN or self.compound_field_name is not None:
            return False
        return self.nillable or self.type == "boolean" or (self.custom and self.auto_number)

    @property
    def default_value(self) -> str | float | bool | None:
        """What an insert that says nothing gets: false for booleans, a picklist's default value.

        A default that is a formula is none of these; see `formulas.defaults`.
        """
        if self.default is not None:
            return self.default
        if self.type == "boolean":
            return False
        return next((entry.value for entry in self.picklist_values if entry.default), None)

    def expression(self, alias: str) -> str | None:
        """SQL for the value in a row of the table `alias`; None where the field has a column."""
        if self.formula_sql is None:
            return None
        return self.formula_sql.replace(ALIAS, alias)

    def auto_number_text(self, number: int) -> str:
        """The value of an auto number field in the record of this number."""
        before, _, rest = (self.auto_number_format or "{0}").partition("{")
        digits, _, after = rest.partition("}")
        return before + str(number).zfill(len(digits)) + after
