import re
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
import urllib3

from integration.localorg.org_client import OrgClient, V

COMMAND = [sys.executable, "-c", "from localorg.cli import main; main()"]
SMALL = ["--leads", "5", "--contacts", "3", "--persons", "2", "--cases", "2"]


@contextmanager
def process_of(*options: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [*COMMAND, "serve", "--port", "0", *options],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


@contextmanager
def served(*options: str) -> Iterator[tuple[subprocess.Popen[str], OrgClient]]:
    with process_of(*options) as process:
        assert process.stdout is not None
        ready = re.fullmatch(
            r"localorg ready (http://127\.0\.0\.1:\d+)\n", process.stdout.readline()
        )
        assert ready is not None
        client = OrgClient(ready[1])
        try:
            yield process, client
        finally:
            client.close()


def refused(*arguments: str) -> str:
    """What a command that is used wrongly says."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={"COLUMNS": "400", "PATH": "/usr/bin", "TERM": "dumb"},
    )
    assert done.returncode == 2, done.stderr
    return " ".join(done.stderr.split())


def count(client: OrgClient, name: str) -> int:
    client.sign_in()
    answer = client.call("GET", f"{V}/limits/recordCount?sObjects={name}").json
    return int(answer["sObjects"][0]["count"])


def test_it_says_when_it_is_ready_and_serves_made_up_people() -> None:
    with served(*SMALL, "--control") as (process, client):
        assert count(client, "Lead") == 5
        assert client.send("GET", "/_localorg/requests").status == 200
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def test_it_ends_with_its_standard_input() -> None:
    with served(*SMALL, "--exit-with-stdin") as (process, _):
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(20) == 0


def test_a_file_is_seeded_once_and_kept(tmp_path: Path) -> None:
    data = str(tmp_path / "org.db")
    with served(*SMALL, "--data", data) as (process, client):
        client.sign_in()
        client.insert("Lead", LastName="Kept", Company="C")
        process.send_signal(signal.SIGTERM)
        process.wait(20)
    with served(*SMALL, "--data", data) as (_, client):
        assert count(client, "Lead") == 6


def test_a_file_can_be_seeded_before(tmp_path: Path) -> None:
    data = str(tmp_path / "org.db")
    subprocess.run([*COMMAND, "seed", "--data", data, *SMALL], check=True, timeout=60)
    with closing(sqlite3.connect(data)) as connection:
        assert connection.execute("SELECT count(*) FROM Lead").fetchone() == (5,)
    assert "has records already" in refused("seed", "--data", data, *SMALL)


def test_the_client_can_be_another() -> None:
    with served(*SMALL, "--client-id", "x", "--client-secret", "y") as (_, client):
        answer = client.token_answer(
            grant_type="client_credentials", client_id="x", client_secret="y"
        )
        assert answer.status == 200


@pytest.mark.parametrize("name", ["seed", "serve"])
def test_a_file_that_is_no_org_is_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / "org.db").write_text("no database" * 100)
    assert "can't be opened as an org" in refused(name, "--data", str(tmp_path / "org.db"))
    missing = str(tmp_path / "no" / "org.db")
    assert "can't be opened as an org" in refused(name, "--data", missing)


def test_a_file_that_another_process_serves_is_refused(tmp_path: Path) -> None:
    data = str(tmp_path / "org.db")
    with served("--data", data, *SMALL):
        for name in ("seed", "serve"):
            assert "is open in another process of localorg" in refused(name, "--data", data)
    with served("--data", data) as (_, client):
        assert client.call("GET", "/services/data").status == 200


def test_a_request_under_way_does_not_make_the_end_noisy() -> None:
    with served("--control", *SMALL) as (process, client):
        fault = {"kind": "never_answer", "seconds": 0, "path": "/limits"}
        assert client.call("POST", "/_localorg/faults", fault).status == 201
        with socket.create_connection(("127.0.0.1", int(client.base.rpartition(":")[2]))) as waits:
            waits.sendall(b"GET /services/data/v66.0/limits HTTP/1.1\r\nHost: localhost\r\n\r\n")
            while client.call("GET", "/_localorg/faults").json["faults"][0]["happened"] < 1:
                time.sleep(0.05)
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
        assert process.stderr is not None
        assert "Traceback" not in process.stderr.read()


def test_a_port_that_is_taken_is_refused() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert f"Can't listen on 127.0.0.1:{port}" in refused("serve", "--port", port)


def test_an_address_of_another_machine_is_refused() -> None:
    for host in ("192.0.2.1", "no-such-host.invalid"):
        said = refused("serve", "--port", "0", "--host", host)
        assert f"for --host: Can't listen on {host}:0" in said
        assert "Give an address of this machine" in said


def test_a_bad_certificate_and_an_org_that_is_not_kept_are_refused(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("nothing")
    path = str(tmp_path / "key.pem")
    assert "is no PEM file" in refused("serve", "--port", "0", "--jwt-certificate", path)
    assert "keeps nothing" in refused("seed", "--data", ":memory:")


def test_control_c_ends_it_quietly() -> None:
    with served(*SMALL) as (process, _):
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_an_org_is_served_over_https(tmp_path: Path) -> None:
    folder = str(tmp_path / "ca")
    told = subprocess.run(
        [*COMMAND, "ca", "--ca-folder", folder], capture_output=True, text=True, check=True
    )
    with process_of("--https", "--ca-folder", folder, "--my-domain", "acme", *SMALL) as process:
        assert process.stdout is not None
        ready = re.fullmatch(
            r"localorg ready (https://127\.0\.0\.1:\d+)\n", process.stdout.readline()
        )
        assert ready is not None
        with urllib3.PoolManager(ca_certs=told.stdout.strip()) as http:
            assert http.request("GET", ready[1] + "/services/data", retries=False).status == 200


def test_a_set_up_file_adds_to_the_org(tmp_path: Path) -> None:
    path = tmp_path / "org.yaml"
    path.write_text("objects:\n  Lead:\n    fields:\n      - {name: Shoe_Size__c, type: int}\n")
    with served("--setup", str(path), "--control", *SMALL) as (_, client):
        client.sign_in()
        lead = client.insert("Lead", LastName="L", Company="C", Shoe_Size__c=44)
        assert client.record("Lead", lead)["Shoe_Size__c"] == 44
        client.send("POST", "/_localorg/reset")
        lead = client.insert("Lead", LastName="L", Company="C", Shoe_Size__c=45)
        assert client.record("Lead", lead)["Shoe_Size__c"] == 45


def test_a_wrong_set_up_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "org.yaml"
    path.write_text("objects:\n  Lead:\n    fields:\n      - {name: A__c, type: strng}\n")
    said = refused("serve", "--port", "0", "--setup", str(path))
    assert "org.yaml:4" in said
    assert "strng" in said
    assert "can't be read" in refused("seed", "--data", "x.db", "--setup", str(tmp_path / "none"))


def test_other_wrong_options_are_refused(tmp_path: Path) -> None:
    assert "is no host name" in refused("serve", "--my-domain", "a b")
    assert "is no host name" in refused("serve", "--https", "--host-name", "http://x")
    (tmp_path / "ca-key.pem").write_text("nothing")
    assert "can't be used" in refused("ca", "--ca-folder", str(tmp_path))


@pytest.mark.parametrize(
    "words",
    [
        (),
        ("serve",),
        ("seed",),
        ("ca",),
        ("fault",),
        ("fault", "add"),
        ("control",),
        ("control", "reset"),
        ("control", "clock"),
        ("control", "activity"),
        ("control", "requests"),
    ],
)
def test_help_fits_into_80_columns(words: tuple[str, ...]) -> None:
    done = subprocess.run(
        [*COMMAND, *words, "--help"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
        env={"COLUMNS": "80", "PATH": "/usr/bin", "TERM": "dumb"},
    )
    lines = done.stdout.splitlines()
    assert "Usage:" in done.stdout
    assert max(map(len, lines)) <= 80
    assert not [line for line in lines if "…" in line]
