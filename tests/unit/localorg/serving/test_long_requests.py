from localorg.long_requests import LongRequests


def test_only_requests_that_run_for_long_count() -> None:
    now = [0.0]
    running = LongRequests(2, 20.0, lambda: now[0])
    first, second = running.begin(), running.begin()
    assert None not in {running.begin(), running.begin()}
    now[0] = 20.5
    assert running.begin() is None
    for number in (first, second):
        assert number is not None
        running.end(number)
    assert running.begin() is None
    now[0] = 0.0
    assert running.begin() is not None


def test_without_a_limit_any_number_may_run() -> None:
    now = [0.0]
    running = LongRequests(None, 20.0, lambda: now[0])
    for _ in range(50):
        assert running.begin() is not None
        now[0] += 30
