import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from integration.localorg.oauth.browser import Browser, exchanged, refreshed, tokens
from integration.localorg.org_client import OrgClient, V


@contextmanager
def served(data: Path, *, kill: bool, number: int = 1) -> Iterator[OrgClient]:
    """An org of a file in a process of its own, which is killed at the end or stopped."""
    sizes = ("--leads=0", "--contacts=0", "--persons=0", "--cases=0")
    command = [sys.executable, "-m", "localorg", "serve", "--port=0", f"--data={data}", *sizes]
    with subprocess.Popen(
        [*command, "--exit-with-stdin", "--control"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "LOCALORG_ORGANIZATION": str(number)},
    ) as process:
        assert process.stdout is not None
        client = OrgClient(process.stdout.readline().split()[-1])
        try:
            yield client
        finally:
            client.close()
            process.send_signal(signal.SIGKILL if kill else signal.SIGTERM)
            process.wait(20)


def test_what_a_client_was_given_survives_a_killed_process(tmp_path: Path) -> None:
    data = tmp_path / "org.db"
    with served(data, kill=True) as client:
        client.sign_in()
        token = client.token
        browser = Browser(client)
        approval = tokens(client, browser)
        spent, code = browser.approved_code(), browser.approved_code()
        assert exchanged(client, spent).status == 200
        client.call("PATCH", "/_localorg/apps/localorg", {"rotate_refresh_tokens": True})
        client.call("PATCH", "/_localorg/apps/new", {"secret": "s", "callbacks": ["app:/done"]})
        rotated = refreshed(client, approval["refresh_token"]).json["refresh_token"]
        client.call("POST", "/_localorg/rights", {"object": "Lead", "field": "Website"})
    with served(data, kill=False) as client:
        for access in (token, approval["access_token"]):
            client.token = access
            assert client.call("GET", V + "/sobjects").status == 200
        fields = client.call("GET", V + "/sobjects/Lead/describe").json["fields"]
        assert "Website" not in {field["name"] for field in fields}
        apps = {app["client_id"]: app for app in client.call("GET", "/_localorg/apps").json["apps"]}
        assert apps["localorg"]["rotate_refresh_tokens"] is True
        assert apps["new"]["callbacks"] == ["app:/done"]
        assert exchanged(client, code).status == 200
        assert exchanged(client, spent).status == 400
        assert refreshed(client, rotated).status == 200
        assert refreshed(client, approval["refresh_token"]).status == 400
        assert refreshed(client, rotated).status == 400


def test_another_number_is_another_org_at_the_same_place(tmp_path: Path) -> None:
    ids = set()
    for number in (1, 2):
        with served(tmp_path / f"{number}.db", kill=True, number=number) as client:
            client.sign_in()
            soql = "/query?q=SELECT+Id+FROM+Organization"
            (row,) = client.call("GET", V + soql).json["records"]
            info = client.call("GET", "/services/oauth2/userinfo").json
            assert client.token.startswith(f"{row['Id'][:15]}!")
            assert info["organization_id"] == row["Id"]
            ids.add(row["Id"])
    assert len(ids) == 2
