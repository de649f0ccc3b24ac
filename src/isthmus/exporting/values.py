"""From property values to the texts that Salesforce's fields take: SQL expressions over `p`."""

from collections.abc import Callable
from dataclasses import dataclass

from psycopg import sql
from psycopg.sql import Composable, Composed

from isthmus.domain.goals import ExportField, ExportKind, WhenEmpty, WhenTooLong
from isthmus.domain.patterns import DATE, NUMBER
from isthmus.domain.properties import PropertyDefinition, PropertyType
from isthmus.salesforce import Field

CLEAR = "#N/A"
"""What clears a field in a Bulk upload. So this text itself can't be sent."""

SPLITTING = "\x1f"
"""Stands, inside one value for a multi-picklist, for the ; that would make two of it."""

EMAIL = r"^[^@[:space:]]+@[^@[:space:]]+\.[^@[:space:]]+$"
DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"

TEXT_TYPES = frozenset(
    {"string", "textarea", "email", "phone", "url", "picklist", "combobox", "encryptedstring"}
)
WHOLE_TYPES = frozenset({"int", "long"})
NUMBER_TYPES = frozenset({"double", "currency", "percent"})


@dataclass(frozen=True, kw_only=True)
class Check:
    """A reason for which a value can't be sent."""

    code: str
    message: str  # names what is allowed and what to do
    fails: Composable  # boolean over the value


@dataclass(frozen=True, kw_only=True)
class Cell:
    """What one mapping row sends: the text, and what has to be true of it."""

    value: Composable  # text, null where empty
    clears: bool  # an empty value empties the field
    checks: tuple[Check, ...]


def cell(row: ExportField, field: Field, source: PropertyDefinition | None, timezone: str) -> Cell:
    """The value of a mapping row over the profile `p`, and the checks over the name `value`."""
    value = _text(row, field, source, timezone)
    if field.type in TEXT_TYPES and row.when_too_long is WhenTooLong.CUT and field.length:
        value = sql.SQL("left({}, {})").format(value, sql.Literal(field.length))
    if field.type in NUMBER_TYPES and field.precision:
        value = _rounded(value, field.scale)
    return Cell(
        value=sql.SQL("nullif({}, '')").format(value),
        # A boolean is true or false in Salesforce and can't be emptied.
        clears=row.when_empty is WhenEmpty.CLEAR and field.type != "boolean" and field.nillable,
        checks=tuple(_checks(field)),
    )


def _rounded(value: Composable, scale: int) -> Composed:
    """A number with no more decimals than the field keeps: what is sent is what is there then."""
    return sql.SQL(
        """(SELECT CASE WHEN length(number) <= 100 AND number ~ {shape}
                THEN CASE WHEN scale(number::numeric) > {scale}
                    THEN round(number::numeric, {scale})::text ELSE number END
                ELSE number END
            FROM (VALUES ({value})) AS v (number))"""
    ).format(shape=sql.Literal(NUMBER), scale=sql.Literal(scale), value=value)


def _text(
    row: ExportField, field: Field, source: PropertyDefinition | None, timezone: str
) -> Composable:
    if row.kind is ExportKind.TEXT:
        return sql.Literal(row.value) + sql.SQL("::text")
    if source is None:
        return sql.SQL("p.profile_id::text")
    column = sql.Identifier("p", source.column)
    if not source.list:
        return _one(column, source.type, field, timezone)
    separator = row.separator or (";" if field.type == "multipicklist" else "|")
    one = _one(sql.SQL("element"), source.type, field, timezone)
    if field.type == "multipicklist" and source.type.is_text:
        # A value that holds the separator would arrive as two; the mark fails a check.
        one = sql.SQL("replace({}, ';', {})").format(one, sql.Literal(SPLITTING))
    return sql.SQL(
        "(SELECT string_agg({one}, {separator} ORDER BY place)"
        " FROM unnest({column}) WITH ORDINALITY AS u (element, place))"
    ).format(
        one=one,
        separator=sql.Literal(separator),
        column=column,
    )


def _one(value: Composable, kind: PropertyType, field: Field, timezone: str) -> Composable:
    if kind.is_text:
        # Mixed line ends inside a field can fail a whole upload.
        return sql.SQL(r"replace(replace({}, E'\r\n', E'\n'), E'\r', E'\n')").format(value)
    if kind is PropertyType.DATETIME:
        return _moment(value, field, timezone)
    if kind is PropertyType.DATE and field.type == "datetime":
        midnight = sql.SQL("({}::timestamp AT TIME ZONE {})").format(value, sql.Literal(timezone))
        return _moment(midnight, field, timezone)
    if kind is PropertyType.DATE:
        return sql.SQL("to_char({}, 'YYYY-MM-DD')").format(value)
    if kind is PropertyType.BOOLEAN:
        return sql.SQL("(CASE {} WHEN true THEN 'true' WHEN false THEN 'false' END)").format(value)
    return sql.SQL("{}::text").format(value)


def _moment(value: Composable, field: Field, timezone: str) -> Composed:
    if field.type == "date":
        return sql.SQL("to_char({} AT TIME ZONE {}, 'YYYY-MM-DD')").format(
            value, sql.Literal(timezone)
        )
    return sql.SQL("""to_char({} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')""").format(
        value
    )


def _checks(field: Field) -> list[Check]:
    found = [
        Check(
            code="reserved",
            message=f"{field.name}: the text {CLEAR} means an empty field to Salesforce and can't "
            f"be sent as a value.",
            fails=sql.SQL("value = {}").format(sql.Literal(CLEAR)),
        )
    ]
    if field.type == "multipicklist":
        found.append(_holds_separator(field))
    for kinds, check in _BY_TYPE:
        if field.type in kinds:
            found.append(check(field))
    if field.type in ("picklist", "multipicklist") and field.restricted_picklist:
        found.append(_in_picklist(field))
    return found


def _holds_separator(field: Field) -> Check:
    return Check(
        code="holds_separator",
        message=f"{field.name} takes several values with ; between them, and one of the values has "
        f"a ; in it. Take it out of the value.",
        fails=sql.SQL("position({} IN value) > 0").format(sql.Literal(SPLITTING)),
    )


def _too_long(field: Field) -> Check:
    return Check(
        code="too_long",
        message=f"{field.name} takes at most {field.length:,} characters. Shorten the value, or "
        f"let the mapping row cut it (when_too_long: cut).",
        fails=sql.SQL("length(value) > {}").format(sql.Literal(field.length or 131_072)),
    )


def _not_email(field: Field) -> Check:
    return Check(
        code="not_an_email",
        message=f"{field.name} takes an e-mail address (name@example.com).",
        fails=sql.SQL("value !~ {}").format(sql.Literal(EMAIL)),
    )


def _not_boolean(field: Field) -> Check:
    return Check(
        code="not_a_boolean",
        message=f"{field.name} is a checkbox and takes true or false.",
        fails=sql.SQL("value NOT IN ('true', 'false')"),
    )


def _not_date(field: Field) -> Check:
    return Check(
        code="not_a_date",
        message=f"{field.name} takes a date from 1700-01-01 to 4000-12-31, such as 2026-01-31.",
        fails=sql.SQL(
            """(CASE WHEN value ~ {shape} AND pg_input_is_valid(value, 'date')
                THEN value::date NOT BETWEEN '1700-01-01' AND '4000-12-31' ELSE true END)"""
        ).format(shape=sql.Literal(DATE)),
    )


def _not_datetime(field: Field) -> Check:
    return Check(
        code="not_a_date_time",
        message=f"{field.name} takes a date and time from 1700 to 4000, "
        f"such as 2026-01-31T10:00:00Z.",
        fails=sql.SQL(
            """(CASE WHEN value ~ {shape} AND pg_input_is_valid(value, 'timestamptz')
                THEN value::timestamptz
                    NOT BETWEEN '1700-01-01T00:00:00Z' AND '4000-12-31T00:00:00Z'
                ELSE true END)"""
        ).format(shape=sql.Literal(DATETIME)),
    )


def _not_whole(field: Field) -> Check:
    digits = field.digits or (9 if field.type == "int" else 18)
    return Check(
        code="not_an_integer",
        message=f"{field.name} takes a whole number of at most {digits} digits.",
        fails=sql.SQL(
            """(CASE WHEN length(value) <= 60 AND value ~ {shape}
                THEN value::numeric <> trunc(value::numeric)
                    OR abs(value::numeric) >= 10::numeric ^ {digits}
                ELSE true END)"""
        ).format(shape=sql.Literal(NUMBER), digits=sql.Literal(digits)),
    )


def _not_number(field: Field) -> Check:
    whole = field.precision - field.scale if field.precision else 18
    return Check(
        code="not_a_number",
        message=f"{field.name} takes a number with at most {whole} digits before the point.",
        fails=sql.SQL(
            """(CASE WHEN length(value) <= 100 AND value ~ {shape}
                THEN abs(trunc(value::numeric)) >= 10::numeric ^ {whole} ELSE true END)"""
        ).format(shape=sql.Literal(NUMBER), whole=sql.Literal(whole)),
    )


def _in_picklist(field: Field) -> Check:
    allowed = [each.value for each in field.picklist_values if each.active]
    shown = ", ".join(allowed[:20]) + (", …" if len(allowed) > 20 else "")  # noqa: PLR2004 - a line
    several = field.type == "multipicklist"
    each = "string_to_array(value, ';')" if several else "ARRAY[value]"
    return Check(
        code="not_in_picklist",
        message=f"{field.name} takes only: {shown}. Correct the value, or add it in Salesforce.",
        fails=sql.SQL("NOT ({each} <@ {allowed}::text[])").format(
            each=sql.SQL(each), allowed=sql.Literal(allowed)
        ),
    )


_BY_TYPE: tuple[tuple[frozenset[str], Callable[[Field], Check]], ...] = (
    (TEXT_TYPES, _too_long),
    (frozenset({"multipicklist"}), _too_long),
    (frozenset({"email"}), _not_email),
    (frozenset({"boolean"}), _not_boolean),
    (frozenset({"date"}), _not_date),
    (frozenset({"datetime"}), _not_datetime),
    (WHOLE_TYPES, _not_whole),
    (NUMBER_TYPES, _not_number),
)
