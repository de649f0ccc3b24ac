"""Fields that one goal reads into a property and another writes from the same property.

What an export wrote is read by the next import, in the form in which Salesforce keeps it. For each
field the export's link keeps what Salesforce is known to hold (`held`) and the property's value
when an import took it over (`taken`), so both sides see which of them changed since.
"""

from psycopg import sql
from psycopg.sql import Composable, Composed

from isthmus.domain.patterns import NUMBER
from isthmus.salesforce import Field

WHOLE = frozenset({"int", "long"})
FRACTIONS = frozenset({"double", "currency", "percent"})
_SPACE = " \t\n\r\f\v\u00a0"
_DATETIME = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}"
LONGEST_NUMBER = 100


def stored_form(text: Composable, field: Field) -> Composed:
    """The form in which Salesforce keeps a text in the field, as far as that is known.

    Two texts of the same form are the same value there: trimmed, rounded, in whole seconds, with
    the values of a multi-picklist in order. Null where nothing is left. `text` stands in the
    result more than once.
    """
    trimmed = sql.SQL("nullif(btrim({}, {}), '')").format(text, sql.Literal(_SPACE))
    if field.type in WHOLE | FRACTIONS:
        return _number(trimmed, field)
    if field.type == "datetime":
        return _moment(trimmed)
    if field.type == "multipicklist":
        return _several(trimmed)
    if field.type in ("email", "picklist", "boolean", "url"):
        return sql.SQL('lower({} COLLATE "pg_c_utf8")').format(trimmed)
    return sql.SQL(r"replace(replace({}, E'\r\n', E'\n'), E'\r', E'\n')").format(trimmed)


def _number(text: Composable, field: Field) -> Composed:
    rounded = sql.SQL("({text})::numeric")
    if field.type in FRACTIONS and field.precision:
        rounded = sql.SQL("round(({text})::numeric, {scale})")
    return sql.SQL(
        "(CASE WHEN length({text}) <= {most} AND {text} ~ {shape}"
        " THEN trim_scale({value})::text ELSE {text} END)"
    ).format(
        text=text,
        most=sql.Literal(LONGEST_NUMBER),
        shape=sql.Literal(NUMBER),
        value=rounded.format(text=text, scale=sql.Literal(field.scale)),
    )


def _moment(text: Composable) -> Composed:
    return sql.SQL(
        "(CASE WHEN {text} ~ {shape} AND pg_input_is_valid({text}, 'timestamptz')"
        " THEN date_trunc('second', ({text})::timestamptz)::text ELSE {text} END)"
    ).format(text=text, shape=sql.Literal(_DATETIME))


def _several(text: Composable) -> Composed:
    return sql.SQL(
        """(SELECT string_agg(DISTINCT value, ';' ORDER BY value)
            FROM unnest(string_to_array({}, ';')) AS u (element)
            CROSS JOIN LATERAL (SELECT nullif(btrim(element), '') COLLATE "C" AS value) AS each)"""
    ).format(text)


def held_hash(text: Composable, field: Field) -> Composed:
    """The hash of a text's stored form; nothing has one as well."""
    return sql.SQL("hashtextextended(coalesce({}, ''), 0)").format(stored_form(text, field))
