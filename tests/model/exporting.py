"""Profiles into records, one at a time."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from isthmus.domain.goals import (
    PROFILE_ID,
    ExportField,
    ExportGoal,
    ExportKind,
    WhenEmpty,
    WhenTooLong,
)
from isthmus.salesforce import Field
from model.fake_org import USER_ID, FakeOrg, OrgRecord, plain
from model.store import Link, Profile, ProfileNumber, Store, elements
from model.values import lower

CLEAR = "#N/A"
PATIENCE = 3
"""How often a row is refused before it waits."""

TEXTS = frozenset({"string", "textarea", "email", "phone", "url", "picklist"})
_NUMBER = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?")
_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")

Refuse = Callable[[str, Mapping[str, Any]], tuple[str, str] | None]


@dataclass(kw_only=True)
class Sending:
    """What is to become of one member."""

    profile: ProfileNumber
    record_id: str | None = None
    operation: str = ""
    cells: dict[str, str] = field(default_factory=dict)  # by field
    outcome: str = ""
    reason: str | None = None
    problems: list[tuple[str, str]] = field(default_factory=list)  # field and code

    @property
    def row(self) -> Any:
        """What is sent, to be compared with what was sent before."""
        return self.operation, self.record_id, dict(self.cells)

    def end(self, outcome: str, reason: str | None = None) -> None:
        """Say what became of it."""
        self.outcome, self.reason = outcome, reason


@dataclass(kw_only=True)
class Hold:
    """A row that was refused, and how often."""

    row: Any
    failures: int = 1


Holds = dict[ProfileNumber, Hold]


@dataclass(kw_only=True)
class Exporting:
    """One export goal from a store into an org."""

    store: Store
    org: FakeOrg
    goal: ExportGoal
    version: int = 1
    names: Mapping[ProfileNumber, str]  # the profiles' own ids
    timezone: str = "UTC"
    refuse: Refuse = lambda _operation, _row: None
    full: bool = False
    holds: Holds = field(default_factory=dict)  # kept from run to run
    sent: list[tuple[str, str | None, dict[str, str]]] = field(default_factory=list)

    def run(self, members: Iterable[ProfileNumber]) -> list[Sending]:
        """Send what changed of the members, oldest profile first."""
        sendings = [Sending(profile=number) for number in sorted(members)]
        for sending in sendings:
            self._follow_links(sending)
        self._match([each for each in sendings if not each.outcome and not each.record_id])
        for sending in sendings:
            if not sending.outcome and sending.record_id and not self.goal.update_records:
                self._leave(sending)
            if not sending.outcome:
                self._compare(sending)
        self._pass_held(sendings)
        # Creations first; each in the order of profiles, updates in that of records.
        left = [each for each in sendings if not each.outcome]
        for sending in sorted(left, key=lambda each: (each.operation, each.record_id or "")):
            self._send(sending)
        for sending in sendings:
            self._keep_open(sending)
        return sendings

    def _keep_open(self, sending: Sending) -> None:
        """A value that could not be sent is looked at again by every run."""
        link = self.store.links.get((sending.record_id or "", self.goal.key))
        if link and sending.outcome in ("created", "updated", "unchanged"):
            if sending.problems:
                link.reason = "problem"
            elif link.reason == "problem":
                link.reason = None

    @property
    def _fields(self) -> Mapping[str, Field]:
        return self.org.objects[self.goal.object.sobject].fields

    @property
    def _records(self) -> dict[str, OrgRecord]:
        return self.org.records[self.goal.object.sobject]

    def _follow_links(self, sending: Sending) -> None:
        records = {
            record_id
            for (record_id, _), link in self.store.links.items()
            if link.profile == sending.profile
            and link.object == self.goal.object.name
            and link.gone is None
        }
        if len(records) > 1:
            sending.end("skipped", "ambiguous")
        elif records:
            sending.record_id, sending.operation = records.pop(), "update"
        elif any(
            link.profile == sending.profile
            and link.object == self.goal.object.name
            and link.gone == "converted"
            for link in self.store.links.values()
        ):
            sending.end("skipped", "converted")

    def _match(self, open_ones: list[Sending]) -> None:
        found: dict[ProfileNumber, set[str]] = {}
        for sending in open_ones:
            keys = self._keys(sending.profile)
            if not keys:
                sending.end("skipped", "no_identifier")
            found[sending.profile] = self._records_with(keys)
        finders = defaultdict(set)
        for number, records in found.items():
            for record_id in records:
                finders[record_id].add(number)
        for sending in open_ones:
            records = found[sending.profile]
            taken = any(
                len(finders[each]) > 1 or self._is_of_another(each, sending.profile)
                for each in records
            )
            if len(records) > 1 or taken:
                sending.end("skipped", "ambiguous")
            elif records:
                sending.record_id, sending.operation = next(iter(records)), "update"
        self._create([each for each in open_ones if not each.outcome and not each.record_id])

    def _keys(self, number: ProfileNumber) -> set[str]:
        identifier = self.goal.match.identifier
        if identifier == PROFILE_ID:
            return {self.names[number]}
        keys = {str(value) for value in elements(self.store.profiles[number].get(identifier))}
        if self._match_field.type == "id":
            prefix = self.org.objects[self.goal.object.sobject].key_prefix or ""
            shape = re.compile(rf"{prefix}[A-Za-z0-9]{{15}}")
            return {key for key in keys if shape.fullmatch(key)}
        return keys

    @property
    def _match_field(self) -> Field:
        return self._fields[self.goal.match.field.lower()]

    def _folded(self, text: str) -> str:
        exact = self._match_field.type == "id" or self._match_field.case_sensitive
        return text if exact else lower(text)

    def _records_with(self, keys: set[str]) -> set[str]:
        wanted = {self._folded(key) for key in keys}
        return {
            record_id
            for record_id, record in self._records.items()
            if record["IsDeleted"] == "false"
            and not (self.goal.object.converts and record["IsConverted"] == "true")
            and self._folded(record.get(self._match_field.name) or "") in wanted
        }

    def _is_of_another(self, record_id: str, number: ProfileNumber) -> bool:
        return any(
            link.gone is None and link.profile not in (None, number)
            for (linked, _), link in self.store.links.items()
            if linked == record_id
        )

    def _create(self, unmatched: list[Sending]) -> None:
        wanted: dict[str, set[ProfileNumber]] = defaultdict(set)
        for sending in unmatched:
            for key in self._keys(sending.profile):
                wanted[self._folded(key)].add(sending.profile)
        shared = {number for numbers in wanted.values() if len(numbers) > 1 for number in numbers}
        for sending in unmatched:
            if not self.goal.create_records:
                sending.end("skipped", "no_match")
            elif sending.profile in shared:
                sending.end("skipped", "ambiguous")
            else:
                sending.operation = "insert"

    def _leave(self, sending: Sending) -> None:
        """A record that is there is not updated; with its own the goal is done."""
        link = self.store.links.get((sending.record_id or "", self.goal.key))
        if link and link.sent:
            sending.end("unchanged")
            link.version = self.version
        else:
            sending.end("skipped", "not_updated")

    def _compare(self, sending: Sending) -> None:
        link = self.store.links.get((sending.record_id or "", self.goal.key))
        known = link.sent if link else {}
        for row in self.goal.fields:
            text = self._cell(row, sending)
            if text is None or text == known.get(row.field):
                continue
            if not (link and self._was_taken(row, link, sending.profile)):
                sending.cells[row.field] = text
        if not sending.cells and sending.operation == "update":
            sending.end("unchanged")
            if link:
                link.version = self.version
        elif not sending.cells:
            sending.end("skipped", "nothing_to_send")

    def _was_taken(self, row: ExportField, link: Link, number: ProfileNumber) -> bool:
        """Whether the property is what an import read in the field, so that it is there already."""
        name = row.field.lower()
        return (
            row.kind is ExportKind.PROPERTY
            and link.version in (None, self.version)
            and name in link.taken
            and str(link.taken[name]) == str(self.store.profiles[number].get(row.value))
        )

    def _cell(self, row: ExportField, sending: Sending) -> str | None:
        kind = self._fields[row.field.lower()]
        text = self._text(row, kind, sending.profile)
        problem = None if text is None else _check(text, kind)
        if problem:
            sending.problems.append((kind.name, problem))
            return None
        updates = sending.operation == "update"
        if not (kind.updateable if updates else kind.createable):
            return None
        return CLEAR if text is None and _clears(row, kind) and updates else text

    def _text(self, row: ExportField, kind: Field, number: ProfileNumber) -> str | None:
        if row.kind is ExportKind.TEXT:
            text: str | None = row.value
        elif row.kind is ExportKind.IDENTIFIER:
            text = self.names[number]
        else:
            text = self._property_text(row, kind, self.store.profiles[number])
        if text and row.when_too_long is WhenTooLong.CUT and kind.type in TEXTS and kind.length:
            text = text[: kind.length]
        return _rounded(text, kind) or None if text else None

    def _property_text(self, row: ExportField, kind: Field, profile: Profile) -> str | None:
        value = profile.get(row.value)
        texts = [_written(each, kind, self.timezone) for each in elements(value)]
        if not texts:
            return None
        definition = self.store.properties[row.value]
        several = kind.type == "multipicklist"
        if several and definition.list:
            texts = [each.replace(";", SPLITTING) for each in texts]
        separator = row.separator or (";" if several else "|")
        return separator.join(texts) if definition.list else texts[0]

    def _pass_held(self, sendings: list[Sending]) -> None:
        """A row that was refused three times waits, until a value of it changes."""
        for sending in sendings:
            held = self.holds.get(sending.profile)
            if sending.outcome or held is None or self.full:
                continue
            if held.row == sending.row and held.failures >= PATIENCE:
                sending.end("skipped", "held")

    def _send(self, sending: Sending) -> None:
        self.sent.append((sending.operation, sending.record_id, sending.cells))
        link = self.store.links.get((sending.record_id or "", self.goal.key))
        refusal = self._save(sending)
        if refusal:
            sending.end("failed", refusal)
            self._hold(sending)
            if link:
                link.reason = "failed"
                link.gone = "deleted" if refusal == "ENTITY_IS_DELETED" else link.gone
            return
        self.holds.pop(sending.profile, None)
        sending.end("created" if sending.operation == "insert" else "updated")
        if link is None:
            link = Link(object=self.goal.object.name)
            self.store.links[sending.record_id or "", self.goal.key] = link
        link.profile, link.version, link.reason, link.gone = (
            sending.profile,
            self.version,
            None,
            None,
        )
        link.sent |= sending.cells
        if sending.outcome == "created":
            link.sent |= dict.fromkeys(self._cleared(sending.profile), CLEAR)
        self._remember(sending, link)

    def _remember(self, sending: Sending, link: Link) -> None:
        """What Salesforce made of the texts is what it holds; of a new record, all is known."""
        record = self._records[sending.record_id or ""]
        for row in self.goal.fields:
            if row.field in sending.cells or sending.outcome == "created":
                name = self._fields[row.field.lower()].name
                link.holds[name.lower()] = record.get(name)
                link.taken.pop(name.lower(), None)

    def _hold(self, sending: Sending) -> None:
        if sending.reason == "ENTITY_IS_DELETED":
            return
        held = self.holds.get(sending.profile)
        if held and held.row == sending.row:
            held.failures += 1
        else:
            self.holds[sending.profile] = Hold(row=sending.row)

    def _cleared(self, number: ProfileNumber) -> Iterator[str]:
        """Fields that a new record has as empty as they are to be."""
        for row in self.goal.fields:
            kind = self._fields[row.field.lower()]
            if kind.createable and _clears(row, kind) and self._text(row, kind, number) is None:
                yield row.field

    def _save(self, sending: Sending) -> str | None:
        """Save the record; the code of the refusal where there is one."""
        sobject = self.goal.object.sobject
        values = {name: None if text == CLEAR else text for name, text in sending.cells.items()}
        updates = sending.operation == "update"
        refusal = self.refuse(sending.operation, values)
        if refusal:
            gone = updates and refusal[0] == "INVALID_CROSS_REFERENCE_KEY"
            return "ENTITY_IS_DELETED" if gone else refusal[0]
        there = self._records.get(sending.record_id or "")
        if updates and (there is None or there["IsDeleted"] == "true"):
            return "ENTITY_IS_DELETED"
        kept = {name: plain(self._fields[name.lower()], text) for name, text in values.items()}
        if not updates:
            kept["CreatedById"] = USER_ID
        sending.record_id = self.org.save(sobject, sending.record_id, **kept)
        return None


def _clears(row: ExportField, kind: Field) -> bool:
    return row.when_empty is WhenEmpty.CLEAR and kind.type != "boolean" and kind.nillable


def _rounded(text: str, kind: Field) -> str:
    """A number with no more decimals than the field keeps."""
    if kind.type not in ("double", "currency", "percent") or not _NUMBER.fullmatch(text):
        return text
    decimals = -int(Decimal(text).as_tuple().exponent)
    if decimals <= kind.scale:
        return text
    return str(Decimal(text).quantize(Decimal(1).scaleb(-kind.scale), ROUND_HALF_UP))


def _written(value: Any, kind: Field, timezone: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value.replace("\r\n", "\n").replace("\r", "\n")
    if isinstance(value, datetime):
        return _moment(value, kind, timezone)
    if isinstance(value, date) and kind.type == "datetime":
        return _moment(datetime.combine(value, time(), ZoneInfo(timezone)), kind, timezone)
    return value.isoformat() if isinstance(value, date) else str(value)


def _moment(value: datetime, kind: Field, timezone: str) -> str:
    if kind.type == "date":
        return value.astimezone(ZoneInfo(timezone)).date().isoformat()
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03}Z"


SPLITTING = "\x1f"
"""Stands for a separator within a value of a list, which would become two values."""


def _check(text: str, kind: Field) -> str | None:
    """The code of the first check that the text fails."""
    if text == CLEAR:
        return "reserved"
    if kind.type == "multipicklist" and SPLITTING in text:
        return "holds_separator"
    if kind.type in TEXTS - {"email"} | {"multipicklist"} and len(text) > kind.length:
        return "too_long"
    if kind.type == "email":
        return _check_email(text, kind)
    if kind.restricted_picklist:
        return _check_picklist(text, kind)
    return _CHECKS[kind.type](text, kind) if kind.type in _CHECKS else None


def _check_email(text: str, kind: Field) -> str | None:
    if len(text) > kind.length:
        return "too_long"
    return None if _EMAIL.fullmatch(text) else "not_an_email"


def _check_picklist(text: str, kind: Field) -> str | None:
    values = text.split(";") if kind.type == "multipicklist" else [text]
    allowed = {each.value for each in kind.picklist_values if each.active}
    return None if allowed.issuperset(values) else "not_in_picklist"


def _check_boolean(text: str, _kind: Field) -> str | None:
    return None if text in ("true", "false") else "not_a_boolean"


def _check_whole(text: str, kind: Field) -> str | None:
    number = Decimal(text) if _NUMBER.fullmatch(text) else Decimal("0.5")
    fits = number == number.to_integral_value() and abs(number) < 10**kind.digits
    return None if fits else "not_an_integer"


def _check_number(text: str, kind: Field) -> str | None:
    whole = 10 ** (kind.precision - kind.scale)
    fits = _NUMBER.fullmatch(text) and abs(int(Decimal(text))) < whole
    return None if fits else "not_a_number"


def _is_since_1700(kind: type[date], text: str) -> bool:
    try:
        return 1700 <= kind.fromisoformat(text).year <= 4000
    except ValueError:
        return False


def _check_date(text: str, _kind: Field) -> str | None:
    fits = len(text) == len("2026-01-31") and _is_since_1700(date, text)
    return None if fits else "not_a_date"


def _check_datetime(text: str, _kind: Field) -> str | None:
    return None if "T" in text and _is_since_1700(datetime, text) else "not_a_date_time"


_CHECKS: Mapping[str, Callable[[str, Field], str | None]] = {
    "boolean": _check_boolean,
    "int": _check_whole,
    "double": _check_number,
    "date": _check_date,
    "datetime": _check_datetime,
}
