"""The sections `queues`, `assignment_rules` and `duplicate_rules` of a set-up file."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection

from localorg.clock import stored_datetime
from localorg.dml.assignment import OPERATORS
from localorg.dml.options import (
    AssignmentEntry,
    AssignmentRule,
    Criterion,
    DuplicateRule,
    Match,
)
from localorg.dml.sql import Row, insert_rows, select_by, update_rows
from localorg.formulas.compiling import Circumstances, compile_formula
from localorg.formulas.errors import FormulaError
from localorg.formulas.pieces import Kind
from localorg.formulas.references import Fields
from localorg.life.automation import ASSIGNMENT, DUPLICATE, Automation
from localorg.schema import Field, ObjectType
from localorg.setup_file.reading import SetupFile
from localorg.setup_file.values import Entries, Value
from localorg.store import INTEGRATION_USER_ID, Store, quoted

ACTIONS = ("block", "alert", "allow")
_ASSIGNED = ("Case", "Lead")
_MOST_MEMBERS = 1000
_BLOCKED = "You're creating a duplicate record. We recommend you use an existing record instead."
_ALERTED = "Use one of these records?"
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9]+")


def install_rules(store: Store, automation: Automation, setup: SetupFile | None) -> None:
    """Make the queues and rules of a set-up file; a section that it lacks is left as it is.

    What is wrong is reported, and then nothing is changed. Records keep their ids where a queue or
    a rule of the same name is there already.
    """
    if setup is None:
        return
    installing = _Installing(store, store.now())
    with store.write() as connection:
        connection.execute("SAVEPOINT installing")
        try:
            assignment, duplicates = installing.run(setup, connection)
        finally:
            if setup.problems:
                connection.execute("ROLLBACK TO installing")
            connection.execute("RELEASE installing")
    if setup.problems:
        return
    if assignment is not None:
        automation.replace(ASSIGNMENT, assignment)
    if duplicates is not None:
        automation.replace(DUPLICATE, duplicates)


_Assignment = list[tuple[str, AssignmentRule | DuplicateRule]]


@dataclass
class _Installing:
    """Writes one file's queues and rules."""

    store: Store
    now: datetime

    def run(
        self, setup: SetupFile, connection: Connection
    ) -> tuple[_Assignment | None, _Assignment | None]:
        """The assignment and the duplicate rules, each None where the file has no such section."""
        self.connection = connection
        queues, rules = setup.section("queues"), setup.section("assignment_rules")
        duplicates = setup.section("duplicate_rules")
        if queues is not None:
            for value in queues.items():
                self._queue(value)
        return (
            None if rules is None else self._all(rules, self._assignment_rule),
            None if duplicates is None else self._all(duplicates, self._duplicate_rule),
        )

    def _all(
        self,
        section: Value,
        read: Callable[[Value], tuple[str, AssignmentRule | DuplicateRule] | None],
    ) -> _Assignment:
        rules = [read(value) for value in section.items()]
        return [rule for rule in rules if rule is not None]

    def _queue(self, value: Value) -> None:
        entries = value.entries(("name", "objects"), ("developer_name", "email", "members"))
        name = entries.text("name")
        developer_name = entries.text("developer_name", _developer_name(name))
        row: Row = {
            "Name": name,
            "DeveloperName": developer_name,
            "Type": "Queue",
            "Email": entries.text("email") or None,
            "OwnerId": INTEGRATION_USER_ID,
        }
        queue_id = self._keep("Group", {"DeveloperName": developer_name, "Type": "Queue"}, row)
        self._replace("QueueSobject", "QueueId", queue_id, self._queue_objects(entries))
        self._replace("GroupMember", "GroupId", queue_id, self._members(entries))

    def _queue_objects(self, entries: Entries) -> list[Row]:
        allowed = [
            kind.name
            for kind in self.store.schema.objects.values()
            if "ownerid" in kind.fields and "Group" in kind.field("OwnerId").reference_to
        ]
        names = [item.choice("object", allowed) for item in entries.items("objects")]
        return [
            {"SobjectType": name, "CreatedById": INTEGRATION_USER_ID}
            for name in dict.fromkeys(names)
            if name
        ]

    def _members(self, entries: Entries) -> list[Row]:
        found = [self._user(item) for item in entries.items("members")[:_MOST_MEMBERS]]
        return [{"UserOrGroupId": user_id} for user_id in found if user_id is not None]

    def _user(self, value: Value) -> str | None:
        """The id of the user whose name stands here."""
        rows = select_by(self.connection, "User", ("Id",), "Username", [value.text()])
        if rows:
            return str(rows[0]["Id"])
        value.report(f"The user {value.plain()!r} is unknown. Write the name of a user of the org.")
        return None

    def _owner(self, value: Value, object_type: ObjectType) -> str | None:
        """The id of the user or the queue whose name stands here."""
        name = value.text()
        columns = ("Id", "Name", "DeveloperName")
        queues = select_by(self.connection, "Group", columns, "Type", ["Queue"])
        for queue in queues:
            if name.lower() in {str(queue[part]).lower() for part in ("Name", "DeveloperName")}:
                self._check_queue(value, str(queue["Id"]), object_type)
                return str(queue["Id"])
        users = select_by(self.connection, "User", ("Id",), "Username", [name])
        if users:
            return str(users[0]["Id"])
        known = ", ".join(str(queue["Name"]) for queue in queues) or "none"
        value.report(
            f"{name!r} is neither a queue nor a user. Write a user's name or one of these "
            f"queues: {known}."
        )
        return None

    def _check_queue(self, value: Value, queue_id: str, object_type: ObjectType) -> None:
        rows = select_by(self.connection, "QueueSobject", ("SobjectType",), "QueueId", [queue_id])
        if object_type.name not in {row["SobjectType"] for row in rows}:
            value.report(
                f"The queue {value.plain()!r} can't own records of {object_type.name}. Add "
                f"{object_type.name} to its objects."
            )

    def _assignment_rule(self, value: Value) -> tuple[str, AssignmentRule] | None:
        entries = value.entries(("object", "name", "entries"), ("active",))
        name = entries.choice("object", "object", _ASSIGNED)
        if not name:
            return None
        object_type = self.store.schema.object(name)
        active = entries.flag("active", default=True)
        row: Row = {"Name": entries.text("name"), "SobjectType": name, "Active": int(active)}
        rule_id = self._keep("AssignmentRule", {"Name": row["Name"], "SobjectType": name}, row)
        found = [self._assignment_entry(item, object_type) for item in entries.items("entries")]
        kept = tuple(entry for entry in found if entry is not None)
        return name, AssignmentRule(id=rule_id, active=active, entries=kept)

    def _assignment_entry(self, value: Value, object_type: ObjectType) -> AssignmentEntry | None:
        entries = value.entries(("owner",), ("criteria", "formula"))
        owner = self._owner(entries["owner"], object_type) if "owner" in entries else None
        criteria = [self._criterion(item, object_type) for item in entries.items("criteria")]
        formula = entries.get("formula")
        return AssignmentEntry(
            criteria=tuple(one for one in criteria if one is not None),
            condition=None if formula is None else self._condition(formula, object_type),
            owner_id=owner or "",
        )

    def _criterion(self, value: Value, object_type: ObjectType) -> Criterion | None:
        entries = value.entries(("field", "value"), ("operator",))
        field = _field(entries, "field", object_type)
        if field is None or "value" not in entries:
            return None
        return Criterion(
            field=field.name,
            operator=entries.choice("operator", "operator", OPERATORS, "equals"),
            value=_stored(field, entries["value"].plain()),
        )

    def _condition(self, value: Value, object_type: ObjectType) -> str | None:
        fields = Fields(object_type, self.store.schema, _expression)
        text = value.text("true")
        try:
            compiled = compile_formula(text, Circumstances(fields=fields))
        except FormulaError as error:
            value.report(str(error))
            return None
        if compiled.kind is not Kind.BOOLEAN:
            value.report(f"The formula is of the type {compiled.kind}. Write one that is Boolean.")
        return compiled.sql

    def _duplicate_rule(self, value: Value) -> tuple[str, DuplicateRule] | None:
        known = ("developer_name", "active", "on_insert", "on_update", "message")
        entries = value.entries(("object", "name", "matches"), known)
        names = [kind.name for kind in self.store.schema.objects.values() if kind.createable]
        name = entries.choice("object", "object", names)
        if not name:
            return None
        object_type = self.store.schema.object(name)
        active = entries.flag("active", default=True)
        developer_name = entries.text("developer_name", _developer_name(entries.text("name")))
        row: Row = {
            "MasterLabel": entries.text("name"),
            "DeveloperName": developer_name,
            "SobjectType": name,
            "SobjectSubtype": "None",
            "Language": "en_US",
            "IsActive": int(active),
        }
        self._keep("DuplicateRule", {"DeveloperName": developer_name, "SobjectType": name}, row)
        rule = self._duplicates(entries, object_type, developer_name)
        return (name, rule) if active else None

    def _duplicates(
        self, entries: Entries, object_type: ObjectType, developer_name: str
    ) -> DuplicateRule:
        on_insert = entries.choice("on_insert", "action", ACTIONS, "block")
        matches = [self._match(item, object_type) for item in entries.items("matches")]
        return DuplicateRule(
            name=developer_name,
            on_insert=on_insert,
            on_update=entries.choice("on_update", "action", ACTIONS, on_insert),
            message=entries.text("message", _BLOCKED if on_insert == "block" else _ALERTED),
            matches=tuple(match for match in matches if match is not None),
        )

    def _match(self, value: Value, object_type: ObjectType) -> Match | None:
        """`{object, name, fields}`; fields are a list of names, or ours by theirs."""
        entries = value.entries(("fields",), ("object", "name"))
        names = [kind.name for kind in self.store.schema.objects.values() if kind.createable]
        other_name = entries.choice("object", "object", names, object_type.name)
        other = self.store.schema.object(other_name)
        pairs = []
        for ours, theirs in _pairs(entries.get("fields")):
            own, found = _known(ours, object_type), _known(theirs, other)
            if own is not None and found is not None:
                pairs.append((own.name, found.name))
        if not pairs:
            return None
        self._index(other, pairs[0][1])
        name = entries.text("name", f"{other.name}_{'_'.join(ours for ours, _ in pairs)}")
        return Match(object_name=other.name, name=name, fields=tuple(pairs))

    def _index(self, object_type: ObjectType, field_name: str) -> None:
        """Let the rule find records fast whichever field it compares first."""
        if object_type.field(field_name).indexed:
            return
        name = quoted(f"localorg_match_{object_type.name}_{field_name}")
        place = f"{quoted(object_type.name)} ({quoted(field_name)})"
        self.connection.execute(f"CREATE INDEX IF NOT EXISTS {name} ON {place}")

    def _keep(self, name: str, known_by: Mapping[str, object], row: Row) -> str:
        """Insert a record, or change the one that is known by these values; its id."""
        key, wanted = next(iter(known_by.items()))
        found = select_by(self.connection, name, ("Id", *known_by), key, [str(wanted)])
        same = [one for one in found if all(one[k] == v for k, v in known_by.items())]
        stamps = self._stamps(name, new=not same)
        if same:
            record_id = str(same[0]["Id"])
            columns = [*row, *stamps]
            update_rows(self.connection, name, columns, [{**row, **stamps, "Id": record_id}])
            return record_id
        record_id = self.store.ids.next(self.store.schema.object(name).key_prefix)
        insert_rows(self.connection, name, [{**row, **stamps, "Id": record_id}])
        return record_id

    def _replace(self, name: str, lookup: str, parent_id: str, rows: Iterable[Row]) -> None:
        """Put these records in the place of all that point to the parent."""
        parts = ("DELETE FROM ", quoted(name), " WHERE ", quoted(lookup), " = ?")
        self.connection.execute("".join(parts), (parent_id,))
        full = list(rows)
        prefix = self.store.schema.object(name).key_prefix
        stamps = self._stamps(name, new=True)
        ids = self.store.ids.take(prefix, len(full))
        pairs = zip(ids, full, strict=True)
        made = [{**stamps, **row, lookup: parent_id, "Id": each} for each, row in pairs]
        if made:
            insert_rows(self.connection, name, made)

    def _stamps(self, name: str, *, new: bool) -> Row:
        stamp = stored_datetime(self.now)
        stamps: Row = {
            "LastModifiedDate": stamp,
            "LastModifiedById": INTEGRATION_USER_ID,
            "SystemModstamp": stamp,
        }
        if new:
            stamps |= {"CreatedDate": stamp, "CreatedById": INTEGRATION_USER_ID}
        known = self.store.schema.object(name).fields
        return {key: value for key, value in stamps.items() if key.lower() in known}


def _expression(_object_type: ObjectType, field: Field) -> str:
    return field.formula_sql or "NULL"


def _developer_name(name: str) -> str:
    return _NOT_IN_NAMES.sub("_", name).strip("_")


def _pairs(value: Value | None) -> list[tuple[Value, Value]]:
    """The fields that are compared: `[Email]`, or `{Email: PersonEmail}`."""
    if value is None:
        return []
    if isinstance(value.data, dict):
        return [
            (Value(name, theirs.line, theirs.path, theirs.problems), theirs)
            for name, theirs in value.mapping().items()
        ]
    return [(item, item) for item in value.items()]


def _known(value: Value, object_type: ObjectType) -> Field | None:
    """The stored field whose name stands here."""
    stored = {field.name: field for field in object_type.columns}
    return stored.get(value.choice(f"field of {object_type.name}", stored))


def _field(entries: Entries, key: str, object_type: ObjectType) -> Field | None:
    names = [field.name for field in object_type.fields.values() if not field.compound]
    name = entries.choice(key, f"field of {object_type.name}", names)
    return object_type.field(name) if name else None


def _stored(field: Field, value: object) -> str | float | None:
    """A value of a file as the store keeps it."""
    if value is None or isinstance(value, bool | int | float):
        return None if value is None else float(value) if field.scale else int(value)
    text = str(value)
    return {"true": 1, "false": 0}.get(text.lower(), text) if field.type == "boolean" else text
