import logging
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import orjson
import pytest

from integration.salesforce.little_org import (
    LittleOrg,
    Play,
    Sleeps,
    answer,
    connect,
    cut,
    no_answer,
    reset,
    silence,
)
from isthmus import __version__
from isthmus.salesforce import (
    ClientCredentials,
    ClientSettings,
    ConnectionLost,
    HostNotAllowed,
    HostPolicy,
    HostUnreachable,
    OutcomeUnknown,
    Salesforce,
    SalesforceError,
    ServerUnavailable,
)
from unit.salesforce.scripted import DATA, SECRET, TOKEN_PATH

LIMITS = f"GET {DATA}/limits"
JOBS = f"POST {DATA}/jobs/ingest"
UPDATE = f"PATCH {DATA}/composite/sobjects"
SIGN_IN = f"POST {TOKEN_PATH}"
OK = answer({"DailyApiRequests": {"Max": 15000, "Remaining": 1}})
EXPIRED = answer([{"errorCode": "INVALID_SESSION_ID", "message": "expired"}], 401)
HTML = {"Content-Type": "text/html"}
CONTACT = [{"Id": "003000000000001AAA"}]


@pytest.mark.parametrize(
    "fault",
    [
        answer([{"errorCode": "SERVER_UNAVAILABLE", "message": "down"}], 503),
        answer(b"<html><h1>No route</h1></html>", 420, HTML),
        answer(b"<html><h1>Bad gateway</h1></html>", 502, HTML),
        answer(b"<html><h1>We are down</h1></html>", 200, HTML),
        cut(b'{"DailyApi', 100),
        no_answer,
        reset,
    ],
    ids=["503", "420", "502", "html-200", "cut", "no-answer", "reset"],
)
def test_a_read_gets_through_what_passes(
    little_org: LittleOrg, client: Salesforce, fault: Play
) -> None:
    little_org.plays(LIMITS, fault, fault, OK)
    assert client.limits()["DailyApiRequests"]["Remaining"] == 1
    assert little_org.count(LIMITS) == 3
    assert client.calls == 4


def test_what_does_not_pass_is_told_in_salesforces_words(
    little_org: LittleOrg, client: Salesforce
) -> None:
    little_org.plays(LIMITS, answer(b"<h1>Down for maintenance</h1>", 503, HTML))
    with pytest.raises(ServerUnavailable, match=r"limits was answered 503: Down for maintenance"):
        client.limits()
    assert little_org.count(LIMITS) == ClientSettings().tries


def test_a_sign_in_gets_through_what_passes(little_org: LittleOrg, client: Salesforce) -> None:
    little_org.faults(answer(b"", 503), no_answer)
    assert client.org_id.startswith("00D")
    assert client.calls == 3


def test_a_server_that_never_answers_is_given_up(little_org: LittleOrg) -> None:
    little_org.plays(LIMITS, silence(little_org.over))
    settings = ClientSettings(read_seconds=0.05, tries=2)
    with (
        connect(little_org, settings) as client,
        pytest.raises(ConnectionLost, match=r"127\.0\.0\.1:\d+ did not answer in time"),
    ):
        client.limits()
    assert little_org.count(LIMITS) == 2


@pytest.mark.parametrize(
    "fault", [no_answer, reset, answer(b"", 504)], ids=["no answer", "reset", "504"]
)
def test_a_write_whose_answer_is_lost_goes_out_once(
    little_org: LittleOrg, client: Salesforce, fault: Play
) -> None:
    little_org.plays(UPDATE, fault)
    little_org.plays(JOBS, fault)
    with pytest.raises(OutcomeUnknown, match="Ask Salesforce"):
        client.collections.update("Contact", CONTACT)
    with pytest.raises(OutcomeUnknown, match="Ask Salesforce"):
        client.bulk_ingest.create("Contact", "insert")
    assert (little_org.count(UPDATE), little_org.count(JOBS)) == (1, 1)


def test_a_write_that_is_never_answered_goes_out_once(little_org: LittleOrg) -> None:
    little_org.plays(JOBS, silence(little_org.over))
    with (
        connect(little_org, ClientSettings(read_seconds=0.05)) as client,
        pytest.raises(OutcomeUnknown, match="did not answer in time"),
    ):
        client.bulk_ingest.create("Contact", "insert")
    assert little_org.count(JOBS) == 1


def test_a_kept_connection_that_went_away_meanwhile_does_no_harm(
    little_org: LittleOrg, client: Salesforce
) -> None:
    little_org.plays(LIMITS, answer({"a": {}}, headers={"Connection": "close"}), OK)
    assert client.limits() == {"a": {}}
    assert client.limits()["DailyApiRequests"]
    assert client.calls == 3


def test_an_ended_session_is_renewed_once(little_org: LittleOrg, client: Salesforce) -> None:
    little_org.plays(LIMITS, EXPIRED, OK)
    assert client.limits()["DailyApiRequests"]
    assert little_org.targets() == [SIGN_IN, LIMITS, SIGN_IN, LIMITS]


def test_many_threads_share_one_sign_in_and_one_renewal(little_org: LittleOrg) -> None:
    little_org.checks_tokens = True
    threads = 12
    together = threading.Barrier(threads)

    def call(client: Salesforce) -> object:
        together.wait()
        return client.limits()

    with connect(little_org) as client, ThreadPoolExecutor(threads) as pool:
        assert list(pool.map(call, [client] * threads)) == [{}] * threads
        assert little_org.tokens == 1
        little_org.tokens = 2  # The server forgets the token that it gave out.
        assert list(pool.map(call, [client] * threads)) == [{}] * threads
        assert little_org.count(SIGN_IN) == 2
        assert client.calls == len(little_org.seen)


def test_a_redirect_to_another_host_takes_no_token_there(
    little_org: LittleOrg, client: Salesforce
) -> None:
    other = LittleOrg()
    little_org.plays(LIMITS, answer(b"", 302, {"Location": f"{other.url}/services"}))
    with pytest.raises(HostNotAllowed, match=other.host):
        client.limits()
    other.close()
    assert other.seen == []


def test_a_redirected_sign_in_takes_no_secret_there(
    little_org: LittleOrg, client: Salesforce
) -> None:
    other = LittleOrg()
    little_org.plays(SIGN_IN, answer(b"", 307, {"Location": f"{other.url}{TOKEN_PATH}"}))
    with pytest.raises(HostNotAllowed, match=other.host):
        client.limits()
    other.close()
    assert other.seen == []


@pytest.fixture
def closed_port() -> Iterator[int]:
    with socket.socket() as kept:
        kept.bind(("127.0.0.1", 0))  # Bound but not listening: nobody else can take it.
        yield kept.getsockname()[1]


def test_a_host_that_is_not_there_is_named_with_the_next_step(closed_port: int) -> None:
    sleeps = Sleeps()
    host = f"127.0.0.1:{closed_port}"
    client = Salesforce(
        ClientCredentials(login_url=f"http://{host}", client_id="app", client_secret=SECRET),
        hosts=HostPolicy(frozenset({host})),
        clock=sleeps.clock(),
    )
    with client, pytest.raises(HostUnreachable) as caught:
        client.limits()
    assert f"{host} cannot be reached (" in str(caught.value)
    assert "refused" in str(caught.value)
    assert "Check the host name" in str(caught.value)
    assert sleeps.seconds == [0.5, 1, 2, 4, 8]


def test_every_request_says_who_is_calling(little_org: LittleOrg, client: Salesforce) -> None:
    client.limits()
    for seen in little_org.seen:
        assert seen.headers["Sforce-Call-Options"] == "client=Isthmus"
        assert seen.headers["User-Agent"] == f"isthmus/{__version__}"


def test_the_log_has_neither_tokens_nor_secrets_nor_queries(
    little_org: LittleOrg, client: Salesforce, caplog: pytest.LogCaptureFixture
) -> None:
    little_org.plays(f"GET {DATA}/query", EXPIRED, answer({"done": True, "records": []}))
    with caplog.at_level(logging.DEBUG, logger="isthmus.salesforce"):
        list(client.query("SELECT Id FROM Lead WHERE Email = 'bob@example.com'"))
    logged = "\n".join(
        record.getMessage() for record in caplog.records if record.name == "isthmus.salesforce"
    )
    assert f"GET {DATA}/query answered 200" in logged
    for secret in (SECRET, "!t1", "!t2", "bob@example.com", "bob%40"):
        assert secret not in logged


def test_an_error_and_its_causes_have_neither_tokens_nor_secrets(
    little_org: LittleOrg, client: Salesforce
) -> None:
    echo = orjson.dumps([{"errorCode": "INVALID_FIELD", "message": "00Dxx0000001gPL!t1 is bad"}])
    little_org.plays(LIMITS, answer(echo, 400))
    little_org.plays(UPDATE, no_answer)
    shown = []
    for call in (client.limits, lambda: client.collections.update("Contact", CONTACT)):
        with pytest.raises(SalesforceError) as caught:
            call()
        error: BaseException | None = caught.value
        while error is not None:
            shown.append(f"{error!r} {error} {vars(error)!r}")
            error = error.__cause__
    assert len(shown) > 3
    for secret in ("!t1", SECRET):
        assert secret not in "\n".join(shown)
