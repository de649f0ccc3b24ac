"""The functions of formulas: what they take and their SQL."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from localorg.formulas.pieces import TEXTS, Kind, Piece

Kinds = frozenset[Kind]
# What a function with several parts of one kind answers: SQL of its arguments.
Build = Callable[[Sequence[Piece]], Piece]

_TEXT: Kinds = frozenset({Kind.TEXT})
_NUMBER: Kinds = frozenset({Kind.NUMBER})
_BOOLEAN: Kinds = frozenset({Kind.BOOLEAN})
_DATE: Kinds = frozenset({Kind.DATE})
_DATETIME: Kinds = frozenset({Kind.DATETIME})
_DAY: Kinds = frozenset({Kind.DATE, Kind.DATETIME})
_TIME: Kinds = frozenset({Kind.TIME})
_PICKLIST: Kinds = frozenset({Kind.PICKLIST})
_LISTS: Kinds = frozenset({Kind.PICKLIST, Kind.MULTIPICKLIST})
_PLAIN: Kinds = frozenset(Kind) - _LISTS
_SEARCHED: Kinds = frozenset({Kind.TEXT, Kind.MULTIPICKLIST})
_NOW = "(SELECT localorg_now())"


@dataclass(frozen=True, kw_only=True, slots=True)
class Function:
    """A function: the kinds of its arguments, the last of which may come again."""

    takes: tuple[Kinds, ...]
    build: Build
    least: int
    # None where there is no end.
    most: int | None

    @property
    def expected(self) -> str:
        """How many arguments it takes, in words."""
        if self.most == self.least:
            return str(self.least)
        return f"{self.least} or more" if self.most is None else f"{self.least} to {self.most}"


def _made(gives: Kind, template: str) -> Build:
    """SQL with the arguments in its holes; numbers that come out are calculated."""

    def build(arguments: Sequence[Piece]) -> Piece:
        return Piece(
            template.format(*(piece.sql for piece in arguments)),
            gives,
            inexact=gives is Kind.NUMBER,
        )

    return build


def _fixed(gives: Kind, template: str, *takes: Kinds) -> Function:
    return Function(takes=takes, build=_made(gives, template), least=len(takes), most=len(takes))


def _optional(build: Build, least: int, *takes: Kinds) -> Function:
    return Function(takes=takes, build=build, least=least, most=len(takes))


def _many(build: Build, least: int, takes: Kinds) -> Function:
    return Function(takes=(takes,), build=build, least=least, most=None)


def _joined(word: str) -> Build:
    def build(arguments: Sequence[Piece]) -> Piece:
        joined = f" {word} ".join(piece.sql for piece in arguments)
        return Piece(f"({joined})", Kind.BOOLEAN)

    return build


def _extreme(name: str) -> Build:
    def build(arguments: Sequence[Piece]) -> Piece:
        # Of one argument SQLite's functions are aggregates.
        if len(arguments) == 1:
            return arguments[0]
        listed = ", ".join(piece.sql for piece in arguments)
        return Piece(f"{name}({listed})", Kind.NUMBER, inexact=True)

    return build


def _if(arguments: Sequence[Piece]) -> Piece:
    condition, then, otherwise = arguments
    kind = otherwise.kind if then.kind is Kind.NULL else then.kind
    rest = otherwise.branches or f"ELSE {_as(otherwise, kind)}"
    branches = f"WHEN {condition.sql} THEN {_as(then, kind)} {rest}"
    return Piece(f"CASE {branches} END", kind, inexact=True, branches=branches)


def _case(arguments: Sequence[Piece]) -> Piece:
    subject, *pairs, otherwise = arguments
    results = (*pairs[1::2], otherwise)
    kind = next((one.kind for one in results if one.kind is not Kind.NULL), Kind.NULL)
    whens = [
        f"WHEN {value.sql} THEN {_as(result, kind)}"
        for value, result in zip(pairs[::2], pairs[1::2], strict=True)
    ]
    body = " ".join(whens)
    return Piece(f"CASE {subject.sql} {body} ELSE {_as(otherwise, kind)} END", kind, inexact=True)


def _as(piece: Piece, kind: Kind) -> str:
    """A part where one of a kind is wanted: NULL is an empty text and no flag."""
    if piece.kind is not Kind.NULL:
        return piece.sql
    return {Kind.TEXT: "''", Kind.BOOLEAN: "0"}.get(kind, "NULL")


def _is_blank(arguments: Sequence[Piece]) -> Piece:
    piece = arguments[0]
    test = "= ''" if piece.kind in TEXTS else "IS NULL"
    return Piece(f"({piece.sql} {test})", Kind.BOOLEAN)


def _is_null(arguments: Sequence[Piece]) -> Piece:
    piece = arguments[0]
    # A text is never null for ISNULL(), only empty.
    return Piece("0" if piece.kind in TEXTS else f"({piece.sql} IS NULL)", Kind.BOOLEAN)


def _blank_value(arguments: Sequence[Piece]) -> Piece:
    piece, instead = arguments
    first = f"nullif({piece.sql}, '')" if piece.kind in TEXTS else piece.sql
    kind = instead.kind if piece.kind is Kind.NULL else piece.kind
    return Piece(f"coalesce({first}, {_as(instead, kind)})", kind, inexact=True)


def _null_value(arguments: Sequence[Piece]) -> Piece:
    return arguments[0] if arguments[0].kind in TEXTS else _blank_value(arguments)


def _text(arguments: Sequence[Piece]) -> Piece:
    piece = arguments[0]
    sql = piece.sql
    if piece.kind is Kind.NUMBER:
        sql = f"localorg_text({sql})"
    elif piece.kind is Kind.DATETIME:
        sql = f"coalesce(replace(substr({sql}, 1, 19), 'T', ' ') || 'Z', '')"
    elif piece.kind is Kind.TIME:
        sql = f"coalesce(substr({sql}, 1, 12), '')"
    else:
        sql = f"coalesce({sql}, '')"
    return Piece(sql, Kind.TEXT)


def _date_value(arguments: Sequence[Piece]) -> Piece:
    piece = arguments[0]
    if piece.kind is Kind.TEXT:
        return Piece(f"localorg_text_date({piece.sql})", Kind.DATE)
    return Piece(f"substr({piece.sql}, 1, 10)", Kind.DATE)


def _datetime_value(arguments: Sequence[Piece]) -> Piece:
    piece = arguments[0]
    if piece.kind is Kind.TEXT:
        return Piece(f"localorg_text_moment({piece.sql})", Kind.DATETIME)
    return Piece(f"(substr({piece.sql}, 1, 10) || 'T00:00:00.000Z')", Kind.DATETIME)


def _time_value(arguments: Sequence[Piece]) -> Piece:
    piece = arguments[0]
    if piece.kind is Kind.TEXT:
        return Piece(f"localorg_text_time({piece.sql})", Kind.TIME)
    return Piece(f"substr({piece.sql}, 12)", Kind.TIME)


def _add_months(arguments: Sequence[Piece]) -> Piece:
    day, months = arguments
    return Piece(f"localorg_months({day.sql}, {months.sql})", day.kind)


def _find(arguments: Sequence[Piece]) -> Piece:
    start = arguments[2].sql if len(arguments) > 2 else "1"  # noqa: PLR2004 - its third
    return Piece(f"localorg_find({arguments[0].sql}, {arguments[1].sql}, {start})", Kind.NUMBER)


def _pad(name: str) -> Build:
    def build(arguments: Sequence[Piece]) -> Piece:
        fill = arguments[2].sql if len(arguments) > 2 else "' '"  # noqa: PLR2004 - its third
        return Piece(f"{name}({arguments[0].sql}, {arguments[1].sql}, {fill})", Kind.TEXT)

    return build


def _letters(name: str) -> Build:
    """Upper and lower case; the language of the second argument makes no difference here."""
    return lambda arguments: Piece(f"{name}({arguments[0].sql})", Kind.TEXT)


def _case_safe_id(arguments: Sequence[Piece]) -> Piece:
    piece = arguments[0]
    return Piece(f"coalesce({piece.column or piece.sql}, '')", Kind.TEXT)


def _hyperlink(arguments: Sequence[Piece]) -> Piece:
    target = arguments[2].sql if len(arguments) > 2 else "'_blank'"  # noqa: PLR2004 - its third
    address, label = arguments[0].sql, arguments[1].sql
    link = (
        f"""('<a href="' || {address} || '" target="' || {target} || '">' || {label} || '</a>')"""
    )
    return Piece(link, Kind.TEXT)


FUNCTIONS: Mapping[str, Function] = {
    "ABS": _fixed(Kind.NUMBER, "abs({0})", _NUMBER),
    "ADDMONTHS": Function(takes=(_DAY, _NUMBER), build=_add_months, least=2, most=2),
    "AND": _many(_joined("AND"), 1, _BOOLEAN),
    "BEGINS": _fixed(Kind.BOOLEAN, "(substr({0}, 1, length({1})) = {1})", _TEXT, _TEXT),
    "BLANKVALUE": Function(takes=(_PLAIN, _PLAIN), build=_blank_value, least=2, most=2),
    "BR": _fixed(Kind.TEXT, "'<br>'"),
    "CASE": _many(_case, 4, frozenset(Kind)),
    "CASESAFEID": Function(takes=(_TEXT,), build=_case_safe_id, least=1, most=1),
    "CEILING": _fixed(Kind.NUMBER, "localorg_ceiling({0})", _NUMBER),
    "CONTAINS": _fixed(Kind.BOOLEAN, "(instr({0}, {1}) > 0)", _SEARCHED, _TEXT),
    "DATE": _fixed(Kind.DATE, "localorg_date({0}, {1}, {2})", _NUMBER, _NUMBER, _NUMBER),
    "DATETIMEVALUE": Function(takes=(_TEXT | _DAY,), build=_datetime_value, least=1, most=1),
    "DATEVALUE": Function(takes=(_TEXT | _DAY,), build=_date_value, least=1, most=1),
    "DAY": _fixed(Kind.NUMBER, "cast(substr({0}, 9, 2) AS INTEGER)", _DATE),
    "EXP": _fixed(Kind.NUMBER, "localorg_exp({0})", _NUMBER),
    "FIND": _optional(_find, 2, _TEXT, _TEXT, _NUMBER),
    "FLOOR": _fixed(Kind.NUMBER, "localorg_floor({0})", _NUMBER),
    "HOUR": _fixed(Kind.NUMBER, "cast(substr({0}, 1, 2) AS INTEGER)", _TIME),
    "HYPERLINK": _optional(_hyperlink, 2, _TEXT, _TEXT, _TEXT),
    "IF": Function(takes=(_BOOLEAN, _PLAIN, _PLAIN), build=_if, least=3, most=3),
    "INCLUDES": _fixed(
        Kind.BOOLEAN,
        "(instr(';' || {0} || ';', ';' || {1} || ';') > 0)",
        frozenset({Kind.MULTIPICKLIST}),
        _TEXT,
    ),
    "ISBLANK": Function(takes=(frozenset(Kind),), build=_is_blank, least=1, most=1),
    "ISNULL": Function(takes=(frozenset(Kind),), build=_is_null, least=1, most=1),
    "ISNUMBER": _fixed(Kind.BOOLEAN, "(localorg_value({0}) IS NOT NULL)", _TEXT),
    "ISPICKVAL": _fixed(Kind.BOOLEAN, "({0} = {1})", _PICKLIST, _TEXT),
    "LEFT": _fixed(
        Kind.TEXT, "substr({0}, 1, coalesce(max(cast({1} AS INTEGER), 0), 0))", _TEXT, _NUMBER
    ),
    "LEN": _fixed(Kind.NUMBER, "length({0})", _TEXT),
    "LN": _fixed(Kind.NUMBER, "localorg_ln({0})", _NUMBER),
    "LOG": _fixed(Kind.NUMBER, "localorg_log({0})", _NUMBER),
    "LOWER": _optional(_letters("localorg_lower"), 1, _TEXT, _TEXT),
    "LPAD": _optional(_pad("localorg_lpad"), 2, _TEXT, _NUMBER, _TEXT),
    "MAX": _many(_extreme("max"), 1, _NUMBER),
    "MCEILING": _fixed(Kind.NUMBER, "localorg_mceiling({0})", _NUMBER),
    "MFLOOR": _fixed(Kind.NUMBER, "localorg_mfloor({0})", _NUMBER),
    "MID": _fixed(
        Kind.TEXT,
        "substr({0}, coalesce(max(cast({1} AS INTEGER), 1), 1), "
        "coalesce(max(cast({2} AS INTEGER), 0), 0))",
        _TEXT,
        _NUMBER,
        _NUMBER,
    ),
    "MILLISECOND": _fixed(Kind.NUMBER, "cast(substr({0}, 10, 3) AS INTEGER)", _TIME),
    "MIN": _many(_extreme("min"), 1, _NUMBER),
    "MINUTE": _fixed(Kind.NUMBER, "cast(substr({0}, 4, 2) AS INTEGER)", _TIME),
    "MOD": _fixed(Kind.NUMBER, "localorg_mod({0}, {1})", _NUMBER, _NUMBER),
    "MONTH": _fixed(Kind.NUMBER, "cast(substr({0}, 6, 2) AS INTEGER)", _DATE),
    "NOT": _fixed(Kind.BOOLEAN, "(NOT {0})", _BOOLEAN),
    "NOW": _fixed(Kind.DATETIME, _NOW),
    "NULLVALUE": Function(takes=(_PLAIN, _PLAIN), build=_null_value, least=2, most=2),
    "OR": _many(_joined("OR"), 1, _BOOLEAN),
    "PI": _fixed(Kind.NUMBER, "3.141592653589793"),
    "REGEX": _fixed(Kind.BOOLEAN, "coalesce(localorg_regex({0}, {1}), 0)", _TEXT, _TEXT),
    "RIGHT": _fixed(Kind.TEXT, "localorg_right({0}, {1})", _TEXT, _NUMBER),
    "ROUND": _fixed(Kind.NUMBER, "localorg_round({0}, {1})", _NUMBER, _NUMBER),
    "RPAD": _optional(_pad("localorg_rpad"), 2, _TEXT, _NUMBER, _TEXT),
    "SECOND": _fixed(Kind.NUMBER, "cast(substr({0}, 7, 2) AS INTEGER)", _TIME),
    "SQRT": _fixed(Kind.NUMBER, "localorg_sqrt({0})", _NUMBER),
    "SUBSTITUTE": _fixed(Kind.TEXT, "replace({0}, {1}, {2})", _TEXT, _TEXT, _TEXT),
    "TEXT": Function(takes=(_NUMBER | _DAY | _TIME | _PICKLIST,), build=_text, least=1, most=1),
    "TIMENOW": _fixed(Kind.TIME, f"substr({_NOW}, 12)"),
    "TIMEVALUE": Function(takes=(_TEXT | _DATETIME,), build=_time_value, least=1, most=1),
    "TODAY": _fixed(Kind.DATE, f"substr({_NOW}, 1, 10)"),
    "TRIM": _fixed(Kind.TEXT, "trim({0})", _TEXT),
    "TRUNC": _fixed(Kind.NUMBER, "localorg_trunc({0}, {1})", _NUMBER, _NUMBER),
    "UPPER": _optional(_letters("localorg_upper"), 1, _TEXT, _TEXT),
    "VALUE": _fixed(Kind.NUMBER, "localorg_value({0})", _TEXT),
    "WEEKDAY": _fixed(Kind.NUMBER, "(cast(strftime('%w', {0}) AS INTEGER) + 1)", _DATE),
    "YEAR": _fixed(Kind.NUMBER, "cast(substr({0}, 1, 4) AS INTEGER)", _DATE),
}
# Functions that look at how a record changes: validation rules alone have them.
CHANGE_FUNCTIONS = ("ISCHANGED", "ISNEW", "PRIORVALUE")
