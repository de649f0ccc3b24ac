"""Names of Salesforce fields, as goals write them."""

import re

_FIELD = re.compile(r"[A-Za-z][A-Za-z0-9_]*")
_PATH = re.compile(r"[A-Za-z][A-Za-z0-9_]*(\.[A-Za-z][A-Za-z0-9_]*){0,5}")

LONGEST = 255
"""Characters of a field with its path. Salesforce's own names have at most some 60 in a step."""

_SHOWN = 40
_ADVICE = {
    True: " A parent's field is written as a path, such as Owner.Name.",
    False: " Parents' fields can't be used here.",
}


def field_refusal(name: str, *, parents: bool) -> str | None:
    """Why `name` can't be that of a field, in a sentence; with `parents`, paths are allowed."""
    shown = name if len(name) <= LONGEST else f"{name[:_SHOWN]}…"
    if (_PATH if parents else _FIELD).fullmatch(name):
        if len(name) <= LONGEST:
            return None
        return (
            f"The field's name {shown!r} has {len(name):,} characters, and at most {LONGEST} are "
            f"allowed. Write its API name, such as LastName or Score__c."
        )
    return (
        f"{shown!r} is not the API name of a field: letters, digits and `_`, such as LastName "
        f"or Score__c.{_ADVICE[parents]}"
    )
