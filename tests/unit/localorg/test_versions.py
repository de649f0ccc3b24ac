import pytest

from localorg.errors import SalesforceError
from localorg.versions import check_version, label_of


@pytest.mark.parametrize(
    ("number", "label"),
    [
        (66, "Spring '26"),
        (65, "Winter '26"),
        (64, "Summer '25"),
        (63, "Spring '25"),
        (31, "Summer '14"),
    ],
)
def test_a_release_has_its_name(number: int, label: str) -> None:
    assert label_of(number) == label


@pytest.mark.parametrize(
    ("version", "status"), [("67.0", 404), ("66", 404), ("66.5", 404), ("x", 404), ("30.0", 410)]
)
def test_versions_that_are_not_served_are_refused(version: str, status: int) -> None:
    with pytest.raises(SalesforceError) as refused:
        check_version(version)
    assert refused.value.status == status
