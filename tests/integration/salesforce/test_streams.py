import gzip
import hashlib
from collections.abc import Iterator

import pytest

from integration.salesforce.little_org import (
    LittleOrg,
    Play,
    answer,
    chunked,
    connect,
    cut,
    no_answer,
    silence,
)
from isthmus.errors import Retryable
from isthmus.salesforce import (
    ClientSettings,
    OutcomeUnknown,
    PageCut,
    RequestTooLarge,
    Salesforce,
    WrongJobState,
)
from unit.salesforce.scripted import DATA, USER_ID

ID = "750xx0000000001AAA"
JOB = {
    "id": ID,
    "operation": "query",
    "object": "Lead",
    "createdById": USER_ID,
    "state": "JobComplete",
    "apiVersion": 62.0,
}
RESULTS = f"GET {DATA}/jobs/query/{ID}/results"
BATCHES = f"PUT {DATA}/jobs/ingest/{ID}/batches"
HEADERS = {"Sforce-NumberOfRecords": "50000", "Sforce-Locator": "MTAw"}
CSV = b'"Id","Name"\n' + b'"003000000000001AAA","\xc3\x9cnal, ""Bob"""\n' * 50_000


@pytest.fixture(autouse=True)
def job(little_org: LittleOrg) -> None:
    little_org.plays(f"GET {DATA}/jobs/query/{ID}", answer(JOB))


def read(client: Salesforce, size: int = 65_536) -> bytes:
    with client.bulk_query.page(ID, "first") as page:
        return b"".join(page.chunks(size))


@pytest.mark.parametrize(
    "play",
    [
        answer(CSV, headers=HEADERS),
        chunked(CSV[:100_000], CSV[100_000:]),
        answer(gzip.compress(CSV), headers={**HEADERS, "Content-Encoding": "gzip"}),
        chunked(CSV),
    ],
    ids=["length", "chunked", "gzip", "one-chunk"],
)
def test_a_page_comes_as_it_was_sent(little_org: LittleOrg, client: Salesforce, play: Play) -> None:
    little_org.plays(RESULTS, play)
    assert read(client) == CSV


def test_pieces_are_no_larger_than_asked_for(little_org: LittleOrg, client: Salesforce) -> None:
    little_org.plays(RESULTS, answer(CSV, headers=HEADERS))
    with client.bulk_query.page(ID) as page:
        assert (page.records, page.next_locator) == (50_000, "MTAw")
        sizes = [len(chunk) for chunk in page.chunks(10_000)]
    assert max(sizes) == 10_000
    assert sum(sizes) == len(CSV)


@pytest.mark.parametrize(
    "play",
    [
        cut(CSV[:-1], len(CSV), HEADERS),
        cut(CSV[:1000], len(CSV), HEADERS),
        cut(b"", len(CSV), HEADERS),
        chunked(CSV[:1000], whole=False),
        cut(gzip.compress(CSV)[:-9], len(gzip.compress(CSV)), {"Content-Encoding": "gzip"}),
        answer(b"no gzip at all", headers={"Content-Encoding": "gzip"}),
    ],
    ids=["last-byte", "early", "no-byte", "chunked", "gzip", "not-gzip"],
)
def test_a_cut_page_is_an_error_and_the_same_locator_gives_it_again(
    little_org: LittleOrg, client: Salesforce, play: Play
) -> None:
    little_org.plays(RESULTS, play, answer(CSV, headers=HEADERS))
    with pytest.raises(PageCut, match="again by the same locator") as caught:
        read(client)
    assert isinstance(caught.value, Retryable)
    assert read(client) == CSV
    assert little_org.count(RESULTS) == 2


def test_a_page_that_stops_in_the_middle_is_cut_after_the_time_out(little_org: LittleOrg) -> None:
    def stall(handler: object) -> None:
        cut_off = answer(CSV[:1000], headers={"Content-Length": str(len(CSV))})
        cut_off(handler)  # type: ignore[arg-type]
        silence(little_org.over)(handler)  # type: ignore[arg-type]

    little_org.plays(RESULTS, stall)
    with (
        connect(little_org, ClientSettings(read_seconds=0.05)) as client,
        pytest.raises(PageCut, match="did not answer in time"),
    ):
        read(client)


def test_what_fails_before_the_first_byte_is_repeated(
    little_org: LittleOrg, client: Salesforce
) -> None:
    little_org.plays(RESULTS, answer(b"", 503), no_answer, answer(CSV, headers=HEADERS))
    assert read(client) == CSV


def test_a_page_left_in_the_middle_spoils_no_later_call(
    little_org: LittleOrg, client: Salesforce
) -> None:
    little_org.plays(RESULTS, answer(CSV, headers=HEADERS))
    for _ in range(3):
        with client.bulk_query.page(ID) as page:
            assert next(page.chunks(10)) == CSV[:10]
    assert read(client) == CSV
    assert client.limits() == {}


def test_calls_one_after_the_other_share_a_connection(
    little_org: LittleOrg, client: Salesforce
) -> None:
    little_org.plays(RESULTS, answer(CSV, headers=HEADERS))
    little_org.plays(BATCHES, answer(b"", 201))
    assert client.limits() == {}
    assert read(client) == CSV
    assert client.bulk_ingest.upload(ID, pieces()) == len(CSV)
    assert client.limits() == {}
    assert len({seen.port for seen in little_org.seen}) == 1


def test_json_may_come_compressed(little_org: LittleOrg, client: Salesforce) -> None:
    packed = gzip.compress(b'{"DailyApiRequests": {"Max": 7}}')
    little_org.plays(f"GET {DATA}/limits", answer(packed, headers={"Content-Encoding": "gzip"}))
    assert client.limits() == {"DailyApiRequests": {"Max": 7}}
    assert little_org.seen[-1].headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize(
    ("wanted", "header"), [(None, "identity"), (False, "identity"), (True, "gzip")]
)
def test_pages_from_this_machine_travel_uncompressed_unless_asked_for(
    little_org: LittleOrg,
    wanted: bool | None,  # noqa: FBT001
    header: str,
) -> None:
    little_org.plays(RESULTS, answer(CSV))
    with connect(little_org, ClientSettings(compress_results=wanted)) as client:
        read(client)
    assert little_org.seen[-1].headers["Accept-Encoding"] == header


def pieces() -> Iterator[bytes]:
    for start in range(0, len(CSV), 77_777):
        yield CSV[start : start + 77_777]


@pytest.mark.parametrize("length", [None, len(CSV)])
def test_an_upload_streams_with_and_without_its_length(
    little_org: LittleOrg, client: Salesforce, length: int | None
) -> None:
    little_org.plays(BATCHES, answer(b"", 201))
    assert client.bulk_ingest.upload(ID, pieces(), length=length) == len(CSV)
    seen = little_org.seen[-1]
    assert hashlib.sha256(seen.body).digest() == hashlib.sha256(CSV).digest()
    assert seen.headers["Content-Type"] == "text/csv; charset=UTF-8"
    assert ("Content-Length" in seen.headers) is (length is not None)


@pytest.mark.parametrize("fault", [no_answer, answer(b"", 503)], ids=["no-answer", "503"])
def test_an_upload_whose_answer_is_lost_goes_out_once(
    little_org: LittleOrg, client: Salesforce, fault: Play
) -> None:
    little_org.plays(BATCHES, fault)
    with pytest.raises(OutcomeUnknown):
        client.bulk_ingest.upload(ID, [CSV])
    assert little_org.count(BATCHES) == 1


def test_a_second_upload_is_refused_by_salesforce(
    little_org: LittleOrg, client: Salesforce
) -> None:
    refusal = [{"errorCode": "INVALIDJOBSTATE", "message": "already uploaded"}]
    little_org.plays(BATCHES, answer(refusal, 409))
    with pytest.raises(WrongJobState, match="already uploaded"):
        client.bulk_ingest.upload(ID, [CSV])


class _SourceBrokeError(ConnectionResetError):
    """Of a kind that an HTTP library takes for its own."""


def test_what_the_source_of_an_upload_raises_comes_out_unchanged(
    little_org: LittleOrg, client: Salesforce
) -> None:
    def broken() -> Iterator[bytes]:
        yield CSV[:10]
        raise _SourceBrokeError

    little_org.plays(BATCHES, answer(b"", 201))
    with pytest.raises(_SourceBrokeError):
        client.bulk_ingest.upload(ID, broken())
    assert client.limits() == {}
    assert little_org.count(BATCHES) == 0


def test_an_upload_that_grows_too_large_is_never_finished(little_org: LittleOrg) -> None:
    little_org.plays(BATCHES, answer(b"", 201))
    with (
        connect(little_org, ClientSettings(upload_bytes=1_000_000)) as client,
        pytest.raises(RequestTooLarge, match="at most 1000000 bytes"),
    ):
        client.bulk_ingest.upload(ID, pieces())
    assert little_org.count(BATCHES) == 0
