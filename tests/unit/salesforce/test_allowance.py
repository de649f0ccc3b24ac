"""Each API call is covered before it is sent, each time that it is sent; signing in is not."""

import pytest

from isthmus.salesforce import (
    ConnectionLost,
    DailyLimitReached,
    HostPolicy,
    HostUnreachable,
    RequestRefused,
    Salesforce,
    Usage,
)
from isthmus.salesforce.allowance import counts
from isthmus.salesforce.wire import Response
from unit.salesforce.scripted import (
    CREDENTIALS,
    EXPIRED,
    ORG_ID,
    SIGNED_IN,
    Naps,
    ScriptedTransport,
    says,
)

LIMITS = says({"DailyApiRequests": {"Max": 15000, "Remaining": 14998}})


class Purse:
    """So many calls, and what became of them."""

    def __init__(self, calls: int) -> None:
        self.calls, self.heard, self.closed = calls, [], 0  # type: ignore[var-annotated]
        self.orgs: set[str] = set()

    def take(self, org_id: str) -> int:
        self.orgs.add(org_id)
        if not self.calls:
            raise DailyLimitReached("Nothing is left.")
        self.calls -= 1
        return 1

    def put_back(self, taken: int) -> None:
        self.calls += taken

    def told(self, org_id: str, usage: Usage) -> None:
        self.heard.append((org_id, usage.used, usage.maximum))

    def close(self) -> None:
        self.closed += 1


def client(
    calls: int, *script: Response | Exception
) -> tuple[Salesforce, Purse, ScriptedTransport]:
    purse, transport = Purse(calls), ScriptedTransport(SIGNED_IN, *script)
    made = Salesforce(
        CREDENTIALS, hosts=HostPolicy(), clock=Naps().clock, transport=transport, allowance=purse
    )
    return made, purse, transport


def test_a_call_is_covered_in_the_org_that_was_signed_in_to_and_signing_in_is_free() -> None:
    org, purse, _ = client(10, LIMITS)
    org.limits()
    assert (purse.calls, purse.orgs) == (9, {ORG_ID})


def test_a_call_that_is_not_covered_is_not_sent() -> None:
    org, _, transport = client(1, LIMITS, LIMITS)
    org.limits()
    with pytest.raises(DailyLimitReached, match="Nothing is left"):
        org.limits()
    assert transport.calls == 2


def test_each_repetition_is_covered_by_itself() -> None:
    lost = ConnectionLost()
    org, purse, _ = client(10, lost, says(b"", 503), EXPIRED, SIGNED_IN, LIMITS)
    org.limits()
    assert purse.calls == 6


def test_repeating_ends_where_nothing_is_left() -> None:
    org, _, transport = client(2, ConnectionLost(), ConnectionLost(), LIMITS)
    with pytest.raises(DailyLimitReached):
        org.limits()
    assert transport.calls == 3


def test_a_call_that_was_never_sent_is_put_back() -> None:
    org, purse, _ = client(10, HostUnreachable(), HostUnreachable(), LIMITS)
    org.limits()
    assert purse.calls == 9


def test_what_an_answer_says_of_all_calls_is_told_also_where_it_is_a_refusal() -> None:
    header = {"sforce-limit-info": "api-usage=18/15000"}
    refused = says([{"errorCode": "STRANGE", "message": ""}], 400, header)
    org, purse, _ = client(10, says({}, 200, header), refused)
    org.limits()
    with pytest.raises(RequestRefused):
        org.limits()
    assert purse.heard == [(ORG_ID, 18, 15000)] * 2


def test_what_is_left_is_given_back_at_the_end() -> None:
    org, purse, _ = client(10, LIMITS)
    with org:
        org.limits()
    assert purse.closed == 1


@pytest.mark.parametrize(
    ("path", "is_counted"),
    [
        ("/services/data/v62.0/limits", True),
        ("/services/data/v62.0/query?q=SELECT", True),
        ("/services/data/v62.0/", True),
        ("/services/async/62.0/job", True),
        ("/services/data", False),
        ("/services/data/", False),
        ("/services/oauth2/userinfo", False),
        ("/services/oauth2/token", False),
    ],
)
def test_all_but_signing_in_and_the_list_of_versions_counts(path: str, *, is_counted: bool) -> None:
    assert counts(f"https://acme.my.salesforce.com{path}") is is_counted
