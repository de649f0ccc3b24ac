"""The proxy leads Salesforce's host names to the org, and nothing else anywhere."""

import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import urllib3

from localorg.host_proxy import running_proxy


@pytest.fixture(scope="module")
def ca(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ca") / "ca.pem"


@pytest.fixture(scope="module")
def org_url(ca: Path) -> Iterator[str]:
    """An org that speaks HTTPS."""
    words = ["serve", "--port", "0", "--https", "--ca-folder", str(ca.parent), "--exit-with-stdin"]
    with subprocess.Popen(
        [sys.executable, "-m", "localorg", *words, "--leads", "0"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[-1]
        process.communicate(timeout=30)


@pytest.fixture
def proxy(org_url: str) -> Iterator[str]:
    address = urlsplit(org_url)
    assert address.hostname is not None
    assert address.port is not None
    with running_proxy(address.hostname, address.port) as url:
        yield url


def _through(proxy: str, ca: Path) -> urllib3.ProxyManager:
    return urllib3.ProxyManager(proxy, ca_certs=str(ca), retries=False)


@pytest.mark.parametrize("host", ["login", "test", "localorg.my"])
def test_a_host_of_salesforce_is_the_org(proxy: str, ca: Path, host: str) -> None:
    with _through(proxy, ca) as http:
        answer = http.request("GET", f"https://{host}.salesforce.com/services/data")
    assert answer.status == 200
    assert answer.json()[-1]["version"] == "66.0"


@pytest.mark.parametrize("host", ["example.com", "salesforce.com.example.com", "127.0.0.1"])
def test_any_other_host_is_refused(proxy: str, ca: Path, host: str) -> None:
    with _through(proxy, ca) as http, pytest.raises(urllib3.exceptions.ProxyError) as caught:
        http.request("GET", f"https://{host}/services/data")
    assert "403" in str(caught.value)


def test_a_plain_request_is_refused_with_a_sentence(proxy: str, ca: Path) -> None:
    with _through(proxy, ca) as http:
        answer = http.request("GET", "http://login.salesforce.com/services/data")
    assert answer.status == 405
    assert answer.data == b"This proxy opens tunnels for https URLs only."


def test_a_client_that_hangs_up_leaves_the_proxy_working(proxy: str, ca: Path) -> None:
    address = urlsplit(proxy)
    for words in (b"", b"CONNECT login.salesforce.com:443 HTTP/1.1\r\n\r\n"):
        with socket.create_connection((str(address.hostname), int(address.port or 0))) as client:
            client.sendall(words)
    with _through(proxy, ca) as http:
        assert http.request("GET", "https://login.salesforce.com/services/data").status == 200


def test_an_org_that_is_not_there_ends_the_tunnel(ca: Path, org_url: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with (
        running_proxy("127.0.0.1", port) as url,
        _through(url, ca) as http,
        pytest.raises((urllib3.exceptions.HTTPError, ssl.SSLError)),
    ):
        http.request("GET", "https://login.salesforce.com/services/data")


def test_the_command_says_where_it_listens_and_ends_with_ctrl_c(org_url: str, ca: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-m", "localorg", "proxy", "--org", org_url, "--port", "0"],
        stdout=subprocess.PIPE,
        env=os.environ | {"COLUMNS": "200"},
        text=True,
    ) as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line.startswith("localorg proxy ready http://127.0.0.1:")
        with _through(line.split()[-1], ca) as http:
            assert http.request("GET", "https://login.salesforce.com/services/data").status == 200
        process.send_signal(signal.SIGINT)
        assert process.wait(30) in {0, 130}


def test_the_command_refuses_an_org_without_https() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "localorg", "proxy", "--org", "http://127.0.0.1:8765"],
        capture_output=True,
        env=os.environ | {"COLUMNS": "200"},
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert "which `serve --https` prints" in done.stderr
