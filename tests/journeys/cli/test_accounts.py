"""`isthmus user`: accounts by command."""

import pytest

from journeys.processes import Isthmus

PASSWORD = "a quiet harbour\n"


def add(isthmus: Isthmus, name: str, *options: str, status: int = 0) -> str:
    email = f"{name}@example.com"
    ended = isthmus.run("user", "add", email, "--password-stdin", *options, stdin=PASSWORD)
    assert ended.status == status, ended
    assert PASSWORD.strip() not in ended.out + ended.err
    return ended.err


def listed(isthmus: Isthmus) -> dict[str, tuple[str, bool, str]]:
    return {
        user["email"]: (user["role"], user["sees_personal_data"], user["state"])
        for user in isthmus.json("user", "list")["users"]
    }


def test_accounts_are_made_changed_and_switched_off_by_command(isthmus: Isthmus) -> None:
    assert "no account yet" in isthmus.expect("user", "list").err
    assert "administrator, sees personal data, on" in add(isthmus, "alice", "--name", "Alice")
    add(isthmus, "bob")
    add(isthmus, "charlie", "--role", "editor", "--personal-data")
    assert listed(isthmus) == {
        "alice@example.com": ("administrator", True, "on"),
        "bob@example.com": ("viewer", False, "on"),
        "charlie@example.com": ("editor", True, "on"),
    }
    isthmus.expect("user", "change", "BOB@example.com", "--role", "editor", "--personal-data")
    isthmus.expect("user", "change", "charlie@example.com", "--off")
    found = listed(isthmus)
    assert found["bob@example.com"] == ("editor", True, "on")
    assert found["charlie@example.com"] == ("editor", True, "off")
    changed = isthmus.run(
        "user", "password", "bob@example.com", "--password-stdin", stdin="another harbour\n"
    )
    assert (changed.status, changed.out) == (0, "")
    assert (
        "last administrator"
        in isthmus.expect("user", "change", "alice@example.com", "--role", "viewer", status=1).err
    )
    assert "already" in add(isthmus, "bob", status=1)


@pytest.mark.parametrize(
    ("words", "stdin", "status", "said"),
    [
        (["add", "nobody"], PASSWORD, 1, "no e-mail address"),
        (["add", "a@example.com"], "", 2, "--password-stdin"),
        (["add", "a@example.com", "--password-stdin"], "", 2, "no password"),
        (["add", "a@example.com", "--password-stdin"], "short\n", 1, "at least 10"),
        (["add", "a@example.com", "--role", "chief"], PASSWORD, 2, "administrator"),
        (["change", "a@example.com"], "", 2, "--role"),
        (["change", "a@example.com", "--off"], "", 1, "isthmus user add"),
        (["password", "a@example.com", "--password-stdin"], PASSWORD, 1, "Nobody signs in"),
    ],
)
def test_what_is_given_wrongly_is_said_with_what_to_do(
    shared_isthmus: Isthmus, words: list[str], stdin: str, status: int, said: str
) -> None:
    ended = shared_isthmus.run("user", *words, stdin=stdin)
    assert ended.status == status, ended
    assert said in ended.err
    assert not ended.out
