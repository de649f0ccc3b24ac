from datetime import timedelta
from email.utils import format_datetime

from integration.localorg.conftest import START
from integration.localorg.org_client import OrgClient, V
from localorg.org import Org

NOW = format_datetime(START, usegmt=True)
EARLIER = format_datetime(START - timedelta(seconds=1), usegmt=True)


def test_a_record_says_when_it_changed_last(client: OrgClient, org: Org) -> None:
    lead = client.insert("Lead", LastName="L", Company="C")
    org.clock.advance(60)
    client.call("PATCH", f"{V}/sobjects/Lead/{lead}", {"Title": "x"})
    headers = client.call("GET", f"{V}/sobjects/Lead/{lead}").headers
    assert headers["last-modified"] == format_datetime(START + timedelta(minutes=1), usegmt=True)
    assert "etag" not in headers


def test_a_record_that_is_known_is_not_sent_again(client: OrgClient) -> None:
    path = f"{V}/sobjects/Lead/" + client.insert("Lead", LastName="L", Company="C")
    known = client.call("GET", path, headers={"If-Modified-Since": NOW})
    assert (known.status, known.content) == (304, b"")
    assert client.call("GET", path, headers={"If-Modified-Since": EARLIER}).status == 200


def test_a_change_is_refused_where_somebody_was_faster(client: OrgClient, org: Org) -> None:
    path = f"{V}/sobjects/Lead/" + client.insert("Lead", LastName="L", Company="C")
    unmodified = {"If-Unmodified-Since": NOW}
    assert client.call("PATCH", path, {"Title": "first"}, unmodified).status == 204
    org.clock.advance(1)
    assert client.call("PATCH", path, {"Title": "second"}, unmodified).status == 204
    late = client.call("PATCH", path, {"Title": "third"}, unmodified)
    assert (late.status, late.code) == (412, "PRECONDITION_FAILED")
    assert client.call("GET", path).json["Title"] == "second"
    assert client.call("GET", path, headers=unmodified).status == 412


def test_an_account_has_a_tag_that_changes_with_it(client: OrgClient) -> None:
    path = f"{V}/sobjects/Account/" + client.insert("Account", Name="Acme")
    tag = client.call("GET", path + "?fields=Name").headers["etag"]
    assert client.call("GET", path, headers={"If-None-Match": tag}).status == 304
    assert client.call("GET", path, headers={"If-Match": tag}).status == 200
    assert client.call("PATCH", path, {"Name": "B"}, {"If-None-Match": tag}).status == 412
    assert client.call("PATCH", path, {"Name": "B"}, {"If-Match": tag}).status == 204
    # The second is the same, the content is not.
    assert client.call("PATCH", path, {"Name": "C"}, {"If-Match": tag}).status == 412
    assert client.call("GET", path, headers={"If-None-Match": tag}).status == 200


def test_a_date_that_is_none_fails_a_change(client: OrgClient) -> None:
    path = f"{V}/sobjects/Lead/" + client.insert("Lead", LastName="L", Company="C")
    answer = client.call("PATCH", path, {"Title": "x"}, {"If-Unmodified-Since": "soon"})
    assert (answer.status, answer.code) == (400, "INVALID_HEADER")


def test_deleting_knows_no_conditions(client: OrgClient) -> None:
    path = f"{V}/sobjects/Account/" + client.insert("Account", Name="Acme")
    assert client.call("DELETE", path, headers={"If-Match": '"x"'}).status == 204
