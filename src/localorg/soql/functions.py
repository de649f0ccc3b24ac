"""The functions of SOQL that work on one field: parts of dates, labels, formatted values."""

from dataclasses import dataclass, replace

from localorg.schema import Field
from localorg.soql import errors
from localorg.soql.fragment import phrase
from localorg.soql.nodes import FunctionCall
from localorg.soql.operands import Computed, Operand, computed
from localorg.soql.paths import CONVERT_TIMEZONE, DATE_FUNCTIONS
from localorg.soql.sqlite_functions import FORMATTED, LOCAL

UTC_ZONES = frozenset({"UTC", "GMT", "Etc/UTC", "Etc/GMT"})
LABELLED = frozenset({"picklist", "multipicklist", "combobox"})
FORMATTABLE = frozenset(
    {"date", "datetime", "time", "int", "long", "double", "currency", "percent"}
)
MOMENTS = frozenset({"date", "datetime"})
# Functions that only moments have, because a day alone has no hour and is a day already.
OF_MOMENTS = frozenset({"HOUR_IN_DAY", "DAY_ONLY"})
FISCAL_TO_CALENDAR = {
    "FISCAL_MONTH": "CALENDAR_MONTH",
    "FISCAL_QUARTER": "CALENDAR_QUARTER",
    "FISCAL_YEAR": "CALENDAR_YEAR",
}


@dataclass(frozen=True, kw_only=True)
class Functions:
    """Applies functions in one statement, in the time zone of the user who asks."""

    statement: str
    zone: str  # such as Europe/Oslo

    def apply(self, call: FunctionCall, operand: Operand) -> Computed:
        """Return the value of `call` whose innermost argument is `operand`.

        Raises:
            SalesforceError: INVALID_FIELD or MALFORMED_QUERY where the field's type does not fit.

        """
        if call.word in DATE_FUNCTIONS:
            return self._date_part(call, operand)
        if call.word == CONVERT_TIMEZONE:
            raise self._unfit(call, "convertTimezone can only be used inside a date function")
        if call.word == "TOLABEL":
            return self._label(call, operand)
        return self._formatted(call, operand)

    def _date_part(self, call: FunctionCall, operand: Operand) -> Computed:
        found = operand.field
        wanted = {"datetime"} if call.word in OF_MOMENTS else MOMENTS
        if found.type not in wanted:
            raise self._unfit(call, f"field {found.name} does not support function {call.word}")
        value = operand.expression
        inner = call.argument
        if isinstance(inner, FunctionCall):
            if found.type != "datetime":
                message = f"field {found.name} does not support function {inner.name}"
                raise self._unfit(inner, message)
            value = self._local(value)
        kind = "date" if call.word == "DAY_ONLY" else "int"
        word = FISCAL_TO_CALENDAR.get(call.word, call.word)
        return computed(call.text, kind, PARTS[word].replace("@", value))

    def _local(self, value: str) -> str:
        if self.zone in UTC_ZONES:
            # In brackets it differs from the field itself, as a query may group by both.
            return phrase("(", value, ")")
        return phrase(LOCAL, "(", value, ",", self.zone.join(("'", "'")), ")")

    def _label(self, call: FunctionCall, operand: Operand) -> Computed:
        found = operand.field
        if found.type not in LABELLED and found.name != "RecordTypeId":
            raise self._unfit(call, f"field {found.name} does not support function toLabel")
        whens = [
            phrase("WHEN", sql_text(entry.value), "THEN", sql_text(entry.label))
            for entry in found.picklist_values
            if entry.label is not None and entry.label != entry.value
        ]
        value = operand.expression
        if whens:
            value = phrase("CASE", value, *whens, "ELSE", value, "END")
        return Computed(field=replace(found, picklist_values=()), expression=value)

    def _formatted(self, call: FunctionCall, operand: Operand) -> Computed:
        found = operand.field
        if found.type not in FORMATTABLE:
            raise self._unfit(call, f"field {found.name} does not support function FORMAT")
        arguments = (
            operand.expression,
            found.type.join(("'", "'")),
            str(found.scale),
            self.zone.join(("'", "'")),
        )
        field = Field(name=found.name, label=found.label, type="string")
        expression = phrase(FORMATTED, "(", ", ".join(arguments), ")")
        return Computed(field=field, expression=expression)

    def _unfit(self, call: FunctionCall, message: str) -> Exception:
        return errors.invalid_field(self.statement, call.position, message)


def sql_text(value: str) -> str:
    """Return a text as a literal of SQL."""
    return value.replace("'", "''").join(("'", "'"))


def _day_of_year(value: str) -> str:
    return phrase("CAST ( strftime ( '%j', substr (", value, ", 1, 10 ) ) AS INTEGER )")


# The parts of a stored moment, @ in its place. Weeks are counted from the year's and the month's
# first day, as Salesforce does.
MONTH = "CAST ( substr ( @, 6, 2 ) AS INTEGER )"
DAY = "CAST ( substr ( @, 9, 2 ) AS INTEGER )"
PARTS = {
    "CALENDAR_YEAR": "CAST ( substr ( @, 1, 4 ) AS INTEGER )",
    "CALENDAR_MONTH": MONTH,
    "CALENDAR_QUARTER": phrase("( (", MONTH, "+ 2 ) / 3 )"),
    "DAY_IN_MONTH": DAY,
    "DAY_IN_WEEK": "( CAST ( strftime ( '%w', substr ( @, 1, 10 ) ) AS INTEGER ) + 1 )",
    "DAY_IN_YEAR": _day_of_year("@"),
    "DAY_ONLY": "substr ( @, 1, 10 )",
    "HOUR_IN_DAY": "CAST ( substr ( @, 12, 2 ) AS INTEGER )",
    "WEEK_IN_MONTH": phrase("( (", DAY, "+ 6 ) / 7 )"),
    "WEEK_IN_YEAR": phrase("( (", _day_of_year("@"), "+ 6 ) / 7 )"),
}
