"""JSON and XML, compressed or not, and what is not taken."""

import gzip
import tracemalloc
import zlib

import orjson
import pytest

from integration.localorg.org_client import OrgClient, V

LEADS = V + "/sobjects/Lead"
PERSON = {"LastName": "Lovelace", "Company": "Engines"}
XSI = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
XML = {"content-type": "application/xml", "accept": "application/xml"}


def test_records_are_made_and_read_in_xml(client: OrgClient) -> None:
    body = b"<Lead><LastName>A &amp; B</LastName><Company>C</Company><Title>Dr</Title></Lead>"
    made = client.call("POST", LEADS, body, XML)
    assert made.status == 201
    assert made.headers["content-type"] == "application/xml;charset=UTF-8"
    assert "<success>true</success>" in made.text
    path = made.headers["location"]
    clear = f'<Lead {XSI}><Title xsi:nil="true"/></Lead>'.encode()
    assert client.call("PATCH", path, clear, XML).status == 204
    read = client.call("GET", path + ".xml?fields=Name,Title,CreatedDate").text
    assert (
        f'<Lead xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" type="Lead" url="{path}">'
        in read
    )
    assert "<Name>A &amp; B</Name>" in read
    assert '<Title xsi:nil="true"/>' in read
    assert "<CreatedDate>2026-01-31T12:00:00.000Z</CreatedDate>" in read


def test_an_error_is_told_in_xml_too(client: OrgClient) -> None:
    answer = client.call(
        "GET", LEADS + "/00Q000000000001EAA", headers={"accept": "application/xml"}
    )
    assert answer.status == 404
    assert "<Error><message>The requested resource does not exist</message>" in answer.text


def test_a_refusal_at_the_door_is_told_in_xml_too(client: OrgClient) -> None:
    wrong = {"authorization": "Bearer wrong", "accept": "application/xml"}
    answer = client.call("GET", LEADS, headers=wrong)
    assert answer.status == 401
    assert "<Errors " in answer.text
    assert "<errorCode>INVALID_SESSION_ID</errorCode>" in answer.text
    html = client.call("GET", LEADS, headers=wrong | {"accept": "text/html"})
    assert (html.status, html.code) == (401, "INVALID_SESSION_ID")


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
def test_bodies_may_be_compressed(client: OrgClient, encoding: str) -> None:
    plain = orjson.dumps(PERSON)
    packed = gzip.compress(plain) if encoding == "gzip" else zlib.compress(plain)
    answer = client.call("POST", LEADS, packed, {"content-encoding": encoding})
    assert answer.status == 201
    broken = client.call("POST", LEADS, packed[:-9], {"content-encoding": encoding})
    assert (broken.status, broken.code) == (400, "JSON_PARSER_ERROR")


def test_a_body_may_be_packed_in_several_pieces(client: OrgClient) -> None:
    first, second = orjson.dumps(PERSON)[:9], orjson.dumps(PERSON)[9:]
    packed = gzip.compress(first) + gzip.compress(second)
    answer = client.call("POST", LEADS, packed, {"content-encoding": "gzip"})
    assert answer.status == 201
    cut = client.call("POST", LEADS, packed[:-9], {"content-encoding": "gzip"})
    assert (cut.status, cut.code) == (400, "JSON_PARSER_ERROR")
    large = gzip.compress(b" " * (26 * 1024 * 1024)) * 2
    assert client.call("POST", LEADS, large, {"content-encoding": "gzip"}).status == 413


def test_xml_that_is_nested_too_deep_is_refused(client: OrgClient) -> None:
    for text in (b"<a>" * 5000 + b"</a>" * 5000, b"<a>" * 500_000):
        answer = client.call("POST", LEADS, text, {"content-type": "application/xml"})
        assert (answer.status, answer.code) == (400, "XML_PARSER_ERROR")
        assert answer.message == "The body is nested too deep: 100 levels are allowed"


@pytest.mark.parametrize(
    ("body", "came"), [(b"[]", "an array"), (b"null", "null"), (b'"x"', "a string")]
)
def test_a_body_that_is_no_object_is_told_in_words_of_json(
    client: OrgClient, body: bytes, came: str
) -> None:
    answer = client.call("POST", LEADS, body)
    assert (answer.status, answer.code) == (400, "JSON_PARSER_ERROR")
    assert answer.message == f"A JSON object is expected, not {came} at [line:1, column:1]"


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        ("application/xml;q=0.1, application/json", "application/json"),
        ("application/xml, application/json", "application/xml"),
        ("application/json;q=0.5, application/xml;q=0.9", "application/xml"),
        ("text/html, application/xml;q=0.9, */*;q=0.8", "application/xml"),
        ("application/xml;q=0, */*", "application/json"),
        ("application/xml;q=nonsense, */*", "application/xml"),
    ],
)
def test_the_form_that_a_client_likes_best_is_answered(
    client: OrgClient, accept: str, kind: str
) -> None:
    answer = client.call("GET", LEADS, headers={"accept": accept})
    assert answer.headers["content-type"] == f"{kind};charset=UTF-8"


def test_a_body_that_grows_too_large_is_refused(client: OrgClient) -> None:
    packed = gzip.compress(b" " * (51 * 1024 * 1024))
    answer = client.call("POST", LEADS, packed, {"content-encoding": "gzip"})
    assert (answer.status, answer.code) == (413, "EXCEEDED_MAX_SIZE_REQUEST")


def test_a_large_body_is_refused_without_being_kept(client: OrgClient) -> None:
    body = b" " * (120 * 1024 * 1024)
    tracemalloc.start()
    try:
        answer = client.call("POST", LEADS, body)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (answer.status, answer.code) == (413, "EXCEEDED_MAX_SIZE_REQUEST")
    assert peak < 80 * 1024 * 1024


def test_answers_are_compressed_for_those_who_ask(client: OrgClient) -> None:
    path = LEADS + "/describe"
    plain = client.call("GET", path)
    assert "content-encoding" not in plain.headers
    packed = client.call("GET", path, headers={"accept-encoding": "gzip"})
    assert packed.headers["content-encoding"] == "gzip"
    assert int(packed.headers["content-length"]) < len(plain.content) / 5
    # The client unpacks by itself.
    assert packed.json == plain.json


def test_an_answer_is_indented_on_request(client: OrgClient) -> None:
    assert "\n" not in client.call("GET", LEADS).text
    assert (
        '\n  "objectDescribe": {\n'
        in client.call("GET", LEADS, headers={"x-prettyprint": "1"}).text
    )


def test_other_media_types_are_refused(client: OrgClient) -> None:
    form = {"content-type": "application/x-www-form-urlencoded"}
    assert client.call("POST", LEADS, b"LastName=x", form).status == 415
    assert client.call("GET", LEADS, headers={"accept": "text/html"}).status == 406
    assert client.call("POST", LEADS, b"x", {"content-encoding": "br"}).status == 415


def test_a_method_that_a_path_does_not_take_is_answered_with_those_it_takes(
    client: OrgClient,
) -> None:
    answer = client.call("PUT", LEADS, PERSON)
    assert (answer.status, answer.code) == (405, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    record = client.call("PUT", LEADS + "/00Q000000000001EAA", PERSON)
    assert record.headers["allow"] == "DELETE, GET, HEAD, PATCH, POST"


def test_paths_ignore_case_and_a_slash_at_their_end(client: OrgClient) -> None:
    lead = client.insert("lead", **PERSON)
    for path in (
        f"/SObjects/LEAD/{lead}",
        f"/sobjects/Lead/{lead}/",
        f"/sobjects/lead/{lead}.json",
    ):
        assert client.call("GET", V + path).json["Id"] == lead
    for path in (f"/sobjects//Lead/{lead}", f"//sobjects/Lead/{lead}"):
        assert client.call("GET", V + path).status == 404


def test_a_post_may_say_that_it_is_another_method(client: OrgClient) -> None:
    path = f"{LEADS}/{client.insert('Lead', **PERSON)}"
    assert client.call("POST", path + "?_HttpMethod=PATCH", {"Title": "x"}).status == 204
    assert client.call("GET", path).json["Title"] == "x"
    assert client.call("POST", path + "?_HttpMethod=DELETE").status == 204
