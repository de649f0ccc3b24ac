import json
import ssl
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import urllib3
from cryptography import x509

from integration.localorg.org_client import FORM, V, serving
from localorg.certificates import (
    Authority,
    CertificateError,
    ServerContext,
    host_names,
)
from localorg.clock import Clock
from localorg.hosts import LOGIN_HOST, TEST_HOST
from localorg.org import Org
from localorg.schema import standard_schema
from localorg.settings import Settings
from localorg.store import Store


@contextmanager
def served(tls: ServerContext) -> Iterator[int]:
    """The port of an org that is served over HTTPS."""
    org = Org(Store(":memory:", standard_schema()), Clock(), Settings(my_domain="acme"))
    with serving(org, tls) as client:
        yield int(client.base.rpartition(":")[2])


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "ca")


@pytest.fixture
def port(authority: Authority) -> Iterator[int]:
    with served(ServerContext(authority, host_names("acme"))) as port:
        yield port


def ask(port: int, host: str, authority: Authority, path: str, **more: Any) -> Any:
    """An answer over HTTPS, with the certificate checked for `host`."""
    with urllib3.HTTPSConnectionPool(
        "127.0.0.1",
        port,
        ca_certs=str(authority.path),
        server_hostname=host,
        assert_hostname=host,
        retries=False,
    ) as pool:
        headers = {"host": host} | more.pop("headers", {})
        return pool.urlopen("POST" if "body" in more else "GET", path, headers=headers, **more)


@pytest.mark.parametrize(
    "host",
    [*("localhost", "127.0.0.1", "acme.my.salesforce.com"), LOGIN_HOST, TEST_HOST],
)
def test_one_port_serves_all_names_of_the_org(port: int, authority: Authority, host: str) -> None:
    assert ask(port, host, authority, "/services/data").status == 200


@pytest.mark.parametrize("host", ["other.my.salesforce.com", "example.com"])
def test_it_is_nobody_else(port: int, authority: Authority, host: str) -> None:
    with pytest.raises(urllib3.exceptions.SSLError):
        ask(port, host, authority, "/services/data")


def test_who_does_not_trust_the_authority_is_warned(port: int, tmp_path: Path) -> None:
    stranger = Authority(tmp_path / "stranger")
    with pytest.raises(urllib3.exceptions.SSLError):
        ask(port, "localhost", stranger, "/services/data")


def test_the_api_is_not_at_the_login_hosts(port: int, authority: Authority) -> None:
    form = {
        "grant_type": "client_credentials",
        "client_id": "localorg",
        "client_secret": "localorg-secret",
    }
    host, path = "acme.my.salesforce.com", "/services/oauth2/token"
    answer = ask(port, host, authority, path, body=urlencode(form), headers=FORM)
    token = json.loads(answer.data)
    assert token["instance_url"] == "https://acme.my.salesforce.com"
    headers = {"authorization": f"Bearer {token['access_token']}"}
    for host in (LOGIN_HOST, TEST_HOST):
        refused = ask(port, host, authority, V + "/limits", headers=headers)
        [error] = json.loads(refused.data)
        assert (refused.status, error["errorCode"]) == (404, "URL_NOT_RESET")
    for host in ("acme.my.salesforce.com", "127.0.0.1"):
        assert ask(port, host, authority, V + "/limits", headers=headers).status == 200


def test_the_authority_is_made_once_and_its_key_is_private(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "ca"
    first = Authority(folder)
    certificate = first.path.read_bytes()
    assert stat.S_IMODE((folder / "ca-key.pem").stat().st_mode) == 0o600
    assert b"PRIVATE" not in certificate
    assert Authority(folder).path.read_bytes() == certificate


def test_a_folder_that_is_of_no_use_is_explained(tmp_path: Path) -> None:
    (tmp_path / "ca-key.pem").write_text("nothing")
    with pytest.raises(CertificateError, match="--ca-folder"):
        Authority(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(CertificateError, match="--ca-folder"):
        Authority(tmp_path / "file" / "ca")


def test_certificates_last_days_and_are_renewed_while_serving(authority: Authority) -> None:
    now = datetime.now(UTC)
    moment = [now]
    tls = ServerContext(authority, host_names("acme"), lambda: moment[0])
    with served(tls) as port:
        first = certificate(port, authority)
        assert certificate(port, authority) == first
        assert first.not_valid_after_utc - now < timedelta(days=8)
        moment[0] = now + timedelta(days=6)
        second = certificate(port, authority)
        assert second.serial_number != first.serial_number
        assert ask(port, "localhost", authority, "/services/data").status == 200


def certificate(port: int, authority: Authority) -> x509.Certificate:
    pem = ssl.get_server_certificate(("127.0.0.1", port), ca_certs=str(authority.path))
    return x509.load_pem_x509_certificate(pem.encode())
