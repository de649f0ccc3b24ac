"""SOQL: parsing, checking against the schema, and compiling to SQLite's SQL."""

from localorg.soql.compiler import Compiler
from localorg.soql.fragment import Fragment, phrase
from localorg.soql.operands import Column, Table
from localorg.soql.parser import parse
from localorg.soql.sqlite_functions import install_functions
from localorg.soql.statement import Statement
from localorg.soql.statements import select, select_count, select_ids

__all__ = [
    "Column",
    "Compiler",
    "Fragment",
    "Statement",
    "Table",
    "install_functions",
    "parse",
    "phrase",
    "select",
    "select_count",
    "select_ids",
]
