"""Compiles formulas: parsed, checked against the schema, and turned into SQL."""

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from localorg.formulas import nodes, operators
from localorg.formulas.errors import FormulaError, suggestion
from localorg.formulas.function_table import CHANGE_FUNCTIONS, FUNCTIONS, Function
from localorg.formulas.parser import parse
from localorg.formulas.pieces import TEXTS, Kind, Piece, text
from localorg.formulas.references import Fields, UnknownName, is_long, piece
from localorg.schema import ALIAS, Field

# A column of the rows that validation rules look at: whether the record is new.
NEW_COLUMN = "$New"
# The earlier value of a field in such a row has the field's name behind this.
PRIOR = "$Prior."
# SQL of a compiled formula; Salesforce's own limit for one is lower.
_LONGEST_SQL = 200_000
# Characters that a formula field of texts shows.
_LONGEST = 1300
_RESULT_KINDS: Mapping[str, Kind] = {
    "string": Kind.TEXT,
    "boolean": Kind.BOOLEAN,
    "currency": Kind.NUMBER,
    "date": Kind.DATE,
    "datetime": Kind.DATETIME,
    "double": Kind.NUMBER,
    "int": Kind.NUMBER,
    "percent": Kind.NUMBER,
    "time": Kind.TIME,
}
# The types that a formula field can have.
RESULT_TYPES = tuple(_RESULT_KINDS)


@dataclass(frozen=True, kw_only=True)
class Compiled:
    """A formula as SQL, ALIAS in place of its table's alias, and what it reads of its own row."""

    sql: str
    kind: Kind
    columns: frozenset[str]
    prior_columns: frozenset[str]


@dataclass(frozen=True, kw_only=True)
class Circumstances:
    """What holds for one formula besides its text."""

    fields: Fields
    # Whether empty numbers count as 0.
    blanks_as_zeros: bool = False
    # Whether ISNEW(), ISCHANGED() and PRIORVALUE() are known: in validation rules.
    changing: bool = False


def compile_formula(formula: str, circumstances: Circumstances) -> Compiled:
    """The SQL of a formula; raises FormulaError."""
    found = _Compiler(formula, circumstances).compiled(parse(formula))
    fields = circumstances.fields
    return Compiled(
        sql=found.sql,
        kind=found.kind,
        columns=frozenset(fields.columns),
        prior_columns=frozenset(fields.prior_columns),
    )


def as_result(formula: str, compiled: Compiled, field: Field) -> str:
    """The SQL of a formula whose values are a field's; raises FormulaError for another kind."""
    wanted = _RESULT_KINDS[field.type]
    if compiled.kind not in {wanted, Kind.NULL}:
        message = (
            f"Formula result is data type ({compiled.kind}), incompatible with expected data "
            f"type ({wanted})."
        )
        raise FormulaError(message, formula, 0)
    if compiled.kind is Kind.NULL:
        return "0" if wanted is Kind.BOOLEAN else "NULL"
    if wanted is Kind.TEXT:
        shown = compiled.sql if field.formula is None else f"substr({compiled.sql}, 1, {_LONGEST})"
        return f"nullif({shown}, '')"
    if wanted is Kind.NUMBER:
        value = f"({compiled.sql} * 100)" if field.type == "percent" else compiled.sql
        return f"localorg_round({value}, {field.scale})"
    return compiled.sql


class _Compiler:
    def __init__(self, formula: str, circumstances: Circumstances) -> None:
        self._formula = formula
        self._circumstances = circumstances
        self._fields = circumstances.fields

    def compiled(self, node: nodes.Node) -> Piece:
        found = self._piece(node)
        if len(found.sql) > _LONGEST_SQL:
            message = (
                "Compiled formula is too big to execute. Use shorter formulas or fewer fields."
            )
            raise FormulaError(message, self._formula, 0)
        return found

    def _piece(self, node: nodes.Node) -> Piece:  # noqa: PLR0911 - one for each kind of node
        if isinstance(node, nodes.Number):
            return self._number(node)
        if isinstance(node, nodes.Text):
            return Piece(text(node.value), Kind.TEXT, literal=node.value)
        if isinstance(node, nodes.Constant):
            return _constant(node.word)
        if isinstance(node, nodes.Reference):
            return self._reference(node)
        if isinstance(node, nodes.Chain):
            return self._chain(node)
        if isinstance(node, nodes.Opposite):
            return self._opposite(node)
        return self._call(node)

    def _number(self, node: nodes.Number) -> Piece:
        if not math.isfinite(float(node.text)):
            raise self._error(f"The number {node.text} is out of range.", node.position)
        return Piece(_number(node.text), Kind.NUMBER, literal=node.text)

    def _chain(self, node: nodes.Chain) -> Piece:
        found = self._piece(node.first)
        for operator, part, position in node.rest:
            try:
                found = operators.applied(operator, found, self._piece(part))
            except operators.WrongKind as error:
                raise self._error(str(error), position) from None
        return found

    def _opposite(self, node: nodes.Opposite) -> Piece:
        try:
            return operators.opposite(node.operator, self._piece(node.operand))
        except operators.WrongKind as error:
            raise self._error(str(error), node.position) from None

    def _reference(self, node: nodes.Reference) -> Piece:
        try:
            sql, found = self._fields.value(node.names)
        except UnknownName as error:
            raise self._unknown(error, node.position) from None
        self._check_use(found, node.position)
        zeros = self._circumstances.blanks_as_zeros
        return piece(sql, found, blanks_as_zeros=zeros)

    def _check_use(self, found: Field, position: int) -> None:
        if is_long(found) and not self._fields.writing:
            message = f"Field {found.name} is a long text area. Formula fields can't use it."
            raise self._error(message, position)

    def _call(self, node: nodes.Call) -> Piece:
        if node.name in CHANGE_FUNCTIONS:
            return self._change(node)
        function = FUNCTIONS.get(node.name)
        if function is None:
            message = f"Unknown function {node.name}. Check spelling."
            known = (*FUNCTIONS, *CHANGE_FUNCTIONS)
            raise self._error(message + suggestion(node.name, known), node.position)
        arguments = [self._piece(argument) for argument in node.arguments]
        self._check_count(node, function, len(arguments))
        self._check_kinds(node, function, arguments)
        return function.build(arguments)

    def _check_count(self, node: nodes.Call, function: Function, count: int) -> None:
        fits = function.least <= count and (function.most is None or count <= function.most)
        # CASE takes pairs between what it looks at and what it gives otherwise.
        if fits and not (node.name == "CASE" and count % 2):
            return
        message = (
            f"Incorrect number of parameters for function '{node.name}()'. Expected "
            f"{function.expected}, received {count}."
        )
        raise self._error(message, node.position)

    def _check_kinds(
        self, node: nodes.Call, function: Function, arguments: Sequence[Piece]
    ) -> None:
        for place, argument in enumerate(arguments):
            takes = function.takes[min(place, len(function.takes) - 1)]
            if argument.kind not in takes and argument.kind is not Kind.NULL:
                expected = ", ".join(sorted(kind for kind in takes if kind is not Kind.NULL))
                raise self._wrong(node, place, expected, argument.kind)
            if argument.kind is Kind.NULL and Kind.NULL not in takes:
                raise self._wrong(node, place, ", ".join(sorted(takes)), argument.kind)
        self._check_alike(node, arguments)

    def _check_alike(self, node: nodes.Call, arguments: Sequence[Piece]) -> None:
        """IF, CASE and the like give values of one kind; CASE compares values of one kind."""
        if node.name in {"IF", "BLANKVALUE", "NULLVALUE"}:
            skipped = 1 if node.name == "IF" else 0
            self._check_same(node, arguments, range(skipped, len(arguments)))
        elif node.name == "CASE":
            last = len(arguments) - 1
            self._check_same(node, arguments, [*range(2, last, 2), last])
            self._check_same(node, arguments, [0, *range(1, last, 2)])
        elif node.name == "REGEX":
            self._check_pattern(node, arguments[1])
        elif node.name == "ISPICKVAL" and arguments[1].literal is None:
            message = "Function 'ISPICKVAL()' takes a text in quotes as its second parameter."
            raise self._error(message, node.arguments[1].position)

    def _check_same(
        self, node: nodes.Call, arguments: Sequence[Piece], places: Sequence[int]
    ) -> None:
        kinds = [_compared_kind(arguments[place].kind) for place in places]
        wanted = next((kind for kind in kinds if kind is not Kind.NULL), Kind.NULL)
        for place, kind in zip(places, kinds, strict=True):
            if kind not in {wanted, Kind.NULL}:
                raise self._wrong(node, place, wanted, kind)

    def _check_pattern(self, node: nodes.Call, pattern: Piece) -> None:
        try:
            re.compile(pattern.literal or "")
        except re.error as error:
            message = f"Invalid regular expression in function 'REGEX()': {error}."
            raise self._error(message, node.arguments[1].position) from None

    def _change(self, node: nodes.Call) -> Piece:
        if not self._circumstances.changing:
            message = f"Function {node.name} may not be used here, only in validation rules."
            raise self._error(message, node.position)
        expected = 0 if node.name == "ISNEW" else 1
        if len(node.arguments) != expected:
            message = (
                f"Incorrect number of parameters for function '{node.name}()'. Expected "
                f"{expected}, received {len(node.arguments)}."
            )
            raise self._error(message, node.position)
        is_new = f'{ALIAS}."{NEW_COLUMN}"'
        if node.name == "ISNEW":
            return Piece(is_new, Kind.BOOLEAN)
        present, prior, found = self._two_values(node)
        if node.name == "ISCHANGED":
            # Texts are compared with case and all: the columns of the rows have no collation.
            return Piece(f"(NOT {is_new} AND {present} IS NOT {prior})", Kind.BOOLEAN)
        earlier = f"CASE WHEN {is_new} THEN {present} ELSE {prior} END"
        zeros = self._circumstances.blanks_as_zeros
        return piece(earlier, found, blanks_as_zeros=zeros)

    def _two_values(self, node: nodes.Call) -> tuple[str, str, Field]:
        argument = node.arguments[0]
        if not isinstance(argument, nodes.Reference):
            message = f"Function '{node.name}()' takes a field."
            raise self._error(message, argument.position)
        try:
            found = self._fields.own(argument.names)
        except UnknownName as error:
            raise self._unknown(error, argument.position) from None
        self._fields.columns.add(found.name)
        self._fields.prior_columns.add(found.name)
        return f'{ALIAS}."{found.name}"', f'{ALIAS}."{PRIOR}{found.name}"', found

    def _wrong(self, node: nodes.Call, place: int, expected: str, received: Kind) -> FormulaError:
        message = (
            f"Incorrect parameter type for function '{node.name}()'. Expected {expected}, "
            f"received {received}."
        )
        if received in {Kind.PICKLIST, Kind.MULTIPICKLIST}:
            message += (
                " Picklist fields are only supported in certain functions: wrap it in TEXT()."
            )
        return self._error(message, node.arguments[place].position)

    def _unknown(self, error: UnknownName, position: int) -> FormulaError:
        return self._error(f"{error}{suggestion(error.name, error.known)}", position)

    def _error(self, message: str, position: int) -> FormulaError:
        return FormulaError(message, self._formula, position)


def _compared_kind(kind: Kind) -> Kind:
    """Picklists are compared with texts, in CASE() and there alone."""
    return Kind.TEXT if kind in TEXTS else kind


def _number(written: str) -> str:
    """A number in SQL; whole ones stay whole where SQLite has room for them."""
    digits = 18
    if written.isdigit() and len(written) <= digits:
        return str(int(written))
    return repr(float(written))


def _constant(word: str) -> Piece:
    if word == "NULL":
        return Piece("NULL", Kind.NULL)
    return Piece(str(int(word == "TRUE")), Kind.BOOLEAN)
