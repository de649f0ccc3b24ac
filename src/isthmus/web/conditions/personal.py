"""Conditions on personal data, for those who may not see it.

How many profiles meet a condition tells what their values are, so nobody without the right may ask
for them. Conditions that others wrote are shown without their values, and stay as they are: the
form holds a token in their place, from which nothing can be read.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from django.http import HttpRequest
from django.utils.crypto import salted_hmac

from isthmus.domain.properties import PropertyDefinition
from isthmus.web import masking
from isthmus.web.conditions.tree import Test, Tree, from_document

_SALT = "isthmus.web.conditions"


def digest(where: Any) -> str:
    """What stands for conditions where they can't be shown: the same for the same ones."""
    written = json.dumps(where, sort_keys=True, default=str)
    return salted_hmac(_SALT, written, algorithm="sha256").hexdigest()


def hidden(request: HttpRequest, properties: Mapping[str, PropertyDefinition]) -> frozenset[str]:
    """The subjects that whoever asks may not ask for."""
    return frozenset() if masking.sees_personal_data(request) else subjects_of(properties)


def subjects_of(properties: Mapping[str, PropertyDefinition]) -> frozenset[str]:
    """The subjects that are personal data."""
    return frozenset(
        f"property:{key}" for key, each in properties.items() if masking.is_personal(each)
    )


def kept(where: Any, hidden_subjects: frozenset[str]) -> dict[str, Any]:
    """The tests of the conditions that are not shown, by token."""
    return {digest(test): test for test in _tests(where, hidden_subjects)}


def _tests(where: Any, hidden_subjects: frozenset[str]) -> Iterator[Any]:
    if not isinstance(where, dict):
        return
    if f"property:{where.get('property')}" in hidden_subjects:
        yield where
        return
    for form in ("all", "any"):
        for part in where.get(form) or ():
            yield from _tests(part, hidden_subjects)
    yield from _tests(where.get("not"), hidden_subjects)


def shown(where: Any, hidden_subjects: frozenset[str]) -> Tree:
    """The form of stored conditions, with tokens in place of the tests that are not shown."""
    tree = from_document(where)
    tests = iter(_tests(where, hidden_subjects))
    for _, test in tree.tests:
        if test.subject in hidden_subjects:
            nots = test.nots
            test.__dict__.update(Test(kept=digest(next(tests)), nots=nots).__dict__)
    return tree


def loses(tree: Tree, where: Any, hidden_subjects: frozenset[str]) -> bool:
    """Whether a form lacks, or repeats, a test of `where` that is not shown."""
    held = Counter(test.kept for _, test in tree.tests if test.kept)
    return held != Counter(digest(test) for test in _tests(where, hidden_subjects))
