"""What the headers of a request say about saving (reference 2.4)."""

import re
from http import HTTPStatus

from starlette.requests import Request

from localorg.dml import SaveOptions
from localorg.dml.options import ACTIVE_RULE
from localorg.errors import SalesforceError
from localorg.ids import normalised_id
from localorg.life import save_options
from localorg.web import org_of, user_of

_PAIR = re.compile(r"\s*([A-Za-z]+)\s*=\s*([A-Za-z]+)\s*(?:[;,]|$)")
_AUTO_ASSIGN = "sforce-auto-assign"
_RULE_PREFIX = "01Q"


def save_options_of(request: Request) -> SaveOptions:
    """How the client of a request wants its records saved; raises 400 for a header that is wrong.

    Unless a header says otherwise, the active assignment rule runs on new leads and cases.
    """
    duplicates = _pairs(request.headers.get("sforce-duplicate-rule-header", ""))
    return save_options(
        org_of(request),
        user_of(request),
        assignment_rule=_assignment_rule(request.headers.get(_AUTO_ASSIGN, "TRUE")),
        assign_updated=_AUTO_ASSIGN in request.headers,
        allow_duplicates=duplicates.get("allowsave") == "true",
        include_duplicate_details=duplicates.get("includerecorddetails") == "true",
    )


def updates_recent(request: Request) -> bool:
    """Whether a record that is saved becomes a recent item of the user's."""
    return _pairs(request.headers.get("sforce-mru", "")).get("updatemru") != "false"


def _pairs(text: str) -> dict[str, str]:
    """A header such as `allowSave=true; includeRecordDetails=true`, all in lower case."""
    return {name.lower(): value.lower() for name, value in _PAIR.findall(text)}


def _assignment_rule(text: str) -> str | None:
    if text.upper() == "TRUE":
        return ACTIVE_RULE
    if text.upper() == "FALSE":
        return None
    rule_id = normalised_id(text)
    if rule_id is None or not rule_id.startswith(_RULE_PREFIX):
        message = f"The header Sforce-Auto-Assign is {text}; TRUE, FALSE or a rule's id is allowed."
        raise SalesforceError(HTTPStatus.BAD_REQUEST, "INVALID_HEADER", message)
    return rule_id
