"""The engine's fixed statements."""

from isthmus.profiles import statements

QUERIES = statements.load("isthmus.exporting")
