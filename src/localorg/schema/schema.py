from collections.abc import Iterable, Iterator, Mapping
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
        for object_type in self.objects.values():
            for field in object_type.fields.values():
                if parent in field.reference_to:
                    yield object_type, field
