"""`isthmus authorization`, `app`, `secrets` and `connection accept-org`: signing in by command."""

import re
from pathlib import Path
from typing import Any

import pytest

from isthmus.connections.secrets import new_key
from journeys.processes import SECRET, Isthmus, LocalOrg

SETUP = """
apps: [{name: Integration, client_id: localorg}]
connections:
  - {key: acme, name: Acme}
  - {key: other, name: Other}
  - key: asked
    authorization: {flow: browser, login_url: "${LOCALORG_URL}", app: Integration}
"""
CONNECT = ("authorization", "connect", "acme", "--client-id", "x", "--login-url")
PRODUCTION = "https://login.salesforce.com"
USER = "integration@localorg.example"


@pytest.fixture(scope="module")
def known(shared_isthmus: Isthmus, shared_org: LocalOrg, folder: Path) -> Isthmus:
    """The command with three connections, none of which is signed in, and an org within reach."""
    document = folder / "sign_ins.yaml"
    document.write_text(SETUP)
    command = shared_isthmus.set(**shared_org.environment)
    command.expect("config", "apply", str(document))
    return command


def connect(isthmus: Isthmus, org: LocalOrg, key: str, secret: str = SECRET) -> Any:
    options = ("--login-url", org.url, "--client-id", "localorg")
    return isthmus.run("authorization", "connect", key, *options, stdin=f"{secret}\n")


def test_a_sign_in_is_made_shown_shared_checked_and_removed(
    known: Isthmus, shared_org: LocalOrg
) -> None:
    refused = connect(known, shared_org, "acme", "not this one")
    assert (refused.status, refused.out) == (1, "")
    assert "'Acme' was not connected" in refused.err
    assert "not this one" not in refused.err
    made = connect(known, shared_org, "acme")
    assert (made.status, made.out) == (0, "")
    assert f"'Acme' is connected: {USER} in localorg" in made.err
    known.expect("authorization", "share", "other", "acme")
    rows = {
        tuple(each["connections"]): each
        for each in known.json("authorization", "list")["authorizations"]
    }
    assert set(rows) == {("acme", "other"), ("asked",)}
    assert rows["asked",]["state"] == "to be connected"
    found = known.json("authorization", "show", "other")
    assert found == rows["acme", "other"]
    assert (found["state"], found["flow"]) == ("good", "client_credentials")
    assert (found["user_name"], found["signed_in_by"]) == (USER, "the command line")
    assert SECRET not in str(rows)
    lacking = {"permission": "ManageDataIntegrations", "given": False}
    shared_org.control("rights", lacking)
    try:
        checked = known.expect("authorization", "check", "acme")
    finally:
        shared_org.control("rights", {}, method="DELETE")
    assert "missing: needed to see and end Bulk jobs" in checked.out
    assert "lacks Manage Data Integrations" in checked.err
    again = known.json("authorization", "check", "acme")
    assert again["permissions"]["Manage Data Integrations"] is True
    assert "has no sign-in any more" in known.expect("authorization", "remove", "other").err
    assert "other" not in str(known.json("authorization", "list"))
    known.expect("authorization", "remove", "acme")


def test_a_key_is_made_here_and_never_printed(known: Isthmus, place: Path) -> None:
    path = place / "acme.crt"
    made = known.expect("authorization", "certificate", "acme", "--output", str(path))
    assert made.out == ""
    assert path.read_text().startswith("-----BEGIN CERTIFICATE-----")
    [number] = re.findall(r"has number (\d+)", made.err)
    shown = known.json("authorization", "certificate", "acme")
    assert shown["number"] == int(number) + 1
    assert shown["certificate"].startswith("-----BEGIN CERTIFICATE-----")
    plain = known.expect("authorization", "certificate", "acme")
    assert plain.out.startswith("-----BEGIN CERTIFICATE-----")
    assert "PRIVATE" not in plain.out + plain.err + str(shown) + path.read_text()


def test_apps_are_saved_listed_and_deleted(known: Isthmus) -> None:
    said = known.run(
        "app", "save", "Second", "--client-id", "3MVG9", "--secret-stdin", stdin="s3\n"
    )
    assert (said.status, said.out, said.err.count("s3")) == (0, "", 0)
    assert known.json("app", "list")["apps"][1] == {
        "name": "Second",
        "client_id": "3MVG9",
        "has_secret": True,
        "connections": [],
    }
    known.expect("app", "save", "Second", "--client-id", "3MVG8")
    changed = known.json("app", "list")["apps"][1]
    assert (changed["client_id"], changed["has_secret"]) == ("3MVG8", True)
    assert "Second" in known.expect("app", "list").out
    known.expect("app", "delete", "Second")
    assert len(known.json("app", "list")["apps"]) == 1


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["authorization", "show", "nobody"], 1, "There is no connection 'nobody'"),
        (["authorization", "show", "other"], 1, "has no sign-in"),
        (["authorization", "check", "asked"], 1, "by browser"),
        (["authorization", "check", "a\u202eb"], 1, "There is no connection"),
        (["authorization", "share", "acme", "nobody"], 1, "There is no connection 'nobody'"),
        (["authorization", "share", "acme", "other"], 1, "has no sign-in"),
        (["authorization", "remove", "other"], 1, "has no sign-in"),
        (["authorization", "connect", "acme"], 2, "--login-url"),
        (
            [*CONNECT, "https://evil.example"],
            1,
            "is not a host that secrets may be sent to",
        ),
        (
            [*CONNECT, PRODUCTION, "--username", "me", "--key", "/nowhere/acme.key"],
            2,
            "can't be read (No such file or directory)",
        ),
        (
            [*CONNECT, PRODUCTION, "--username", "me", "--made", "999"],
            1,
            "There is no certificate that waits to be used, '999'",
        ),
        (
            ["authorization", "certificate", "acme", "--output", "/nowhere/acme.crt"],
            2,
            "can't be written (No such file or directory)",
        ),
        (["app", "save", "", "--client-id", "x"], 1, "needs a name and a consumer key"),
        (["app", "save", "New", "--client-id", "é"], 1, "no consumer key"),
        (["app", "save", "New"], 2, "--client-id"),
        (["app", "save", "Set by the operator", "--client-id", "x"], 1, "environment"),
        (["app", "delete", "Nothing"], 1, "There is no app 'Nothing'"),
        (["connection", "accept-org", "nobody"], 1, "There is no connection 'nobody'"),
        (["connection", "accept-org", "other"], 0, "Other"),
    ],
)
def test_what_is_given_wrongly_is_said_with_what_to_do(
    known: Isthmus, words: list[str], status: int, said: str
) -> None:
    ended = known.run(*words, stdin="secret\n")
    assert (ended.status, ended.out) == (status, ""), ended
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_an_app_in_use_is_kept_and_says_by_whom(known: Isthmus) -> None:
    for words in (["delete", "Integration"], ["save", "Integration", "--client-id", "another"]):
        ended = known.expect("app", *words, status=1)
        assert "while connections sign in through it: 'asked'" in ended.err


def test_another_key_seals_everything_again(known: Isthmus, shared_org: LocalOrg) -> None:
    assert connect(known, shared_org, "acme").status == 0
    old = (known.home / "secret.key").read_text().split()[0]
    key = known.expect("secrets", "key").out.strip()
    assert key != new_key()
    both = known.set(ISTHMUS_SECRET_KEY=f"{key},{old}")
    assert "sealed with the first key" in both.expect("secrets", "rotate").err
    alone = known.set(ISTHMUS_SECRET_KEY=key)
    assert alone.json("authorization", "check", "acme")["state"] == "good"
    assert known.run("authorization", "check", "acme").status == 1
    back = known.set(ISTHMUS_SECRET_KEY=f"{old},{key}")
    assert "sealed with the first key" in back.expect("secrets", "rotate").err
    known.expect("authorization", "check", "acme")


def test_lists_fit_a_terminal(known: Isthmus) -> None:
    for words in (["authorization", "list"], ["authorization", "show", "asked"], ["app", "list"]):
        lines = known.on_terminal(*words).out.splitlines()
        assert lines
        assert max(map(len, lines)) <= 80, lines
