from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property
from types import MappingProxyType

from localorg.errors import invalid_type
from localorg.schema.field import Field
from localorg.schema.object_type import ObjectType


class Schema:
    """All objects of the org; every look-up by name ignores case."""

    def __init__(self, objects: Iterable[ObjectType]) -> None:
        """Keep the objects in the given order."""
        found = tuple(objects)
        self.objects: Mapping[str, ObjectType] = MappingProxyType(
            {object_type.name.lower(): object_type for object_type in found}
        )
        self._by_prefix = {object_type.key_prefix: object_type for object_type in found}

    def object(self, name: str) -> ObjectType:
        """The object of this name; raises SalesforceError INVALID_TYPE where there is none."""
        found = self.objects.get(name.lower())
        if found is None:
            raise invalid_type(name)
        return found

    def of_id(self, record_id: str) -> ObjectType | None:
        """The object that an id belongs to by its key prefix, or None."""
        return self._by_prefix.get(record_id[:3])

    def children(self, parent: str) -> Iterator[tuple[ObjectType, Field]]:
        """Every lookup that points to the object named `parent`, with the object it is on."""
        yield from self._children.get(parent, ())

    def child_relationship(self, parent: str, name: str) -> tuple[ObjectType, Field] | None:
        """The children that the object named `parent` knows as `name`, such as Contacts."""
        return self._child_relationships.get((parent, name.lower()))

    @cached_property
    def person_fields(self) -> Mapping[str, str]:
        """What a person account shows of its contact: Account's name -> Contact's name."""
        account, contact = self.objects.get("account"), self.objects.get("contact")
        if account is None or contact is None:
            return MappingProxyType({})
        return MappingProxyType(dict(_person_pairs(account, contact)))

    @cached_property
    def _children(self) -> Mapping[str, list[tuple[ObjectType, Field]]]:
        found: dict[str, list[tuple[ObjectType, Field]]] = {}
        for object_type in self.objects.values():
            for field in object_type.fields.values():
                for parent in field.reference_to:
                    found.setdefault(parent, []).append((object_type, field))
        return found

    @cached_property
    def _child_relationships(self) -> Mapping[tuple[str, str], tuple[ObjectType, Field]]:
        return {
            (parent, field.child_relationship_name.lower()): (object_type, field)
            for parent, children in self._children.items()
            for object_type, field in children
            if field.child_relationship_name
        }


def _person_pairs(account: ObjectType, contact: ObjectType) -> Iterator[tuple[str, str]]:
    for field in account.fields.values():
        theirs = _contact_name(field.name)
        if theirs is not None and theirs.lower() in contact.fields:
            yield field.name, theirs


def _contact_name(name: str) -> str | None:
    """What the contact calls a field of its person account; None for a field of the account."""
    if name in {"LastName", "FirstName", "Salutation", "Name", "Phone", "Fax", "OwnerId"}:
        return name
    if name.endswith("__pc"):
        return name.removesuffix("__pc") + "__c"
    if name.startswith("Person") and name != "PersonContactId":
        return name.removeprefix("Person")
    return None
