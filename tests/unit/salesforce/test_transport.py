import ssl

import pytest
import urllib3.exceptions
from urllib3.exceptions import HTTPError, SSLError

from isthmus.errors import Final, Retryable
from isthmus.salesforce import CertificateNotTrusted, ConnectionLost, SalesforceError
from isthmus.salesforce.transport import translated
from isthmus.salesforce.wire import Request

REQUEST = Request(method="GET", url="https://acme.my.salesforce.com/services/data?q=secret")
FOREIGN = [
    found
    for found in vars(urllib3.exceptions).values()
    if isinstance(found, type) and issubclass(found, HTTPError)
]


@pytest.mark.parametrize("kind", FOREIGN)
def test_every_error_of_the_http_library_becomes_one_of_ours(kind: type[HTTPError]) -> None:
    foreign = kind.__new__(kind)
    with (
        pytest.raises(SalesforceError, match=r"acme\.my\.salesforce\.com") as caught,
        translated(REQUEST),
    ):
        raise foreign
    assert isinstance(caught.value, Retryable)
    assert caught.value.__cause__ is foreign
    assert "secret" not in str(caught.value)


def test_a_certificate_is_told_from_a_broken_encrypted_connection() -> None:
    with pytest.raises(CertificateNotTrusted) as caught, translated(REQUEST):
        raise SSLError(ssl.SSLCertVerificationError("self-signed certificate"))
    assert isinstance(caught.value, Final)
    with pytest.raises(ConnectionLost), translated(REQUEST):
        raise SSLError(ssl.SSLEOFError("EOF"))
