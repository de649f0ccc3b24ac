import pytest

from localorg.bulk_query.csv_lines import java_double


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (139_000_000.0, "1.39E8"),
        (10_000_000, "1.0E7"),
        (-12_345_678.9, "-1.23456789E7"),
        (1e22, "1.0E22"),
        (1.5e300, "1.5E300"),
        (1e-06, "1.0E-6"),
        (-0.000123, "-1.23E-4"),
        (0.00099999, "9.9999E-4"),
        (2.5e-7, "2.5E-7"),
        (0, "0.0"),
        (1.2345678901234567, "1.2345678901234567"),
        (-9_999_999.123456789, "-9999999.12345679"),
    ],
)
def test_doubles_have_the_exponent_that_java_writes(number: float, text: str) -> None:
    assert java_double(number) == text


@pytest.mark.parametrize("exponent", range(-30, 30))
@pytest.mark.parametrize("digits", [1.0, 9.999999999999999, 1.2345678901234567, -7.0])
def test_a_double_says_the_number_that_it_is(digits: float, exponent: int) -> None:
    number = float(f"{digits!r}e{exponent}")
    assert float(java_double(number) or "") == number
