"""The types that fields of a set-up file can have, and what may be said of each."""

from collections.abc import Mapping
from dataclasses import dataclass

_ALWAYS = ("name", "type", "label", "help")
_KEYS_OF_WRITABLE = ("required", "default", "default_formula")
_TEXT_KEYS = ("length", "unique", "case_sensitive", "external_id")
_NUMBER_KEYS = ("precision", "scale")
_LOOKUP_KEYS = ("to", "relationship", "children")


@dataclass(frozen=True)
class FieldType:
    """A type: the one that describe shows, and the keys that go with it."""

    type: str
    keys: tuple[str, ...] = ()
    # Keys that have to be there.
    needed: tuple[str, ...] = ()
    # Whether it can be a formula field.
    formula: bool = False

    @property
    def optional(self) -> tuple[str, ...]:
        """Every key that may be there besides the needed ones."""
        formula = ("formula", "blanks") if self.formula else ()
        return (*_ALWAYS[2:], *self.keys, *formula)


def _writable(*keys: str) -> tuple[str, ...]:
    return (*_KEYS_OF_WRITABLE, *keys)


FIELD_TYPES: Mapping[str, FieldType] = {
    "string": FieldType("string", _writable(*_TEXT_KEYS), formula=True),
    "textarea": FieldType("textarea", _writable("length", "rich")),
    "email": FieldType("email", _writable("unique", "external_id")),
    "phone": FieldType("phone", _writable()),
    "url": FieldType("url", _writable()),
    "encryptedstring": FieldType("encryptedstring", ("required", "length", "mask")),
    "boolean": FieldType("boolean", ("default", "default_formula"), formula=True),
    "int": FieldType("int", _writable("digits")),
    "long": FieldType("long", _writable("digits")),
    "double": FieldType("double", _writable(*_NUMBER_KEYS, "unique", "external_id"), formula=True),
    "currency": FieldType("currency", _writable(*_NUMBER_KEYS), formula=True),
    "percent": FieldType("percent", _writable(*_NUMBER_KEYS), formula=True),
    "date": FieldType("date", _writable(), formula=True),
    "datetime": FieldType("datetime", _writable(), formula=True),
    "time": FieldType("time", _writable(), formula=True),
    "picklist": FieldType("picklist", _writable("restricted", "controller"), needed=("values",)),
    "multipicklist": FieldType(
        "multipicklist", ("required", "restricted", "controller"), needed=("values",)
    ),
    "combobox": FieldType("combobox", _writable("length"), needed=("values",)),
    "autonumber": FieldType("string", ("format", "external_id")),
    "reference": FieldType(
        "reference", ("required", "on_delete", *_LOOKUP_KEYS[1:]), needed=("to",)
    ),
    "masterdetail": FieldType("reference", ("reparentable", *_LOOKUP_KEYS[1:]), needed=("to",)),
}
# What may be said of a field that is there without the file.
OF_STANDARD_FIELDS = ("label", "help", "required", "default", "values", "restricted")
