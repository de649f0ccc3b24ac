import itertools

from hypothesis import given
from hypothesis import strategies as st

from isthmus.web import figures

numbers = st.fixed_dictionaries(
    {
        name: st.one_of(st.just(0), st.integers(0, 20), st.integers(0, 10**9))
        for name in figures.PARTS
    }
)


@given(numbers)
def test_a_bar_is_filled_exactly_and_every_outcome_that_is_there_can_be_seen(
    counts: dict[str, int],
) -> None:
    parts = figures.split(counts, {})
    assert [part.name for part in parts] == [name for name in figures.PARTS if counts[name]]
    assert all(float(part.width) >= figures.LEAST - 0.1 for part in parts)
    if parts:
        last = parts[-1]
        assert abs(float(last.x) + float(last.width) - figures.WIDTH) < 1
    for before, after in itertools.pairwise(parts):
        assert float(after.x) >= float(before.x) + float(before.width)


def test_parts_are_as_wide_as_they_are_many() -> None:
    created, updated = figures.split({"created": 100, "updated": 300}, {"created": "/rows"})
    assert float(updated.width) / float(created.width) == 3
    assert (created.address, updated.address) == ("/rows", "")


def test_the_run_of_most_records_is_as_high_as_the_strip() -> None:
    marks = [figures.Mark(kind="ok", records=each, title="") for each in (0, 50, 100)]
    heights = [float(bar.height) for bar in figures.strip(marks)]
    assert heights == [2.0, 9.0, 18.0]
    assert [float(bar.y) + float(bar.height) for bar in figures.strip(marks)] == [21.0] * 3
