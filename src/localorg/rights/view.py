"""The schema as one user sees it."""

from dataclasses import replace

from localorg.rights.document import CREATE, DELETE, EDIT, READ
from localorg.rights.effective import EffectiveRights
from localorg.schema import Field, ObjectType, Schema
from localorg.schema.object_type import by_name

# Fields that everybody sees who sees the object.
_ALWAYS = frozenset(
    {
        "id",
        "isdeleted",
        "name",
        "ownerid",
        "recordtypeid",
        "createddate",
        "createdbyid",
        "lastmodifieddate",
        "lastmodifiedbyid",
        "systemmodstamp",
        "ispersonaccount",
        "personcontactid",
        "masterrecordid",
        "isconverted",
    }
)
# Of an Account only where it is a person.
_NAMES_OF_PERSONS = frozenset({"firstname", "salutation"})
_CREATE_AUDIT_FIELDS = "PermissionsCreateAuditFields"
_AUDIT_FIELDS = frozenset({"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById"})


def seen_by(schema: Schema, rights: EffectiveRights) -> Schema:
    """The objects and fields that these rights show, with what they allow to do."""
    if rights.unlimited and not rights.exceptions.objects and not rights.exceptions.fields:
        return schema
    return Schema(
        _seen_object(schema, object_type, object_rights, rights)
        for name, object_type in schema.objects.items()
        if READ in (object_rights := rights.object_rights(name))
    )


def hideable(field: Field) -> bool:
    """Whether field-level security can hide a field: not one that every record has to have."""
    if field.name.lower() in _ALWAYS:
        return False
    return field.nillable or field.type == "boolean" or (field.custom and not field.required)


def governing(schema: Schema, object_type: ObjectType, field: Field) -> tuple[str, str]:
    """The lower-case object and field whose rights count for a field.

    It is the field itself but for what an Account shows of a person's Contact: "You can't specify
    a different security setting on a Person Account field compared to the corresponding Contact
    field" (Salesforce Help, Account Fields).
    """
    name = field.name.lower()
    if object_type.name == "Account" and (
        name.startswith("person") or name.endswith("__pc") or name in _NAMES_OF_PERSONS
    ):
        theirs = schema.person_fields.get(field.name)
        if theirs is not None:
            return "contact", theirs.lower()
    return object_type.name.lower(), name


def _seen_object(
    schema: Schema, object_type: ObjectType, object_rights: frozenset[str], rights: EffectiveRights
) -> ObjectType:
    create = object_type.createable and CREATE in object_rights
    edit = object_type.updateable and EDIT in object_rights
    delete = object_type.deletable and DELETE in object_rights
    audit = create and rights.allows(_CREATE_AUDIT_FIELDS)
    fields = [
        _seen_field(field, field_rights, create=create, edit=edit, audit=audit)
        for field in object_type.fields.values()
        if READ in (field_rights := _field_rights(schema, object_type, field, rights))
    ]
    if len(fields) == len(object_type.fields) and (create, edit, delete) == (
        object_type.createable,
        object_type.updateable,
        object_type.deletable,
    ):
        same = all(one is two for one, two in zip(fields, object_type.fields.values(), strict=True))
        if same:
            return object_type
    return replace(
        object_type, fields=by_name(fields), createable=create, updateable=edit, deletable=delete
    )


def _field_rights(
    schema: Schema, object_type: ObjectType, field: Field, rights: EffectiveRights
) -> frozenset[str]:
    if not hideable(field):
        return frozenset({READ, EDIT})
    own = rights.field_rights(*governing(schema, object_type, field))
    name = field.compound_field_name
    if name is None or not hideable(compound := object_type.field(name)):
        return own
    # An address is hidden as a whole by its compound, or part by part.
    return own & rights.field_rights(*governing(schema, object_type, compound))


def _seen_field(
    field: Field, field_rights: frozenset[str], *, create: bool, edit: bool, audit: bool
) -> Field:
    may_edit = EDIT in field_rights
    createable = field.createable and create and may_edit
    if audit and field.name in _AUDIT_FIELDS:
        createable = True
    updateable = field.updateable and edit and may_edit
    if (createable, updateable) == (field.createable, field.updateable):
        return field
    return replace(field, createable=createable, updateable=updateable)
