"""What one source says about objects and fields: a permission set, a profile, or an exception."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

READ, CREATE, EDIT, DELETE = "read", "create", "edit", "delete"
VIEW_ALL, MODIFY_ALL = "view_all", "modify_all"
OBJECT_RIGHTS = (READ, CREATE, EDIT, DELETE, VIEW_ALL, MODIFY_ALL)
FIELD_RIGHTS = (READ, EDIT)
# The key that stands for every object or field that is not named.
ANY = "*"


@dataclass(frozen=True, kw_only=True)
class RightsDocument:
    """Rights by lower-case name; what is not named is not spoken of."""

    # Object name or `*` to the rights on it.
    objects: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # `object.field`, `object.*` or `*` to the rights on it.
    fields: Mapping[str, frozenset[str]] = field(default_factory=dict)
    # API name such as PermissionsApiEnabled to whether it is given.
    permissions: Mapping[str, bool] = field(default_factory=dict)

    def object_rights(self, name: str) -> frozenset[str] | None:
        """The rights on an object by its lower-case name; None where nothing is said of it."""
        return self.objects.get(name, self.objects.get(ANY))

    def field_rights(self, object_name: str, name: str) -> frozenset[str] | None:
        """The rights on a field by lower-case names; None where nothing is said of it."""
        for key in (f"{object_name}.{name}", f"{object_name}.{ANY}", ANY):
            if key in self.fields:
                return self.fields[key]
        return None

    def with_object(self, name: str, rights: Iterable[str]) -> "RightsDocument":
        """The same with other rights on one object."""
        return replace(self, objects={**self.objects, name.lower(): frozenset(rights)})

    def with_field(self, name: str, rights: Iterable[str]) -> "RightsDocument":
        """The same with other rights on one field, named as `Object.Field`."""
        return replace(self, fields={**self.fields, name.lower(): frozenset(rights)})

    def with_permission(self, name: str, *, given: bool) -> "RightsDocument":
        """The same with one permission given or taken."""
        return replace(self, permissions={**self.permissions, name: given})

    def overridden_by(self, other: "RightsDocument") -> "RightsDocument":
        """The same, where `other` has the last word on what it names."""
        return RightsDocument(
            objects={**self.objects, **other.objects},
            fields={**self.fields, **other.fields},
            permissions={**self.permissions, **other.permissions},
        )

    def as_json(self) -> dict[str, Any]:
        """The document as JSON values."""
        return {
            "objects": {name: sorted(rights) for name, rights in self.objects.items()},
            "fields": {name: sorted(rights) for name, rights in self.fields.items()},
            "permissions": dict(self.permissions),
        }


EVERYTHING = RightsDocument(
    objects={ANY: frozenset(OBJECT_RIGHTS)}, fields={ANY: frozenset(FIELD_RIGHTS)}
)
NOTHING = RightsDocument()


def stored(document: RightsDocument) -> str:
    """The text of a document as its table keeps it."""
    return json.dumps(document.as_json())


def read_stored(text: str) -> RightsDocument:
    """The document of a text that `stored` wrote."""
    body = json.loads(text)
    return RightsDocument(
        objects={name: frozenset(rights) for name, rights in body["objects"].items()},
        fields={name: frozenset(rights) for name, rights in body["fields"].items()},
        permissions=body["permissions"],
    )
