"""Short ways to write fields down."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from localorg.schema.field import ALIAS, Field, PicklistValue

READ_ONLY: dict[str, Any] = {"createable": False, "updateable": False}


def string(name: str, label: str, length: int, **options: Any) -> Field:
    """A line of text."""
    return Field(name=name, label=label, type="string", length=length, **options)


def textarea(name: str, label: str, length: int, **options: Any) -> Field:
    """Text of several lines; a long one can't be filtered or sorted by."""
    short = length <= 255  # noqa: PLR2004 - the longest text area that Salesforce can filter by
    return Field(
        name=name,
        label=label,
        type="textarea",
        length=length,
        filterable=short,
        sortable=short,
        extra_type_info=None if options.get("compound_field_name") else "plaintextarea",
        **options,
    )


def email(name: str, label: str, **options: Any) -> Field:
    """An e-mail address of 80 characters."""
    return Field(name=name, label=label, type="email", length=80, **options)


def phone(name: str, label: str, **options: Any) -> Field:
    """A phone number of 40 characters."""
    return Field(name=name, label=label, type="phone", length=40, **options)


def url(name: str, label: str, **options: Any) -> Field:
    """A web address of 255 characters."""
    return Field(name=name, label=label, type="url", length=255, **options)


def boolean(name: str, label: str, **options: Any) -> Field:
    """True or false, false unless an insert says otherwise."""
    return Field(
        name=name, label=label, type="boolean", nillable=False, defaulted_on_create=True, **options
    )


def integer(name: str, label: str, digits: int, **options: Any) -> Field:
    """A whole number."""
    return Field(name=name, label=label, type="int", digits=digits, **options)


def double(name: str, label: str, precision: int, scale: int, **options: Any) -> Field:
    """A number of `precision` digits, `scale` of them after the point."""
    return Field(name=name, label=label, type="double", precision=precision, scale=scale, **options)


def percent(name: str, label: str, precision: int, scale: int, **options: Any) -> Field:
    """A share of a hundred: 25.0 stands for 25 %."""
    return Field(
        name=name, label=label, type="percent", precision=precision, scale=scale, **options
    )


def currency(name: str, label: str, precision: int, scale: int, **options: Any) -> Field:
    """An amount of money."""
    return Field(
        name=name, label=label, type="currency", precision=precision, scale=scale, **options
    )


def date(name: str, label: str, **options: Any) -> Field:
    """A day."""
    return Field(name=name, label=label, type="date", **options)


def datetime(name: str, label: str, **options: Any) -> Field:
    """A moment, in whole seconds."""
    return Field(name=name, label=label, type="datetime", **options)


def picklist(name: str, label: str, values: Iterable[str], **options: Any) -> Field:
    """One value of a list; `default="x"` names what an insert that says nothing gets.

    `closed` and `converted` name the statuses that end a case and a lead.
    """
    default = options.pop("default", None)
    closed, converted = options.pop("closed", ()), options.pop("converted", ())
    return Field(
        name=name,
        label=label,
        type="picklist",
        length=options.pop("length", 255),
        picklist_values=tuple(
            PicklistValue(
                value=value,
                default=value == default,
                closed=value in closed,
                converted=value in converted,
            )
            for value in values
        ),
        defaulted_on_create=options.pop("defaulted_on_create", default is not None),
        **options,
    )


def multipicklist(name: str, label: str, values: Iterable[str], **options: Any) -> Field:
    """Several values of a list, kept as `A;B`."""
    return Field(
        name=name,
        label=label,
        type="multipicklist",
        length=4099,
        picklist_values=tuple(PicklistValue(value=value) for value in values),
        **options,
    )


def lookup(
    name: str, label: str, target: str | tuple[str, ...], relationship: str, **options: Any
) -> Field:
    """A reference to a record of the object `target`, walked in SOQL as `relationship`.

    Several targets make it polymorphic; `children` is the name by which the parent knows the
    records that point to it.
    """
    return Field(
        name=name,
        label=label,
        type="reference",
        length=18,
        reference_to=(target,) if isinstance(target, str) else target,
        relationship_name=relationship,
        child_relationship_name=options.pop("children", None),
        **options,
    )


def combobox(name: str, label: str, values: Iterable[str], **options: Any) -> Field:
    """Text with suggestions."""
    return Field(
        name=name,
        label=label,
        type="combobox",
        length=options.pop("length", 255),
        picklist_values=tuple(PicklistValue(value=value) for value in values),
        **options,
    )


def computed(field: Field, sql: str) -> Field:
    """A field whose value follows from others of its row; `{}` in `sql` is the row's table."""
    return replace(
        field,
        createable=False,
        updateable=False,
        defaulted_on_create=not field.nillable,
        formula_sql=sql.replace("{}", ALIAS),
    )


def address(
    prefix: str, label: str, *, street_label: str | None = None, **options: Any
) -> list[Field]:
    """A compound address and its parts: `prefix` is such as Mailing, or empty on a Lead."""
    compound = prefix + "Address"
    part: dict[str, Any] = {"compound_field_name": compound, **options}
    start = label.removesuffix("Address").strip()

    def named(text: str) -> str:
        return " ".join(filter(None, (start, text)))

    return [
        textarea(prefix + "Street", street_label or named("Street"), 255, **part),
        string(prefix + "City", named("City"), 40, **part),
        string(prefix + "State", named("State/Province"), 80, **part),
        string(prefix + "PostalCode", named("Zip/Postal Code"), 20, **part),
        string(prefix + "Country", named("Country"), 80, **part),
        Field(name=compound, label=label, type="address", filterable=True, **READ_ONLY),
    ]


def record_id(label: str) -> Field:
    """The field Id."""
    return Field(
        name="Id",
        label=label,
        type="id",
        length=18,
        nillable=False,
        defaulted_on_create=True,
        id_lookup=True,
        **READ_ONLY,
    )


def owner(*, queues: bool = False) -> Field:
    """The user whose record it is, or a queue; who inserts it unless said otherwise."""
    targets = ("Group", "User") if queues else ("User",)
    return lookup("OwnerId", "Owner ID", targets, "Owner", nillable=False, defaulted_on_create=True)


def viewed() -> list[Field]:
    """When the user who asks last looked at the record; nobody looks at records here."""
    return [
        datetime("LastViewedDate", "Last Viewed Date", **READ_ONLY),
        datetime("LastReferencedDate", "Last Referenced Date", **READ_ONLY),
    ]


def stamps() -> list[Field]:
    """The fields that Salesforce keeps itself about who changed a record and when."""
    own: dict[str, Any] = {"nillable": False, "defaulted_on_create": True, **READ_ONLY}
    return [
        datetime("CreatedDate", "Created Date", **own),
        lookup("CreatedById", "Created By ID", "User", "CreatedBy", **own),
        datetime("LastModifiedDate", "Last Modified Date", **own),
        lookup("LastModifiedById", "Last Modified By ID", "User", "LastModifiedBy", **own),
        datetime("SystemModstamp", "System Modstamp", indexed=True, **own),
    ]


def deletion(master: str | None = None) -> list[Field]:
    """IsDeleted and, where records of the object `master` can be merged, MasterRecordId."""
    fields = [boolean("IsDeleted", "Deleted", **READ_ONLY)]
    if master is not None:
        fields.append(
            lookup("MasterRecordId", "Master Record ID", master, "MasterRecord", **READ_ONLY)
        )
    return fields


def last_activity() -> Field:
    """The day of the last task or event about the record."""
    return date("LastActivityDate", "Last Activity", **READ_ONLY)
