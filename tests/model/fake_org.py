"""An org as dicts: records as the texts that Salesforce would put into a CSV."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from isthmus.salesforce import Field, ObjectDescription, PicklistValue

OrgRecord = dict[str, str | None]

NUMBERS = frozenset({"int", "double", "currency", "percent"})
_PREFIXES = {"Lead": "00Q", "Contact": "003", "Account": "001", "User": "005"}
_CONDITION = re.compile(
    r"(?P<field>[\w.]+) (?P<operator>>=|<=|!=|=|<|>|NOT IN|IN) "
    r"(?P<value>\((?:[^']|'(?:\\.|[^'\\])*')*?\)|'(?:\\.|[^'\\])*'|[^\s']+)(?: AND )?"
)
_STRING = re.compile(r"'((?:\\.|[^'\\])*)'")


def moment(seconds: int) -> datetime:
    """A time of the org's clock."""
    return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)


def stamp(seconds: int) -> str:
    """The same as Salesforce writes it."""
    return moment(seconds).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def new_field(name: str, kind: str = "string", **given: object) -> Field:
    """A field as describe gives it, writable unless said otherwise."""
    known: dict[str, object] = {
        "name": name, "label": name, "type": kind, "length": 255, "precision": 0, "scale": 0,
        "digits": 0, "createable": True, "updateable": True, "nillable": kind != "boolean",
        "defaulted_on_create": False, "filterable": True, "external_id": False,
        "id_lookup": False, "unique": False, "case_sensitive": False, "custom": False,
        "calculated": False, "auto_number": False, "restricted_picklist": False,
        "picklist_values": (), "reference_to": (), "relationship_name": None,
        "compound_field_name": None,
    }  # fmt: skip
    return Field(**{**known, **given})  # type: ignore[arg-type]


def picklist(*values: str) -> tuple[PicklistValue, ...]:
    """Values of a picklist, all active."""
    return tuple(PicklistValue(value=v, label=v, active=True, default=False) for v in values)


def system_field(name: str, kind: str) -> Field:
    """A field that nobody writes."""
    return new_field(name, kind, createable=False, updateable=False)


SYSTEM_FIELDS = (
    system_field("Id", "id"),
    system_field("SystemModstamp", "datetime"),
    system_field("IsDeleted", "boolean"),
    system_field("MasterRecordId", "reference"),
    system_field("IsConverted", "boolean"),
    system_field("ConvertedContactId", "reference"),
    system_field("CreatedDate", "datetime"),
    system_field("CreatedById", "reference"),
)

USER_ID = "005000000000001AAA"
"""The user who is signed in."""


def describe(name: str, fields: Iterable[Field]) -> ObjectDescription:
    """An object with the system fields and these."""
    every = (*SYSTEM_FIELDS, *fields)
    return ObjectDescription(
        name=name, label=name, label_plural=name, key_prefix=_PREFIXES[name], custom=False,
        createable=True, updateable=True, deletable=True, queryable=True, replicateable=True,
        fields={each.name.lower(): each for each in every},
    )  # fmt: skip


@dataclass(kw_only=True)
class FakeOrg:
    """Objects with their records; a clock that stands still until it is moved."""

    objects: dict[str, ObjectDescription]
    records: dict[str, dict[str, OrgRecord]] = field(default_factory=dict)
    seconds: int = 0

    def __post_init__(self) -> None:
        self.objects.setdefault("Account", describe("Account", ()))
        for name in self.objects:
            self.records.setdefault(name, {})

    @property
    def now(self) -> datetime:
        """The org's clock."""
        return moment(self.seconds)

    @staticmethod
    def seconds_of(record: OrgRecord) -> int:
        """When the record was changed last, by the org's clock."""
        changed = datetime.fromisoformat(record["SystemModstamp"] or "")
        return int((changed - moment(0)).total_seconds())

    def new_id(self, sobject: str) -> str:
        """The id of the next record."""
        return self.id(sobject, len(self.records[sobject]) + 1)

    def id(self, sobject: str, number: int) -> str:
        """The id of a record by its number."""
        return f"{_PREFIXES[sobject]}{number:012d}AAA"

    def save(self, sobject: str, record_id: str | None = None, **values: str | None) -> str:
        """Make or change a record, now; its id."""
        record_id = record_id or self.new_id(sobject)
        fresh = {"Id": record_id, "IsDeleted": "false", "IsConverted": "false"}
        fresh["CreatedDate"] = stamp(self.seconds)
        record = self.records[sobject].setdefault(record_id, dict(fresh))
        kinds = self.objects[sobject].fields
        record |= {name: plain(kinds[name.lower()], value) for name, value in values.items()}
        record["SystemModstamp"] = stamp(self.seconds)
        return record_id

    def select(self, soql: str, *, deleted: bool) -> tuple[list[str], list[OrgRecord]]:
        """The fields that a query names, and the records that it finds."""
        match = re.fullmatch(
            r"SELECT (.+?) FROM (\w+) WHERE (.*?)(?: ORDER BY ([\w, ]+) LIMIT (\d+))?",
            soql,
            re.DOTALL,
        )
        assert match, soql
        names = match[1].split(", ")
        holds = list(_conditions(match[3]))
        found = [
            record
            for record in self.records[match[2]].values()
            if (deleted or record["IsDeleted"] == "false") and all(test(record) for test in holds)
        ]
        if match[4]:
            order = match[4].split(", ")
            found.sort(key=lambda record: [record[name] or "" for name in order])
            del found[int(match[5]) :]
        return names, found


def _conditions(where: str) -> Iterator[Callable[[Mapping[str, str | None]], bool]]:
    place = 0
    while place < len(where):
        if where[place] == "(":
            end = _closing(where, place)
            yield _either([list(_conditions(each)) for each in _parts(where[place + 1 : end])])
            place = end + 1 + (len(" AND ") if where.startswith(" AND ", end + 1) else 0)
            continue
        match = _CONDITION.match(where, place)
        assert match, where[place:]
        yield _test(match["field"], match["operator"], match["value"])
        place = match.end()


Test = Callable[[Mapping[str, str | None]], bool]


def _closing(where: str, begin: int) -> int:
    """Where the bracket at `begin` ends; the texts of these tests hold none."""
    depth = 0
    for place in range(begin, len(where)):
        depth += {"(": 1, ")": -1}.get(where[place], 0)
        if depth == 0:
            return place
    raise AssertionError(where)


def _parts(where: str) -> list[str]:
    """What stands between the ORs of one level."""
    parts, begin, depth = [], 0, 0
    for place, character in enumerate(where):
        depth += {"(": 1, ")": -1}.get(character, 0)
        if depth == 0 and where.startswith(" OR ", place):
            parts.append(where[begin:place])
            begin = place + len(" OR ")
    return [*parts, where[begin:]]


def _either(ways: list[list[Test]]) -> Test:
    return lambda record: any(all(test(record) for test in way) for way in ways)


def _test(name: str, operator: str, text: str) -> Callable[[Mapping[str, str | None]], bool]:
    if name in ("SystemModstamp", "CreatedDate"):
        # SOQL writes whole seconds; the records' stamps have milliseconds, all zero.
        bound = text.replace("Z", ".000Z")
        if operator == "<":
            return lambda record: (record[name] or "") < bound
        return lambda record: (record[name] or "") >= bound
    if operator in ("IN", "NOT IN"):
        keys = {re.sub(r"\\(.)", r"\1", key).lower() for key in _STRING.findall(text)}
        return lambda record: ((record.get(name) or "").lower() in keys) == (operator == "IN")
    if text == "null":
        return lambda record: (record.get(name) is None) == (operator == "=")
    value = text.strip("'").lower()
    return lambda record: ((record.get(name) or "false").lower() == value) == (operator == "=")


def plain(kind: Field, value: object) -> str | None:
    """A value as the org keeps it: numbers without needless zeros, empty as None."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return str(value).lower()
    if kind.type in NUMBERS and (isinstance(value, int | float | Decimal) or kind.updateable):
        return _number(str(value))
    return str(value)


def _number(text: str) -> str:
    try:
        return f"{Decimal(text).normalize():f}"
    except ArithmeticError:
        return text
