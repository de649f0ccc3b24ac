"""From Salesforce's texts to typed values: SQL expressions over one staged column."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import LiteralString

from psycopg import sql
from psycopg.sql import Composable, Composed

from isthmus.domain.patterns import DATE, EMAIL, NUMBER, NUMBER_LENGTH
from isthmus.domain.properties import (
    IDENTIFIER_LENGTH,
    WHITESPACE,
    Normalise,
    PropertyDefinition,
    PropertyType,
)

DATETIME = (
    r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?"
    r"(Z|[+-](0[0-9]|1[0-4]):?[0-5][0-9])$"
)

MULTIPICKLIST = "multipicklist"


@dataclass(frozen=True, kw_only=True)
class TypedValue:
    """One staged column as a value of one property."""

    value: Composable  # typed as the property: one value, or an array; null: empty or unfit
    element: Composable | None  # the one value, also of a list; None where it brings several
    fits: Composable | None  # boolean, never null; None where every text fits


def typed(
    column: Composable, field_type: str, target: PropertyDefinition, timezone: str
) -> TypedValue:
    """The values of `column` (text, null where empty) for `target`.

    `field_type` is the field's type in Salesforce's describe: a multi-picklist brings each of
    its values to a list. `timezone` is an IANA name, for the day of a date-time.
    """
    if field_type == MULTIPICKLIST and target.list:
        return _several(column, target, timezone)
    single = _single(column, target, timezone)
    fits = _fits(column, single, target)
    if not target.list:
        return TypedValue(value=single, element=single, fits=fits)
    array = sql.SQL("(CASE WHEN {v} IS NOT NULL THEN ARRAY[{v}] END)").format(v=single)
    return TypedValue(value=array, element=single, fits=fits)


def _fits(column: Composable, single: Composable, target: PropertyDefinition) -> Composable | None:
    if target.type is PropertyType.TEXT:
        if not target.identifier:
            return None
        return sql.SQL("(coalesce(length({}), 0) <= {})").format(
            normalised(column, target.normalise), sql.Literal(IDENTIFIER_LENGTH)
        )
    quick, _ = _QUICK[target.type]
    return sql.SQL(
        "({column} IS NULL OR {quick} OR {trimmed} IS NULL OR {single} IS NOT NULL)"
    ).format(
        column=column,
        quick=sql.SQL(quick).format(c=column),
        trimmed=_trimmed(column),
        single=single,
    )


def _several(column: Composable, target: PropertyDefinition, timezone: str) -> TypedValue:
    element = sql.SQL("element")
    single = _single(element, target, timezone)
    value = sql.SQL(
        """(SELECT array_agg(value ORDER BY place)
            FROM (SELECT {single} AS value, min(place) AS place
                  FROM unnest(string_to_array({column}, ';')) WITH ORDINALITY AS u (element, place)
                  GROUP BY 1) AS each
            WHERE value IS NOT NULL)"""
    ).format(single=single, column=column)
    fits = _fits(element, single, target)
    if fits is None:
        return TypedValue(value=value, element=None, fits=None)
    all_fit = sql.SQL(
        "(NOT EXISTS (SELECT FROM unnest(string_to_array({}, ';')) AS u (element) WHERE NOT {}))"
    ).format(column, fits)
    guarded = sql.SQL("(CASE WHEN {} THEN {} END)").format(all_fit, value)
    return TypedValue(value=guarded, element=None, fits=all_fit)


def _trimmed(column: Composable) -> Composed:
    return sql.SQL("nullif(btrim({}, {}), '')").format(column, sql.Literal(WHITESPACE))


def _single(column: Composable, target: PropertyDefinition, timezone: str) -> Composable:
    if target.type is PropertyType.TEXT:
        return _bounded(normalised(column, target.normalise), target)
    quick, cast = _QUICK[target.type]
    value: Composable = sql.SQL(cast).format(c=column)
    if target.normalise is Normalise.LOWERCASE:
        value = sql.SQL('lower({} COLLATE "pg_c_utf8")').format(value)
    return sql.SQL(
        "(CASE WHEN {column} IS NULL THEN NULL WHEN {quick} THEN {value} ELSE {slow} END)"
    ).format(
        column=column,
        quick=sql.SQL(quick).format(c=column),
        value=value,
        slow=_slow(column, target, timezone),
    )


def _slow(column: Composable, target: PropertyDefinition, timezone: str) -> Composable:
    """Any form of a value. A first import sees few of these and many of the usual form."""
    text = _trimmed(column)
    if target.type is PropertyType.EMAIL:
        return _email(column, target)
    if target.type is PropertyType.DATE:
        return _date(text, timezone)
    if target.type is PropertyType.DATETIME:
        return _datetime(text, timezone)
    return _PLAIN[target.type](text)


def normalised(column: Composable, how: Normalise) -> Composable:
    """A text the way the property keeps it; null where nothing is left."""
    match how:
        case Normalise.NONE:
            return sql.SQL("nullif({}, '')").format(column)
        case Normalise.TRIM:
            return _trimmed(column)
        case Normalise.LOWERCASE:
            return sql.SQL('lower({} COLLATE "pg_c_utf8")').format(_trimmed(column))


def _bounded(value: Composable, target: PropertyDefinition) -> Composable:
    if not target.identifier:
        return value
    return sql.SQL("(CASE WHEN length({v}) <= {most} THEN {v} END)").format(
        v=value, most=sql.Literal(IDENTIFIER_LENGTH)
    )


def _email(column: Composable, target: PropertyDefinition) -> Composed:
    # An e-mail never has spaces around it, whatever the property's normalising says.
    how = Normalise.LOWERCASE if target.normalise is Normalise.LOWERCASE else Normalise.TRIM
    return sql.SQL("(CASE WHEN {v} ~ {shape} AND length({v}) <= {most} THEN {v} END)").format(
        v=normalised(column, how), shape=sql.Literal(EMAIL), most=sql.Literal(IDENTIFIER_LENGTH)
    )


def _decimal(text: Composable) -> Composed:
    return sql.SQL(
        "(CASE WHEN length({t}) <= {most} AND {t} ~ {shape} THEN {t}::numeric END)"
    ).format(t=text, shape=sql.Literal(NUMBER), most=sql.Literal(NUMBER_LENGTH))


def _integer(text: Composable) -> Composed:
    # By way of numeric: Salesforce writes whole numbers of a double field as 12.0.
    return sql.SQL(
        """(CASE WHEN {number} = trunc({number})
                  AND {number} BETWEEN -9223372036854775808 AND 9223372036854775807
             THEN {number}::bigint END)"""
    ).format(number=_decimal(text))


def _boolean(text: Composable) -> Composed:
    return sql.SQL("(CASE lower({}) WHEN 'true' THEN true WHEN 'false' THEN false END)").format(
        text
    )


def _is_date(text: Composable) -> Composed:
    return sql.SQL("({t} ~ {shape} AND pg_input_is_valid({t}, 'date'))").format(
        t=text, shape=sql.Literal(DATE)
    )


def _is_datetime(text: Composable) -> Composed:
    return sql.SQL("({t} ~ {shape} AND pg_input_is_valid({t}, 'timestamptz'))").format(
        t=text, shape=sql.Literal(DATETIME)
    )


def _date(text: Composable, timezone: str) -> Composed:
    return sql.SQL(
        """(CASE WHEN {date} THEN {t}::date
                 WHEN {datetime} THEN ({t}::timestamptz AT TIME ZONE {zone})::date END)"""
    ).format(t=text, date=_is_date(text), datetime=_is_datetime(text), zone=sql.Literal(timezone))


def _datetime(text: Composable, timezone: str) -> Composed:
    return sql.SQL(
        """(CASE WHEN {datetime} THEN {t}::timestamptz
                 WHEN {date} THEN {t}::date::timestamp AT TIME ZONE {zone} END)"""
    ).format(t=text, date=_is_date(text), datetime=_is_datetime(text), zone=sql.Literal(timezone))


_PLAIN: Mapping[PropertyType, Callable[[Composable], Composable]] = {
    PropertyType.INTEGER: _integer,
    PropertyType.DECIMAL: _decimal,
    PropertyType.BOOLEAN: _boolean,
}

_QUICK: Mapping[PropertyType, tuple[LiteralString, LiteralString]] = {
    PropertyType.INTEGER: (
        r"(length({c}) <= 18 AND {c} ~ '^-?[0-9]+(\.0)?$')",
        "split_part({c}, '.', 1)::bigint",
    ),
    PropertyType.DECIMAL: (
        r"(length({c}) <= 30 AND {c} ~ '^-?[0-9]+(\.[0-9]+)?$')",
        "{c}::numeric",
    ),
    PropertyType.BOOLEAN: ("({c} IN ('false', 'true'))", "({c} = 'true')"),
    PropertyType.DATE: (
        """({c} LIKE '____-__-__' AND {c} !~ '[^0-9-]' AND length(replace({c}, '-', '')) = 8
            AND pg_input_is_valid({c}, 'date'))""",
        "{c}::date",
    ),
    PropertyType.DATETIME: (
        """({c} LIKE '____-__-__T__:__:__.___Z' AND {c} !~ '[^0-9TZ:.-]'
            AND length(translate({c}, 'TZ:.-', '')) = 17
            AND {c} NOT LIKE '___________24%%' AND {c} NOT LIKE '%%:60.___Z'
            AND pg_input_is_valid({c}, 'timestamptz'))""",
        "{c}::timestamptz",
    ),
    PropertyType.EMAIL: (
        "({c} ~ '^[A-Za-z0-9._%%+-]+@[A-Za-z0-9.-]+[.][A-Za-z]+$' AND length({c}) <= 254)",
        "{c}",
    ),
}
"""How the usual form of a value is known, and its cast.

What passes here would pass the slow way too. LIKE and one class of characters cost a tenth of a
pattern that spells the form out. A `%%` means the same with and without parameters.
"""
