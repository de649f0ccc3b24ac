from typing import Any

import pytest

from isthmus.salesforce import HostNotAllowed, HostPolicy
from unit.salesforce.scripted import cases


@pytest.mark.parametrize("case", cases("hosts.yaml"), ids=lambda case: repr(case["url"]))
def test_secrets_go_to_allowed_hosts_only(case: dict[str, Any]) -> None:
    policy = HostPolicy(frozenset(case.get("extra", ())))
    if case["allowed"]:
        assert policy.check(case["url"]) == case["url"].rstrip("/")
    else:
        with pytest.raises(HostNotAllowed):
            policy.check(case["url"])


def test_the_refusal_names_the_host_what_is_allowed_and_the_setting() -> None:
    with pytest.raises(HostNotAllowed) as caught:
        HostPolicy(frozenset({"127.0.0.1:8080"})).check("https://evil.example/x")
    for part in ("https://evil.example", "salesforce.com", "127.0.0.1:8080"):
        assert part in str(caught.value)
    assert "ISTHMUS_SALESFORCE_HOSTS" in str(caught.value)


def test_the_refusal_does_not_repeat_what_may_be_a_secret() -> None:
    with pytest.raises(HostNotAllowed) as caught:
        HostPolicy().check("https://user:hunter2@acme.my.salesforce.com/?token=hunter3")
    assert "hunter" not in str(caught.value)


def test_a_lightning_host_is_refused_with_a_hint_at_the_right_one() -> None:
    with pytest.raises(HostNotAllowed, match=r"use the org's \*\.my\.salesforce\.com host"):
        HostPolicy().check("https://acme.lightning.force.com")
