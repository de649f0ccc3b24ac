import signal

import pytest

from isthmus.cli.stopping import Stop, stop_on_signals


def test_the_first_signal_asks_and_the_second_interrupts() -> None:
    told: list[str] = []
    stop = Stop(lambda: told.append("asked"))
    assert not stop()

    stop.ask(signal.SIGTERM, None)

    assert stop()
    assert told == ["asked"]
    with pytest.raises(KeyboardInterrupt):
        stop.ask(signal.SIGINT, None)
    assert told == ["asked"]


def test_signals_do_what_they_did_before_once_the_block_is_left() -> None:
    before = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)

    with stop_on_signals(lambda: None) as stop:
        signal.raise_signal(signal.SIGTERM)
        assert stop.asked

    assert (signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGTERM)) == before


def interrupted_and_failing_to_clean_up() -> None:
    with stop_on_signals(lambda: None):
        signal.raise_signal(signal.SIGINT)
        try:
            signal.raise_signal(signal.SIGINT)
        finally:
            raise OSError("cleaning up failed too")


def interrupted_and_swallowed() -> None:
    with stop_on_signals(lambda: None):
        signal.raise_signal(signal.SIGINT)
        with pytest.raises(KeyboardInterrupt):
            signal.raise_signal(signal.SIGINT)


@pytest.mark.parametrize("body", [interrupted_and_failing_to_clean_up, interrupted_and_swallowed])
def test_an_interruption_stays_one_whatever_became_of_it(body: object) -> None:
    assert callable(body)
    with pytest.raises(KeyboardInterrupt):
        body()
