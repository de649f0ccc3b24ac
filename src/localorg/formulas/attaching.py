"""Compiles the formulas of a schema: of its fields, their defaults and its validation rules."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime

from localorg.formulas import functions
from localorg.formulas.compiling import (
    NEW_COLUMN,
    PRIOR,
    RESULT_TYPES,
    Circumstances,
    Compiled,
    as_result,
    compile_formula,
)
from localorg.formulas.errors import FormulaError
from localorg.formulas.pieces import Kind
from localorg.formulas.references import USER_COLUMN, Fields
from localorg.schema import ALIAS, Field, ObjectType, Schema, ValidationRule
from localorg.schema.object_type import by_name

# Told what is wrong: the object, its field or rule, and the error.
Report = Callable[[ObjectType, Field | ValidationRule, FormulaError], None]
# Levels of brackets that a query may put around a formula's SQL.
_ROOM = 25


def attach(schema: Schema, report: Report) -> Schema:
    """The schema with all its formulas compiled; what can't be is told to `report`."""
    return _Attachment(schema, report).attached()


class _Attachment:
    def __init__(self, schema: Schema, report: Report) -> None:
        self._schema = schema
        self._report = report
        self._compiled: dict[tuple[str, str], str] = {}
        self._under_way: list[tuple[str, str]] = []
        self._probe = sqlite3.connect(":memory:")

    def attached(self) -> Schema:
        objects = self._schema.objects.values()
        if not any(_has_formulas(object_type) for object_type in objects):
            return self._schema
        functions.install(self._probe, lambda: datetime.now(UTC))
        for object_type in objects:
            self._probe.execute(_probe_table(object_type))
        try:
            return Schema([self._object(object_type) for object_type in objects])
        finally:
            self._probe.close()

    def _object(self, object_type: ObjectType) -> ObjectType:
        fields = [self._field(object_type, field) for field in object_type.fields.values()]
        rules = [self._rule(object_type, rule) for rule in object_type.validation_rules]
        return replace(
            object_type,
            fields=by_name(fields),
            validation_rules=tuple(rule for rule in rules if rule is not None),
        )

    def _field(self, object_type: ObjectType, field: Field) -> Field:
        try:
            if field.formula is not None:
                return replace(field, formula_sql=self._expression(object_type, field))
            if field.default_formula is not None:
                return replace(field, default_sql=self._default(object_type, field))
        except FormulaError as error:
            self._report(object_type, field, error)
            # Whoever reads the schema goes on; nobody uses it in the end.
            return replace(field, formula_sql="NULL") if field.formula is not None else field
        return field

    def _expression(self, object_type: ObjectType, field: Field) -> str:
        """The SQL of a formula field, compiled once; raises FormulaError."""
        if field.formula is None:
            return field.formula_sql or "NULL"
        key = (object_type.name, field.name)
        if key not in self._compiled:
            if key in self._under_way:
                circle = " -> ".join(".".join(one) for one in (*self._under_way, key))
                raise FormulaError(f"Formula refers to itself: {circle}.", field.formula, 0)
            self._under_way.append(key)
            try:
                self._compiled[key] = self._formula(object_type, field, field.formula)
            finally:
                self._under_way.pop()
        return self._compiled[key]

    def _formula(self, object_type: ObjectType, field: Field, formula: str) -> str:
        if object_type.name == "Account" and field.name.endswith("__pc"):
            return self._persons(field)
        circumstances = Circumstances(
            fields=Fields(object_type, self._schema, self._expression),
            blanks_as_zeros=field.blanks_as_zeros,
        )
        compiled = compile_formula(formula, circumstances)
        sql = as_result(formula, compiled, field)
        self._try(formula, sql, _quoted(object_type.name))
        return sql

    def _persons(self, field: Field) -> str:
        """A formula field of contacts as person accounts show it."""
        contact = self._schema.object("Contact")
        source = contact.field(field.name.removesuffix("__pc") + "__c")
        sql = self._expression(contact, source).replace(ALIAS, "person")
        key = f'person."Id" = {ALIAS}."PersonContactId"'
        parts = ("(SELECT ", sql, ' FROM "Contact" person WHERE ', key, ")")
        return "".join(parts)

    def _default(self, object_type: ObjectType, field: Field) -> str:
        formula = field.default_formula or ""
        fields = Fields(object_type, self._schema, self._expression, writing=True)
        compiled = compile_formula(formula, Circumstances(fields=fields))
        if fields.columns - {USER_COLUMN}:
            names = ", ".join(sorted(fields.columns))
            message = f"A default is worked out before the record is there: it can't use {names}."
            raise FormulaError(message, formula, 0)
        return as_result(formula, compiled, _as_result_field(field))

    def _rule(self, object_type: ObjectType, rule: ValidationRule) -> ValidationRule | None:
        fields = Fields(object_type, self._schema, self._expression, writing=True)
        try:
            compiled = compile_formula(rule.formula, Circumstances(fields=fields, changing=True))
            _check_boolean(rule, compiled)
            self._try(rule.formula, compiled.sql, f"({_row(compiled)})")
        except FormulaError as error:
            self._report(object_type, rule, error)
            return None
        return replace(
            rule,
            sql=compiled.sql,
            columns=tuple(sorted(compiled.columns)),
            prior_columns=tuple(sorted(compiled.prior_columns)),
        )

    def _try(self, formula: str, sql: str, source: str) -> None:
        """Let SQLite read a compiled formula, so that no query is the first to find it too deep."""
        bracketed = "(" * _ROOM + sql.replace(ALIAS, "t0") + ")" * _ROOM
        try:
            parts = ("EXPLAIN SELECT ", bracketed, " FROM ", source, " AS t0")
            self._probe.execute("".join(parts))
        except sqlite3.Error as error:
            message = (
                f"Compiled formula is too big to execute ({len(sql)} characters of SQL; {error}). "
                "Use a shorter formula or CASE() in place of functions inside functions."
            )
            raise FormulaError(message, formula, 0) from None


def _as_result_field(field: Field) -> Field:
    """The field as one whose type a formula can have: texts of any kind are texts."""
    if field.type in RESULT_TYPES:
        return field
    return replace(field, type="double" if field.is_number else "string")


def _check_boolean(rule: ValidationRule, compiled: Compiled) -> None:
    if compiled.kind is not Kind.BOOLEAN:
        message = (
            f"Formula result is data type ({compiled.kind}), incompatible with expected data type "
            "(Boolean)."
        )
        raise FormulaError(message, rule.formula, 0)


def _has_formulas(object_type: ObjectType) -> bool:
    fields = object_type.fields.values()
    return bool(object_type.validation_rules) or any(
        field.formula is not None or field.default_formula is not None for field in fields
    )


def _probe_table(object_type: ObjectType) -> str:
    columns = ", ".join(_quoted(field.name) for field in object_type.columns)
    return "".join(("CREATE TABLE ", _quoted(object_type.name), " (", columns, ")"))


def _row(compiled: Compiled) -> str:
    """An empty row of the columns that a validation rule reads."""
    names: Iterator[str] = iter(
        (
            NEW_COLUMN,
            USER_COLUMN,
            *compiled.columns,
            *(PRIOR + name for name in compiled.prior_columns),
        )
    )
    return "SELECT " + ", ".join(f"NULL AS {_quoted(name)}" for name in names)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
