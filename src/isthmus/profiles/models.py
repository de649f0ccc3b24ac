"""Set-up of the store: which properties and segments there are. Profile data is not here."""

from typing import Any

from django.db import models

from isthmus.domain.properties import (
    KEY_LENGTH,
    Normalise,
    OnMerge,
    PropertyDefinition,
    PropertyType,
)


class Property(models.Model):
    """One property of all profiles; its values are in a column of `store.profile`."""

    id = models.SmallAutoField(primary_key=True)
    key = models.CharField(max_length=KEY_LENGTH, unique=True)
    label = models.TextField()
    description = models.TextField(blank=True, default="")
    type = models.CharField(max_length=10, choices=[(kind, kind) for kind in PropertyType])
    list = models.BooleanField(default=False)
    identifier = models.BooleanField(default=False)
    personal = models.BooleanField(default=False)
    normalise = models.CharField(max_length=10, default=Normalise.NONE)
    on_merge = models.CharField(max_length=10, default=OnMerge.NEWER)

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.key

    @property
    def definition(self) -> PropertyDefinition:
        """The property as the rules know it."""
        return PropertyDefinition(
            key=self.key,
            label=self.label,
            description=self.description,
            type=PropertyType(self.type),
            list=self.list,
            identifier=self.identifier,
            personal=self.personal,
            normalise=Normalise(self.normalise),
            on_merge=OnMerge(self.on_merge),
        )


class Segment(models.Model):
    """Profiles that meet conditions, worked out at the time of use."""

    key = models.CharField(max_length=KEY_LENGTH, unique=True)
    name = models.TextField()
    where = models.JSONField()

    class Meta:
        ordering = ["id"]

    def __str__(self) -> str:
        return self.key

    @property
    def conditions(self) -> Any:
        """`where` as people write it, the property before what is asked of it.

        The database keeps the keys of an object in an order of its own.
        """
        return _as_written(self.where)


def _as_written(part: Any) -> Any:
    if isinstance(part, list):
        return [_as_written(each) for each in part]
    if not isinstance(part, dict):
        return part
    first = [key for key in ("property", "system") if key in part]
    return {
        key: _as_written(part[key]) for key in [*first, *(key for key in part if key not in first)]
    }
