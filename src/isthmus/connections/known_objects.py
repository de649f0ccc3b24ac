"""What a connection's user sees of its org's objects, kept so that pages need not ask each time.

A description is kept with the authorization that saw it, and is asked for again by choice, when it
is a day old, and when somebody has signed in anew. Beside it are up to three values of each field
of recent records, and how many records there are: both as far as they can be had in a few seconds.
The values are personal data: whoever shows them masks them.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.utils import timezone

from isthmus.connections.errors import TakesTooLong
from isthmus.connections.models import Connection, KnownObject
from isthmus.connections.org_fields import Describe, find
from isthmus.connections.sign_in import signed_in
from isthmus.domain.objects import OBJECTS, PERSON, SalesforceObject
from isthmus.errors import IsthmusError
from isthmus.salesforce import (
    ClientSettings,
    Field,
    NotFound,
    NotPermitted,
    ObjectDescription,
    Salesforce,
    SalesforceError,
    read_description,
)

FRESH: Final = timedelta(days=1)
"""How long a description is used without asking."""

IMPATIENT: Final = ClientSettings(tries=1, connect_seconds=4, read_seconds=8)
"""For somebody who waits in front of a page: one try, and not long."""

LONGEST_SAMPLE: Final = 80
"""Characters of a sample that are kept."""

MOST_SAMPLES: Final = 3
PERSON_FIELD: Final = "ispersonaccount"

_NO_SAMPLES: Final = frozenset({"address", "location", "base64", "complexvalue", "anyType", "id"})
_FIELDS_OF_QUERY: Final = 150
_RECORDS_OF_QUERY: Final = 20
_SECONDS: Final = 20
"""After so long nothing more is asked: who waits gets what there is."""

_MARGIN: Final = timedelta(hours=1)
"""The clocks here and there may differ: what changed shortly before is described once more."""


class NotKnown(LookupError):
    """Nobody has asked Salesforce for an object of that name yet."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """One object, as the connection's user sees it."""

    description: ObjectDescription
    described_at: datetime
    samples: Mapping[str, tuple[str, ...]] = field(default_factory=dict, repr=False)  # by field
    records: int | None = None  # None: not counted
    problem: str = ""  # why it could not be asked for again; empty: it is as fresh as it should be
    parent: Callable[[str], ObjectDescription | None] = field(default=lambda _: None, repr=False)
    """What is known of an object that paths lead to, by name."""

    def describe(self, name: str) -> ObjectDescription:
        """The object or a parent of it. Raises `NotKnown`."""
        is_it = name.lower() == self.description.name.lower()
        found = self.description if is_it else self.parent(name)
        if found is None:
            raise NotKnown(name)
        return found

    def at(self, path: str) -> Field | None:
        """The field of the object or of a parent; None where there is none that is known."""
        try:
            found = find(self.describe, self.description.name, path)
        except NotKnown:
            return None
        return found.field if found else None

    @property
    def has_persons(self) -> bool:
        """Whether its records may be persons."""
        return PERSON_FIELD in self.description.fields


@dataclass(frozen=True, kw_only=True)
class Offered:
    """An object that a goal could work on."""

    object: SalesforceObject
    known: Known | None  # None: it can't be used
    reason: str = ""  # why it can't be, in a sentence


def cached(connection: Connection, of: SalesforceObject) -> Known | None:
    """What is known already, however old; Salesforce is not asked."""
    row = _row(connection, of.name)
    return _known(row) if row else None


def kept(connection: Connection, name: str) -> ObjectDescription | None:
    """What is known already of any object, such as a parent; Salesforce is not asked."""
    row = _row(connection, name)
    return read_description(row.description) if row else None


def records(connection: Connection) -> dict[str, int | None]:
    """How many records the objects have of which something is known already, by name."""
    return dict(_rows(connection, list(OBJECTS)).values_list("sobject", "records"))


def old(connection: Connection) -> set[str]:
    """Names of the objects of which what is known should be asked for again."""
    before = timezone.now() - FRESH
    rows = _rows(connection, list(OBJECTS)).filter(described_at__lt=before)
    return set(rows.values_list("sobject", flat=True))


def lacks_persons(connection: Connection) -> bool:
    """Whether accounts are known, and none of them can be a person."""
    can_be = Q(description__fields__contains=[{"name": "IsPersonAccount"}])
    return _rows(connection, [PERSON.name]).exclude(can_be).exists()


def known(connection: Connection, of: SalesforceObject, *, refresh: bool = False) -> Known:
    """What is known, asked for where it is not fresh, or anyway with `refresh`.

    Where Salesforce can't be asked, what was known before is given with the `problem`. Raises
    `IsthmusError` where nothing was.
    """
    (found,) = _all_known(connection, [of], refresh=refresh)
    if isinstance(found, Known):
        return found
    raise found


def offered(connection: Connection, *, refresh: bool = False) -> list[Offered]:
    """All objects that goals may work on, each with what is known of it or why it can't be used.

    Persons are offered where the org has person accounts. Raises `IsthmusError` where Salesforce
    can't be asked and nothing is known.
    """
    objects = list(OBJECTS.values())
    found = _all_known(connection, objects, refresh=refresh)
    if not any(isinstance(each, Known | NotFound) for each in found):
        raise next(each for each in found if isinstance(each, IsthmusError))
    return [_offered(of, each) for of, each in zip(objects, found, strict=True)]


def describing(connection: Connection, *, refresh: bool = False) -> Describe:
    """Descriptions for checking: what is fresh is not asked for again, unless `refresh` says so.

    The function raises `IsthmusError` where Salesforce can't be asked.
    """
    known_before: dict[str, ObjectDescription] = {}

    def describe(name: str) -> ObjectDescription:
        if name.lower() not in known_before:
            row = _row(connection, name)
            if row is None or refresh or _is_old(row):
                with signed_in(connection, IMPATIENT) as salesforce:
                    row = _described(connection, salesforce, name, row, whole=refresh)
            known_before[name.lower()] = read_description(row.description)
        return known_before[name.lower()]

    return describe


def _offered(of: SalesforceObject, found: Known | IsthmusError) -> Offered:
    if isinstance(found, IsthmusError):
        reason = f"{of.sobject} can't be used: {found}"
        return Offered(object=of, known=None, reason=reason)
    if of is PERSON and not found.has_persons:
        return Offered(object=of, known=None, reason="This org has no person accounts.")
    return Offered(object=of, known=found)


def _all_known(
    connection: Connection, objects: Sequence[SalesforceObject], *, refresh: bool
) -> list[Known | IsthmusError]:
    rows = {of.name: _row(connection, of.name) for of in objects}
    if not refresh and all(row and not _is_old(row) for row in rows.values()):
        return [_known(row) for row in rows.values() if row]
    end = time.monotonic() + _SECONDS
    try:
        with signed_in(connection, IMPATIENT) as salesforce:
            asking = _Asking(connection=connection, salesforce=salesforce, end=end)
            return [asking.known(of, rows[of.name], refresh=refresh) for of in objects]
    except IsthmusError as error:
        return [_as_before(row, error) for row in rows.values()]


def _as_before(row: KnownObject | None, error: IsthmusError) -> Known | IsthmusError:
    return _known(row, problem=str(error)) if row else error


def _row(connection: Connection, name: str) -> KnownObject | None:
    """What is kept of an object or of a choice of *object*."""
    return _rows(connection, [_kept_as(name)]).first()


def _rows(connection: Connection, names: Sequence[str]) -> QuerySet[KnownObject]:
    """What is kept of these; not what another user saw."""
    authorization = connection.authorization
    if authorization is None:
        return KnownObject.objects.none()
    rows = authorization.known_objects.filter(sobject__in=names)
    since = authorization.signed_in_at
    return rows.filter(described_at__gte=since) if since else rows


def _kept_as(name: str) -> str:
    """Person and Account are one object for Salesforce, with other samples and counts here."""
    return name if name in OBJECTS else name.lower()


def _is_old(row: KnownObject) -> bool:
    return timezone.now() - row.described_at > FRESH


def _known(row: KnownObject, problem: str = "") -> Known:
    return Known(
        description=read_description(row.description),
        described_at=row.described_at,
        samples={name: tuple(values) for name, values in row.samples.items()},
        records=row.records,
        problem=problem,
    )


def _described(
    connection: Connection,
    salesforce: Salesforce,
    name: str,
    row: KnownObject | None,
    *,
    whole: bool,
) -> KnownObject:
    """The object's row, described as it is now; `whole`: whatever Salesforce says of changes.

    Rights of a user to fields may change without the object's own stamp.
    """
    sobject = OBJECTS[name].sobject if name in OBJECTS else name
    now = timezone.now()
    since = row.described_at - _MARGIN if row and not whole else None
    found = salesforce.description_of(sobject, since)
    values: dict[str, Any] = {"described_at": now}
    if found is not None:
        values["description"] = found
    saved, _ = KnownObject.objects.update_or_create(
        authorization=connection.authorization, sobject=_kept_as(name), defaults=values
    )
    return saved


@dataclass(frozen=True, kw_only=True)
class _Asking:
    """A time of asking Salesforce, which ends soon."""

    connection: Connection
    salesforce: Salesforce
    end: float  # by the monotonic clock

    def known(
        self, of: SalesforceObject, row: KnownObject | None, *, refresh: bool
    ) -> Known | IsthmusError:
        """What is known of the object now, or why nothing is."""
        if row and not refresh and not _is_old(row):
            return _known(row)
        if self._is_late():
            return _as_before(row, TakesTooLong(f"Salesforce was too slow to describe {of.name}."))
        try:
            row = _described(self.connection, self.salesforce, of.name, row, whole=refresh)
        except (NotFound, NotPermitted) as error:
            return error  # it was there, and is no more
        except SalesforceError as error:
            return _as_before(row, error)
        self._look_into(of, row)
        return _known(row)

    def _look_into(self, of: SalesforceObject, row: KnownObject) -> None:
        description = read_description(row.description)
        condition = of.person_filter if PERSON_FIELD in description.fields else ""
        if of is PERSON and not condition:
            return
        row.records = self._counted(description, condition)
        row.samples = self._sampled(description, condition)
        row.save(update_fields=["records", "samples"])

    def _is_late(self) -> bool:
        return time.monotonic() > self.end

    def _counted(self, description: ObjectDescription, condition: str) -> int | None:
        if self._is_late():
            return None
        try:
            return self.salesforce.count(_select("COUNT()", description, condition))
        except SalesforceError:
            return None

    def _sampled(self, description: ObjectDescription, condition: str) -> dict[str, list[str]]:
        """Up to three values of each field, as far as they can be had."""
        samples: dict[str, list[str]] = {}
        ids: list[str] = []
        for names in _portions(description):
            if self._is_late():
                break
            try:
                records = _recent(self.salesforce, description, names, condition, ids)
            except SalesforceError:
                continue
            ids = ids or [str(record["Id"]) for record in records]
            for name in names:
                samples[name] = _shortened([record.get(name) for record in records])
        return {name: values for name, values in samples.items() if values}


def _portions(description: ObjectDescription) -> Iterator[list[str]]:
    names = [each.name for each in description.fields.values() if _has_samples(each)]
    for start in range(0, len(names), _FIELDS_OF_QUERY):
        yield names[start : start + _FIELDS_OF_QUERY]


def _has_samples(of: Field) -> bool:
    return of.type not in _NO_SAMPLES


def _recent(
    salesforce: Salesforce,
    description: ObjectDescription,
    names: Sequence[str],
    condition: str,
    ids: Sequence[str],
) -> list[dict[str, Any]]:
    """Records that changed lately; those of `ids` where they are known."""
    if ids:
        quoted = ", ".join(f"'{each}'" for each in ids)
        condition = f"Id IN ({quoted})"
    what = ", ".join(["Id", *names])
    stamp = "" if ids or "systemmodstamp" not in description.fields else _BY_STAMP
    soql = f"{_select(what, description, condition)}{stamp} LIMIT {_RECORDS_OF_QUERY}"
    return list(salesforce.query(soql))


_BY_STAMP: Final = " ORDER BY SystemModstamp DESC"


def _select(what: str, description: ObjectDescription, condition: str) -> str:
    where = f" WHERE {condition}" if condition else ""
    # SOQL takes no parameters; names come from describe, conditions from this package.
    return f"SELECT {what} FROM {description.name}{where}"  # noqa: S608


def _shortened(values: Sequence[object]) -> list[str]:
    """The first few different values as texts, cut where they are long."""
    texts = (_text(value) for value in values if value not in (None, ""))
    different = dict.fromkeys(text for text in texts if text)
    return list(different)[:MOST_SAMPLES]


def _text(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    text = " ".join(str(value).replace("\0", "").split())
    return text if len(text) <= LONGEST_SAMPLE else f"{text[: LONGEST_SAMPLE - 1]}…"
