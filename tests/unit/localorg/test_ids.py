import threading

import pytest

from localorg.ids import IdSequence, long_id, make_id, make_ids, normalised_id, number_of


@pytest.mark.parametrize(
    ("short", "long"),
    [("001000000000001", "001000000000001AAA"), ("00Q5f000005bwLF", "00Q5f000005bwLFEAY")],
)
def test_the_checksum_is_salesforces(short: str, long: str) -> None:
    assert long_id(short) == long
    assert normalised_id(short) == normalised_id(long) == long


@pytest.mark.parametrize(
    "text", ["", "00Q", "00Q5f000005bwLFEAZ", "00Q5f000005bwL-", "00Q5f000005bwLFE", "é" * 15]
)
def test_what_is_no_id_is_none(text: str) -> None:
    assert normalised_id(text) is None


@pytest.mark.parametrize("number", [1, 61, 62, 1_000_000, 62**9 - 1])
def test_an_id_keeps_its_number(number: int) -> None:
    assert number_of(make_id("00Q", number)) == number


def test_ids_rise_with_their_numbers() -> None:
    ids = [make_id("003", number) for number in (1, 9, 10, 35, 36, 61, 62, 3843, 3844)]
    assert ids == sorted(ids)


def test_threads_never_get_the_same_id() -> None:
    sequence, taken = IdSequence(), list[str]()
    threads = [
        threading.Thread(target=lambda: taken.extend(sequence.take("00Q", 500))) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(taken)) == len(taken) == 2000


def test_a_sequence_goes_on_after_the_last_number() -> None:
    assert IdSequence({"00Q": 41}).next("00Q") == make_id("00Q", 42)


@pytest.mark.parametrize("first", [1, 3_700, 62**3 - 5, 62**5 - 3_900, 62**8])
def test_many_ids_in_a_row_are_the_same_as_one_by_one(first: int) -> None:
    numbers = range(first, first + 8_000)
    assert make_ids("00Q", numbers) == [make_id("00Q", number) for number in numbers]


def test_no_numbers_give_no_ids() -> None:
    assert make_ids("00Q", range(5, 5)) == []
