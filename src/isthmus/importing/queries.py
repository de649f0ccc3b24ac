"""The engine's fixed statements."""

from isthmus.profiles import statements

QUERIES = statements.load("isthmus.importing")
FETCHING = statements.load("isthmus.importing", "fetching.sql")
