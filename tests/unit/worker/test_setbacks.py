from isthmus.worker.errands import FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS, Setbacks


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_connection_is_left_alone_for_twice_as_long_each_time() -> None:
    clock = Clock()
    setbacks = Setbacks(clock=clock)

    pauses = []
    for _ in range(12):
        pauses.append(setbacks.note(7))
        assert setbacks.refused() == {7}
        clock.now += pauses[-1]
        assert setbacks.refused() == set()

    assert pauses[:3] == [FIRST_PAUSE_SECONDS, 2 * FIRST_PAUSE_SECONDS, 4 * FIRST_PAUSE_SECONDS]
    assert pauses[-1] == LONGEST_PAUSE_SECONDS


def test_what_went_well_is_forgotten() -> None:
    setbacks = Setbacks(clock=Clock())
    setbacks.note(7)
    setbacks.note(7)
    setbacks.note(8)

    setbacks.forget(7)

    assert setbacks.refused() == {8}
    assert setbacks.note(7) == FIRST_PAUSE_SECONDS
