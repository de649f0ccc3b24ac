import threading

import pytest

from localorg.store.fair_lock import FairLock


def test_threads_get_it_in_the_order_of_asking() -> None:
    lock, order = FairLock(), list[int]()

    def take(number: int) -> None:
        with lock:
            order.append(number)

    threads = [threading.Thread(target=take, args=(number,)) for number in range(8)]
    with lock:
        for count, thread in enumerate(threads):
            thread.start()
            while lock.waiting <= count:
                pass
    with lock:
        order.append(8)
    for thread in threads:
        thread.join()
    assert order == list(range(9))


def test_its_owner_may_take_it_again() -> None:
    lock, entered = FairLock(), threading.Event()

    def take() -> None:
        with lock:
            entered.set()

    other = threading.Thread(target=take)
    with lock:
        with lock:
            other.start()
        assert not entered.wait(0.05)
    other.join()
    assert entered.is_set()


def test_it_is_given_back_where_something_fails() -> None:
    lock = FairLock()
    with pytest.raises(LookupError), lock:
        raise LookupError
    with lock:
        pass
