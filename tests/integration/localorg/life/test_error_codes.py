"""The table of errors that localorg raises by itself."""

import csv
import gzip
import io
import re
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ruamel.yaml import YAML

from integration.localorg.org_client import Answer, OrgClient, V, serving
from localorg.clock import Clock
from localorg.org import Org
from localorg.settings import Settings
from localorg.setup_file import org_schema, parse
from localorg.store import Store

START = datetime(2026, 1, 31, 12, tzinfo=UTC)
CASES: list[dict[str, Any]] = YAML(typ="safe").load(
    Path(__file__).parents[3] / "cases" / "localorg" / "error_codes.yaml"
)
_NAME = re.compile(r"\$\{([^}]+)\}")
_DEADLINE_SECONDS = 20


class Scene:
    """An org for one case, with the ids of what is in it."""

    def __init__(self, client: OrgClient) -> None:
        self.client = client
        self._ids: dict[str, str] = {"nested": "(" * 2000}

    def give(self, name: str, object_name: str, values: dict[str, Any]) -> None:
        self._ids[name] = self.client.insert(object_name, **self.filled(values))

    def call(self, call: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Answer:
        method, _, path = self.filled(call).partition(" ")
        place = path if path.startswith(("/_", "/services")) else V + path
        return self.client.call(method, place, self._content(body), headers)

    def filled(self, value: Any) -> Any:
        """A value of the table with the ids in it."""
        if isinstance(value, str):
            return _NAME.sub(lambda found: self._id(found[1]), value)
        if isinstance(value, dict):
            return {key: self.filled(one) for key, one in value.items()}
        return [self.filled(one) for one in value] if isinstance(value, list) else value

    def bulk_error(self, job: dict[str, Any]) -> str:
        """What `sf__Error` says about the first row that failed."""
        order = {"operation": job["operation"], "object": job["object"], "lineEnding": "LF"}
        if "key" in job:
            order["externalIdFieldName"] = job["key"]
        base = f"{V}/jobs/ingest"
        place = f"{base}/{self.client.call('POST', base, order).json['id']}"
        data = self.filled(job["csv"]).encode()
        self.client.call("PUT", f"{place}/batches", data, {"content-type": "text/csv"})
        self.client.call("PATCH", place, {"state": "UploadComplete"})
        deadline = time.monotonic() + _DEADLINE_SECONDS
        while self.client.call("GET", place).json["state"] not in {"JobComplete", "Failed"}:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        text = self.client.call("GET", f"{place}/failedResults").text
        errors = sorted(row["sf__Error"] for row in csv.DictReader(io.StringIO(text)))
        return errors[-1]

    def _content(self, body: Any) -> Any:
        if isinstance(body, str):
            return body.encode()
        if isinstance(body, dict) and "unpacked" in body:
            return gzip.compress(b" " * body["unpacked"], 1)
        if body == {"records": 201}:
            return {"records": [{"attributes": {"type": "Lead"}}] * 201}
        return self.filled(body)

    def _id(self, name: str) -> str:
        if name.startswith("user:"):
            soql = f"SELECT Id FROM User WHERE Username = '{name[5:]}'"  # noqa: S608 - the table's own
            answer = self.client.call("GET", f"{V}/query?q={quote(soql)}")
            return str(answer.json["records"][0]["Id"])
        return self._ids[name]


@pytest.fixture
def scene(request: pytest.FixtureRequest) -> Iterator[Scene]:
    case: dict[str, Any] = request.node.callspec.params["case"]
    setup = parse(case.get("setup", ""), "case.yaml")
    settings = Settings(control=True, **case.get("settings", {}))
    clock = Clock(lambda: START)
    org = Org(Store(":memory:", org_schema(setup), START), clock, settings, setup)
    with serving(org) as client:
        client.sign_in()
        yield Scene(client)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["case"].replace(" ", "_"))
def test_an_error_has_its_status_code_and_message(scene: Scene, case: dict[str, Any]) -> None:
    for given in case.get("given", ()):
        scene.give(given["name"], given["object"], given["values"])
    for step in case.get("before", ()):
        answer = scene.call(step["call"], step.get("body"))
        assert answer.status < 300, answer.text
    if "bulk" in case:
        assert scene.bulk_error(case["bulk"]) == scene.filled(case["error"])
        return
    answer = scene.call(case["call"], case.get("body"), case.get("headers"))
    assert answer.status == case["status"], answer.text
    code, message = _error(case, answer)
    assert code == case["code"]
    if "message_has" in case:
        assert case["message_has"] in message
    else:
        assert message == scene.filled(case["message"])


def _error(case: dict[str, Any], answer: Answer) -> tuple[str, str]:
    if case.get("where") == "composite":
        first = answer.json["compositeResponse"][0]["body"][0]
        return first["errorCode"], first["message"]
    if case.get("where") != "results":
        return answer.code, answer.message
    failed = next(result for result in answer.json if not result["success"])
    return failed["errors"][0]["statusCode"], failed["errors"][0]["message"]


def test_the_table_names_no_case_twice() -> None:
    names = [case["case"] for case in CASES]
    assert len(set(names)) == len(names)
