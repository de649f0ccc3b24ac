"""Salesforce's errors about a SOQL statement, with its words and its caret.

The wording follows what orgs of API version 62 and later answer; where it could not be looked up
the same pattern is used.
"""

from localorg.errors import SalesforceError

WINDOW_BEFORE = 31
WINDOW_AFTER = 40
NAMES_HINT = " Please reference your WSDL or the describe call for the appropriate names."
TOO_COMPLICATED = (
    "Query is either selecting too many fields or the filter conditions are too complicated."
)


def pointed(text: str, position: int, message: str) -> str:
    """Return `message` under an excerpt of the statement with a caret below `position`."""
    before = text[:position]
    row = before.count("\n") + 1
    column = position - (before.rfind("\n") + 1)
    line = text.split("\n")[row - 1]
    start = _window_start(line, column)
    excerpt = line[start : _window_end(line, column)]
    caret = " " * (column - start) + "^"
    return f"\n{excerpt}\n{caret}\nERROR at Row:{row}:Column:{column + 1}\n{message}"


def _window_start(line: str, column: int) -> int:
    """Return where the excerpt begins: the line's start, or a word's start not far before."""
    if column <= WINDOW_BEFORE:
        return 0
    earliest = column - WINDOW_BEFORE
    breaks = [line.find(mark, earliest, column) for mark in (" ", ",", "(")]
    found = [place + 1 for place in breaks if place >= 0]
    return min(found, default=earliest)


def _window_end(line: str, column: int) -> int:
    """Return where the excerpt ends: the line's end, or a word's end not far behind."""
    latest = column + WINDOW_AFTER
    breaks = [line.find(mark, latest) for mark in (" ", ",", ")")]
    return min((place for place in breaks if place >= 0), default=len(line))


def malformed(text: str, position: int, message: str) -> SalesforceError:
    """Return MALFORMED_QUERY with a caret at `position`."""
    return SalesforceError(400, "MALFORMED_QUERY", pointed(text, position, message))


def malformed_without_caret(message: str) -> SalesforceError:
    """Return MALFORMED_QUERY for what has no single place in the statement."""
    return SalesforceError(400, "MALFORMED_QUERY", message)


def unexpected_token(text: str, position: int, token: str) -> SalesforceError:
    """Return the parser's answer to a word that cannot stand where it stands."""
    return malformed(text, position, f"unexpected token: '{token}'")


def unknown_character(text: str, position: int, token: str) -> SalesforceError:
    """Return the lexer's answer to characters that are no token; columns count from 0 here."""
    row = text.count("\n", 0, position) + 1
    column = position - (text.rfind("\n", 0, position) + 1)
    return malformed_without_caret(f"line {row}:{column} unexpected token: '{token}'")


def invalid_field(text: str, position: int, message: str) -> SalesforceError:
    """Return INVALID_FIELD with a caret at `position`."""
    return SalesforceError(400, "INVALID_FIELD", pointed(text, position, message))


def no_such_column(text: str, position: int, name: str, object_name: str) -> SalesforceError:
    """Return the answer to a field that the object does not have."""
    message = (
        f"No such column '{name}' on entity '{object_name}'. If you are attempting to use a "
        f"custom field, be sure to append the '__c' after the custom field name.{NAMES_HINT}"
    )
    return invalid_field(text, position, message)


def no_such_relationship(text: str, position: int, name: str) -> SalesforceError:
    """Return the answer to a parent name that the object does not have."""
    message = (
        f"Didn't understand relationship '{name}' in field path. If you are attempting to use a "
        "custom relationship, be sure to append the '__r' after the custom relationship name."
        f"{NAMES_HINT}"
    )
    return invalid_field(text, position, message)


def invalid_type(text: str, position: int, name: str) -> SalesforceError:
    """Return INVALID_TYPE for an object that the org does not have."""
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, "
        f"be sure to append the '__c' after the entity name.{NAMES_HINT}"
    )
    return SalesforceError(400, "INVALID_TYPE", pointed(text, position, message))


def invalid_operator(text: str, position: int, message: str) -> SalesforceError:
    """Return INVALID_QUERY_FILTER_OPERATOR with a caret at `position`."""
    return SalesforceError(400, "INVALID_QUERY_FILTER_OPERATOR", pointed(text, position, message))


def too_complicated() -> SalesforceError:
    """Return QUERY_TOO_COMPLICATED."""
    return SalesforceError(400, "QUERY_TOO_COMPLICATED", TOO_COMPLICATED)


def number_outside_range(text: str, position: int, message: str) -> SalesforceError:
    """Return NUMBER_OUTSIDE_VALID_RANGE with a caret at `position`."""
    return SalesforceError(400, "NUMBER_OUTSIDE_VALID_RANGE", pointed(text, position, message))


def no_such_children(text: str, position: int, name: str) -> SalesforceError:
    """Return the answer to a sub-query about children that the object does not have."""
    message = (
        f"Didn't understand relationship '{name}' in FROM part of query call. If you are "
        "attempting to use a custom relationship, be sure to append the '__r' after the custom "
        f"relationship name.{NAMES_HINT}"
    )
    return SalesforceError(400, "INVALID_TYPE", pointed(text, position, message))


def not_queryable(name: str) -> SalesforceError:
    """Return INVALID_TYPE_FOR_OPERATION for an object that no query can read."""
    message = f"entity type {name} does not support query"
    return SalesforceError(400, "INVALID_TYPE_FOR_OPERATION", message)


def no_query_more() -> SalesforceError:
    """Return the answer to a grouped query of more than one page."""
    message = (
        "Aggregate query does not support queryMore(), use LIMIT to restrict the results to a "
        "single batch"
    )
    return SalesforceError(400, "EXCEEDED_ID_LIMIT", message)
