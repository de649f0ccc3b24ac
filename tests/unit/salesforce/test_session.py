from collections.abc import Iterator

import pytest

from isthmus.salesforce import (
    ClientSettings,
    ConnectionLost,
    DailyLimitReached,
    HostNotAllowed,
    HostPolicy,
    HostUnreachable,
    OrgChanged,
    OutcomeUnknown,
    QueryRefused,
    QueryTimedOut,
    RequestRefused,
    Salesforce,
    SalesforceError,
    ServerFault,
    ServerUnavailable,
    SessionExpired,
    SignInRefused,
    Usage,
)
from isthmus.salesforce.wire import Response
from unit.salesforce.scripted import (
    ACME,
    CREDENTIALS,
    DATA,
    EXPIRED,
    ORG_ID,
    SIGNED_IN,
    TOKEN_PATH,
    USER_ID,
    Naps,
    ScriptedTransport,
    client,
    refuses,
    says,
    signed_in,
    token_body,
)

LIMITS = says({"DailyApiRequests": {"Max": 15000, "Remaining": 14998}})
PASSING: list[Response | Exception] = [
    says(b"<h1>Not Acceptable</h1>", 406),
    says(b"<h1>No route</h1>", 420),
    says(b"", 429),
    says(b"", 502),
    refuses("SERVER_UNAVAILABLE", "down", 503),
    says(b"", 504),
    refuses("REQUEST_LIMIT_EXCEEDED", "ConcurrentPerOrgLongTxn Limit exceeded.", 403),
    ConnectionLost(),
    HostUnreachable(),
]
UNCERTAIN: list[Response | Exception] = [
    says(b"", 500),
    says(b"", 502),
    says(b"", 503),
    says(b"", 504),
    refuses("UNKNOWN_EXCEPTION", "ErrorId 1", 500),
    says(b"<html>not json</html>"),
    ConnectionLost(),
]
CONTACT = [{"Id": "003000000000001AAA"}]


def test_nothing_is_sent_before_it_is_needed() -> None:
    transport = ScriptedTransport()
    client(transport)
    assert transport.calls == 0


def test_the_first_call_signs_in_and_uses_the_token() -> None:
    org, transport = signed_in(LIMITS)
    assert org.limits()["DailyApiRequests"]["Remaining"] == 14998
    assert transport.targets == [f"POST {TOKEN_PATH}", f"GET {DATA}/limits"]
    assert transport.requests[1].url == f"{ACME}{DATA}/limits"
    assert transport.requests[1].headers["Authorization"] == "Bearer 00Dxx0000001gPL!first"


def test_org_user_and_instance_come_from_the_sign_in() -> None:
    org, transport = signed_in()
    assert (org.org_id, org.user_id, org.instance_url) == (ORG_ID, USER_ID, ACME)
    assert transport.calls == 1


@pytest.mark.parametrize("failure", PASSING)
def test_a_read_is_repeated_after_what_passes(failure: Response | Exception) -> None:
    org, transport = signed_in(failure, failure, LIMITS)
    assert org.limits()
    assert transport.calls == org.calls == 4


def test_pauses_double_up_to_a_limit_with_jitter() -> None:
    naps = Naps(random=0.5)
    transport = ScriptedTransport(SIGNED_IN, *[says(b"", 503)] * 6)
    settings = ClientSettings(first_pause_seconds=1, longest_pause_seconds=4)
    with pytest.raises(ServerUnavailable):
        client(transport, naps, settings).limits()
    assert naps.slept == [0.75, 1.5, 3, 3, 3]
    assert transport.calls == 7


def test_a_fault_inside_salesforce_is_tried_twice_more_only() -> None:
    org, transport = signed_in(*[refuses("UNKNOWN_EXCEPTION", "ErrorId 1", 500)] * 3)
    with pytest.raises(ServerFault):
        org.limits()
    assert transport.calls == 4


@pytest.mark.parametrize(
    ("refusal", "kind"),
    [
        (refuses("MALFORMED_QUERY"), QueryRefused),
        (refuses("QUERY_TIMEOUT"), QueryTimedOut),
        (
            refuses("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", 403),
            DailyLimitReached,
        ),
    ],
)
def test_a_refusal_that_stays_is_raised_at_once(
    refusal: Response, kind: type[SalesforceError]
) -> None:
    org, transport = signed_in(refusal)
    with pytest.raises(kind):
        list(org.query("SELECT Id FROM Lead"))
    assert transport.calls == 2


@pytest.mark.parametrize("failure", UNCERTAIN)
def test_a_write_whose_answer_is_lost_is_not_repeated(failure: Response | Exception) -> None:
    org, transport = signed_in(failure)
    with pytest.raises(OutcomeUnknown, match="Ask Salesforce"):
        org.collections.update("Contact", CONTACT)
    assert transport.calls == 2


@pytest.mark.parametrize("status", [406, 420, 429])
def test_a_write_that_was_not_taken_is_not_repeated_but_its_outcome_is_known(status: int) -> None:
    org, transport = signed_in(says(b"", status))
    with pytest.raises(SalesforceError) as caught:
        org.collections.update("Contact", CONTACT)
    assert not isinstance(caught.value, OutcomeUnknown)
    assert transport.calls == 2


def test_a_write_that_was_never_sent_is_repeated() -> None:
    done = says([{"id": "003000000000001AAA", "success": True, "errors": []}])
    org, transport = signed_in(HostUnreachable(), HostUnreachable(), done)
    assert org.collections.update("Contact", CONTACT)[0].success
    assert transport.calls == 4


def test_an_ended_session_is_renewed_once_and_the_request_repeated() -> None:
    renewed = says(
        token_body("00Dxx0000001gPL!second", instance_url="https://moved.my.salesforce.com")
    )
    org, transport = signed_in(EXPIRED, renewed, LIMITS)
    assert org.limits()
    assert transport.requests[3].url == f"https://moved.my.salesforce.com{DATA}/limits"
    assert transport.requests[3].headers["Authorization"] == "Bearer 00Dxx0000001gPL!second"
    assert org.instance_url == "https://moved.my.salesforce.com"


def test_even_a_write_is_repeated_after_its_session_had_ended() -> None:
    done = says([{"id": "003000000000001AAA", "success": True, "errors": []}])
    org, transport = signed_in(EXPIRED, SIGNED_IN, done)
    assert org.collections.update("Contact", CONTACT)[0].success
    assert transport.bodies[1] == transport.bodies[3]


def test_a_session_that_ends_at_once_again_is_an_error() -> None:
    org, transport = signed_in(EXPIRED, SIGNED_IN, EXPIRED)
    with pytest.raises(SessionExpired):
        org.limits()
    assert transport.calls == 4


@pytest.mark.parametrize(
    "words",
    [
        "Connected app is not attached to Agent",
        "This session is not valid for use with the REST API",
    ],
)
def test_a_refusal_that_a_new_token_does_not_cure_is_final(words: str) -> None:
    org, transport = signed_in(refuses("INVALID_SESSION_ID", words, 401))
    with pytest.raises(SignInRefused, match=words):
        org.limits()
    assert transport.calls == 2


def test_an_upload_from_an_iterator_is_not_sent_half_after_a_renewal() -> None:
    def pieces() -> Iterator[bytes]:
        yield b"Id\n"
        yield b"003000000000001AAA\n"

    org, transport = signed_in(EXPIRED, SIGNED_IN, EXPIRED, SIGNED_IN, says(b"", 201))
    with pytest.raises(SessionExpired, match="Send the body again"):
        org.bulk_ingest.upload("750", pieces())
    assert transport.targets[-1] == f"POST {TOKEN_PATH}"
    assert org.bulk_ingest.upload("750", [*pieces()]) == 22
    assert transport.bodies[-1] == b"Id\n003000000000001AAA\n"


def test_a_sign_in_that_reaches_another_org_stops_everything() -> None:
    other = "https://login.salesforce.com/id/00Dyy0000001gPLEAY/005xx000001SwiUAAS"
    org, _ = signed_in(EXPIRED, says(token_body(id=other)))
    with pytest.raises(OrgChanged, match=r"00Dxx.* before and 00Dyy"):
        org.limits()


@pytest.mark.parametrize("passing", [says(b"", 503), ConnectionLost(), says(b"<html>")])
def test_a_sign_in_is_repeated_after_what_passes(passing: Response | Exception) -> None:
    org = client(ScriptedTransport(passing, passing, SIGNED_IN))
    assert org.org_id == ORG_ID


def test_a_refused_sign_in_is_not_repeated() -> None:
    transport = ScriptedTransport(says({"error": "invalid_client_id"}, 400))
    with pytest.raises(SignInRefused, match="invalid_client_id"):
        client(transport).limits()
    assert transport.calls == 1


def test_a_sign_in_lost_in_the_middle_of_a_write_leaves_no_doubt_about_the_write() -> None:
    org, _ = signed_in(EXPIRED, *[ConnectionLost()] * 6)
    with pytest.raises(ConnectionLost):
        org.collections.update("Contact", CONTACT)


def test_secrets_are_not_sent_to_a_login_host_that_is_not_allowed() -> None:
    transport = ScriptedTransport()
    credentials = type(CREDENTIALS)(
        login_url="https://evil.example", client_id="app", client_secret="very-secret"
    )
    with pytest.raises(HostNotAllowed):
        _ = Salesforce(credentials, hosts=HostPolicy(), transport=transport).org_id
    assert transport.calls == 0


def test_an_instance_that_is_not_allowed_never_sees_the_token() -> None:
    transport = ScriptedTransport(says(token_body(instance_url="https://evil.example")))
    with pytest.raises(HostNotAllowed):
        client(transport).limits()
    assert transport.calls == 1


@pytest.mark.parametrize(
    "link",
    [
        "https://evil.example/services/data/v62.0/query/01g-2000",
        "https://acme.my.salesforce.com.evil.example/services/data/v62.0/query/01g-2000",
        "//evil.example/services/data/v62.0/query/01g-2000",
        "/services/..\\evil",
    ],
)
def test_a_link_that_leads_away_from_the_instance_is_not_followed(link: str) -> None:
    page = {"totalSize": 2, "done": False, "nextRecordsUrl": link, "records": [{"Id": "1"}]}
    org, transport = signed_in(says(page))
    with pytest.raises((HostNotAllowed, SalesforceError)):
        list(org.query("SELECT Id FROM Lead"))
    assert transport.calls == 2


def test_a_full_link_on_the_instance_is_followed() -> None:
    link = f"{ACME}{DATA}/query/01g-2000"
    page = {"totalSize": 2, "done": False, "nextRecordsUrl": link, "records": [{"Id": "1"}]}
    last = {"totalSize": 2, "done": True, "records": [{"Id": "2"}]}
    org, transport = signed_in(says(page), says(last))
    assert [record["Id"] for record in org.query("SELECT Id FROM Lead")] == ["1", "2"]
    assert transport.requests[2].url == link


def test_a_redirect_to_another_host_is_refused_by_name() -> None:
    org, transport = signed_in(says(b"", 302, {"Location": "https://evil.example/steal"}))
    with pytest.raises(HostNotAllowed, match=r"evil\.example"):
        org.limits()
    assert transport.calls == 2


def test_a_redirect_on_the_same_host_is_not_followed_either() -> None:
    org, transport = signed_in(says(b"", 307, {"Location": f"{ACME}/elsewhere"}))
    with pytest.raises(RequestRefused, match="redirected"):
        org.limits()
    assert transport.calls == 2


def test_a_login_host_that_redirects_is_named() -> None:
    moved = says(b"", 302, {"Location": "https://other.my.salesforce.com/services/oauth2/token"})
    with pytest.raises(HostNotAllowed, match=r"other\.my\.salesforce\.com.* login URL"):
        client(ScriptedTransport(moved)).limits()


def test_the_latest_known_usage_is_kept() -> None:
    header = {"Sforce-Limit-Info": "api-usage=18/15000; per-app-api-usage=17/250(appName=x)"}
    org, _ = signed_in(says({}, 200, header), says({}, 200, {"Sforce-Limit-Info": "none"}))
    assert org.usage is None
    org.limits()
    org.limits()
    assert org.usage == Usage(used=18, maximum=15000)


def test_usage_is_also_read_from_a_refusal() -> None:
    header = {"Sforce-Limit-Info": "api-usage=15000/15000"}
    refusal = Response(status=403, headers=header, body=b'[{"errorCode":"REQUEST_LIMIT_EXCEEDED"}]')
    org, _ = signed_in(refusal)
    with pytest.raises(DailyLimitReached):
        org.limits()
    assert org.usage == Usage(used=15000, maximum=15000)
