from typing import Any

import pytest

from isthmus.salesforce import RowError, parse_row_error
from unit.salesforce.scripted import cases


@pytest.mark.parametrize("case", cases("row_errors.yaml"), ids=lambda case: case["text"][:40])
def test_the_error_of_a_row_is_split_at_its_first_and_last_colon(case: dict[str, Any]) -> None:
    error = parse_row_error(case["text"])
    assert error == RowError(
        code=case["code"], message=case["message"], fields=tuple(case["fields"])
    )
    assert error.retryable is case["again"]
