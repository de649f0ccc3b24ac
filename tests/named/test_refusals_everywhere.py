"""What is refused apart from goals: in the same words on a page, by a document and by a command."""

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from ruamel.yaml import YAML

from integration import set_up
from isthmus.connections import certificates, client_apps, secrets
from isthmus.connections.models import Authorization, Connection, Run, RunState
from localorg.testing import LocalOrg
from named.surfaces import by_command, by_document, lines, on_page
from named.world import READ, WRITE, World

CASES = Path(__file__).parents[1] / "cases" / "refusals"
ALL = YAML(typ="safe", pure=True).load(CASES / "elsewhere.yaml")
ELSEWHERE = "00DELSEWHERE000AAA"
SURFACES = {"page", "document", "command"}


def _signed_in(key: str, **given: Any) -> Connection:
    more = {"org_id": "", "flow": "browser", "login_url": "https://acme.my.salesforce.com", **given}
    row = Authorization.objects.create(
        sealed_secret=b"", sealed_refresh_token=secrets.seal("token"), user_name="me", **more
    )
    return set_up.new_connection(key, authorization=row, org_id=more["org_id"])


@pytest.fixture
def around(world: World, org: LocalOrg, tmp_path: Path) -> dict[str, str]:
    """Connections and apps to name, and what the cases call them by."""
    world.connection.authorization.org_id = world.connection.org_id  # type: ignore[union-attr]
    world.connection.authorization.save()  # type: ignore[union-attr]
    world.goal(READ)
    world.goal(WRITE)
    others: dict[str, dict[str, Any]] = {
        "bare": {"authorization": None, "org_id": ""},
        "sand": {"authorization": None, "org_id": "", "sandbox": True},
        "off": {"active": False},
        "elsewhere": {"authorization": None, "org_id": ELSEWHERE},
    }
    for key, more in others.items():
        row = set_up.new_connection(key, **more)
        if key in ("bare", "off"):
            set_up.new_goal(row, READ)
    elsewhere = Connection.objects.get(key="elsewhere")
    elsewhere.authorization = Authorization.objects.create(
        flow="jwt", login_url="https://x", client_id="x", sealed_secret=b"", org_id=ELSEWHERE
    )
    elsewhere.save()
    _signed_in("lost", client_id="x", lost_at=timezone.now(), lost_reason="revoked")
    app, used = client_apps.save("Isthmus", "isthmus", ""), client_apps.save("Used", "used", "")
    _signed_in("used", client_id="used")
    for number in range(1, 5):
        _signed_in(f"full{number}", client_id="isthmus", login_url="https://login.salesforce.com")
    run = Run.objects.create(
        connection=world.connection, number=1, state=RunState.FINISHED, finished_at=timezone.now()
    )
    (tmp_path / "no.pem").write_bytes(b"\xff\xfeno key")
    (tmp_path / "key.pem").write_text(certificates.make("test").private_key)
    return {
        "app": str(app.id),
        "used": str(used.id),
        "host": org.url.removeprefix("http://"),
        "url": org.url,
        "client_id": org.client_id,
        "client_secret": org.client_secret,
        "org": world.connection.org_id,
        "run": str(run.number),
        "key": str(tmp_path / "key.pem"),
        "no_key": str(tmp_path / "no.pem"),
        "long": "a" * 81,
    }


def filled(given: Any, around: dict[str, str]) -> Any:
    """The same with what stands in braces replaced."""
    if isinstance(given, dict):
        return {name: filled(each, around) for name, each in given.items()}
    if isinstance(given, list):
        return [filled(each, around) for each in given]
    if isinstance(given, str):
        return re.sub(r"(?<!\$)\{(\w+)\}", lambda found: around[found[1]], given)
    return given


@pytest.mark.usefixtures("command_line")
@pytest.mark.parametrize("case", ALL, ids=lambda case: str(case["case"]))
def test_a_refusal_has_the_same_words_on_every_surface(
    case: dict[str, Any],
    browser: Client,
    around: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SECRET", "secret")
    monkeypatch.setenv("KEY", Path(around["key"]).read_text())
    given = SimpleNamespace(**{"input": "secret", **filled(case, around)})
    told = {name for name in SURFACES if name in case or f"no {name}" in case}
    assert told == SURFACES, "a case says what it is, or why there is none, for each surface"
    found = {}
    if "page" in case:
        found["page"] = on_page(browser, *given.page)
    if "document" in case:
        status, found["document"] = by_document(given.document, tmp_path)
        assert status == 2, found
        assert re.search(r"store\.yaml:[1-9]\d*:\d+: ", found["document"])
    if "command" in case:
        status, found["command"] = by_command(given.command, given.input)
        assert status in (1, 2), found
    for name, text in found.items():
        # Pages draw what a sentence has between backticks as code, where they know how.
        says, shown = lines(given.says), text
        if name == "page":
            says, shown = says.replace("`", ""), text.replace("`", "")
        assert says in shown, f"{name}: {text}"
