"""SOQL: parsing, checking against the schema, and compiling to SQLite's SQL."""

from localorg.soql.compiler import Compiler, Statement
from localorg.soql.fragment import Fragment, phrase
from localorg.soql.parser import parse
from localorg.soql.scope import Column, Table
from localorg.soql.statements import select, select_count, select_ids, select_rows
from localorg.soql.texts import install_functions

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
    "select_rows",
]
