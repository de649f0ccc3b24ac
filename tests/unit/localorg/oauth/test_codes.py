import base64
import hashlib

import pytest

from localorg.oauth.codes import verifier_fits

VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
# The example of RFC 7636, appendix B.
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_example_of_the_standard_fits() -> None:
    assert verifier_fits(CHALLENGE, VERIFIER)
    assert verifier_fits(CHALLENGE + "=", VERIFIER)


@pytest.mark.parametrize("verifier", ["", "a" * 42, "a" * 172, "a" * 42 + "!", VERIFIER + "x"])
def test_another_verifier_or_one_of_a_wrong_form_does_not(verifier: str) -> None:
    made = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode()
    assert not verifier_fits(CHALLENGE, verifier)
    if verifier != VERIFIER + "x":
        assert not verifier_fits(made, verifier)
