"""The cases of the table of errors that any org can show: no set-up, no control, no own fields."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from behaviour.organizations import Organization

TABLE = Path(__file__).parents[1] / "cases" / "localorg" / "error_codes.yaml"
_PARTS = {
    *("case", "given", "before", "call", "body", "headers", "where"),
    *("status", "code", "message", "message_has"),
}
# Field names that end in __c and are no field of any org.
_NAMELESS = re.compile(r"\b(Foo|Nope)__c")
# What an org with many cases says instead of the first case's number.
_CASE_NUMBER = re.compile(r"\b\d{8}\b")
_NAME = re.compile(r"\$\{([^}]+)\}")


def _cases() -> Iterator[dict[str, Any]]:
    for case in YAML(typ="safe").load(TABLE):
        text = _NAMELESS.sub("", json.dumps(case))
        names = {given["name"] for given in case.get("given", ())}
        plain = not re.search(r"__c|_localorg|unpacked", text) and set(_NAME.findall(text)) <= names
        if plain and set(case) <= _PARTS:
            yield case


class Scene:
    """The org, with the ids of the records that a case is given."""

    def __init__(self, org: Organization) -> None:
        self._org = org
        self._ids: dict[str, str] = {}

    def give(self, name: str, sobject: str, values: dict[str, Any]) -> None:
        self._ids[name] = self._org.insert(sobject, **self.filled(values))

    def call(self, call: str, body: Any = None, headers: dict[str, str] | None = None) -> Any:
        method, _, path = self.filled(call).partition(" ")
        if body == {"records": 201}:
            body = {"records": [{"attributes": {"type": "Lead"}}] * 201}
        content = body.encode() if isinstance(body, str) else self.filled(body)
        return self._org.call(method, path, content, headers)

    def filled(self, value: Any) -> Any:
        if isinstance(value, str):
            return _NAME.sub(lambda found: self._ids[found[1]], value)
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        return [self.filled(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize("case", list(_cases()), ids=lambda case: case["case"])
def test_a_mistake_gets_its_status_code_and_words(org: Organization, case: dict[str, Any]) -> None:
    scene = Scene(org)
    for given in case.get("given", ()):
        scene.give(given["name"], given["object"], given["values"])
    for step in case.get("before", ()):
        scene.call(step["call"], step.get("body"), step.get("headers"))
    answer = scene.call(case["call"], case.get("body"), case.get("headers"))
    error = _error(answer.json, case.get("where", ""))
    assert (answer.status, error.get("errorCode", error.get("statusCode"))) == (
        case["status"],
        case["code"],
    )
    message = _CASE_NUMBER.sub("00000001", error["message"])
    assert scene.filled(case.get("message_has", "")) in message
    assert message == scene.filled(case.get("message", message))


def _error(answer: Any, where: str) -> Any:
    if where == "results":
        return next(result for result in answer if not result["success"])["errors"][0]
    if where == "composite":
        return answer["compositeResponse"][0]["body"][0]
    return answer[0]
