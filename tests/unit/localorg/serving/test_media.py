import json

import pytest

from localorg.media import Media
from unit.localorg.serving.asgi import heard

XML = {"accept": "application/xml"}
ROOT = "/services/data/v66.0"


@pytest.mark.parametrize(
    ("path", "headers", "form"),
    [
        (ROOT + "/limits", {}, "json"),
        (ROOT + "/limits.json", XML, "json"),
        (ROOT + "/limits.xml", {}, "xml"),
        (ROOT + "/limits", XML, "xml"),
        (ROOT + "/limits", {"accept": "application/xml;q=0.9, */*"}, "xml"),
        (ROOT + "/limits", {"accept": "application/json, application/xml"}, "json"),
        (ROOT + "/limits", {"accept": "*/*"}, "json"),
    ],
)
def test_the_suffix_and_the_accept_header_choose_the_form(
    path: str, headers: dict[str, str], form: str
) -> None:
    answer = heard(Media, headers, path=path, pieces=[b'{"DataStorageMB":{"Max":1}}'])
    assert answer.path == ROOT + "/limits"
    assert answer.body.startswith({"json": b"{", "xml": b"<?xml"}[form])
    assert answer.headers["content-type"] == f"application/{form};charset=UTF-8"
    assert answer.headers["content-length"] == str(len(answer.body))


def test_an_answer_is_indented_on_request() -> None:
    answer = heard(Media, {"x-prettyprint": "1"}, pieces=[b'{"a":[1,2]}'])
    assert answer.body == b'{\n  "a": [\n    1,\n    2\n  ]\n}'


def test_an_answer_that_is_no_json_is_left_alone() -> None:
    csv = heard(Media, XML, pieces=[b'"Id"\n', b'"1"\n'], content_type="text/csv")
    assert csv.body == b'"Id"\n"1"\n'


@pytest.mark.parametrize(
    ("asked", "expected"),
    [
        ({"path": ROOT + "/sobjects//Lead"}, (404, "NOT_FOUND")),
        ({"headers": {"accept": "text/html"}}, (406, "NOT_ACCEPTABLE")),
        (
            {"method": "POST", "headers": {"content-type": "text/plain"}},
            (415, "UNSUPPORTED_MEDIA_TYPE"),
        ),
    ],
)
def test_what_can_not_be_had_is_refused(
    asked: dict[str, object], expected: tuple[int, str]
) -> None:
    answer = heard(Media, **asked)  # type: ignore[arg-type]
    assert answer.path is None
    assert (answer.status, json.loads(answer.body)[0]["errorCode"]) == expected


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        ("//services/data/v66.0/limits", {}),
        (ROOT + "/limits", {"content-type": "text/plain"}),
        ("/services/oauth2/token", {"accept": "text/html"}),
        (ROOT + "/limits", {"accept": "text/html, */*; q=.2"}),
    ],
)
def test_what_does_no_harm_passes(path: str, headers: dict[str, str]) -> None:
    assert heard(Media, headers, path=path).status == 200
