import threading

import pytest
from structlog.testing import capture_logs

from core.errors import BrokerUnavailable
from core.every import Every
from tests.support.stack import eventually

NAME = "a-test-of-every"
SOON_S = 0.001
LATER_S = 3600.0


class Work:
    """Counts its turns; `raises` are what its first turns raise, in their order."""

    def __init__(self, *raises: BaseException) -> None:
        self._raises = list(raises)
        self.turns = 0

    def __call__(self) -> None:
        self.turns += 1
        if self._raises:
            raise self._raises.pop(0)


def threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == NAME]


def has_turns(work: Work, turns: int) -> None:
    def done() -> None:
        assert work.turns >= turns

    eventually(done)


@pytest.mark.parametrize("error", [ValueError("no"), MemoryError(), SystemExit(1), KeyboardInterrupt()], ids=repr)
def test_work_goes_on_after_whatever_it_raised_and_the_log_says_what_that_was(error: BaseException) -> None:
    work = Work(error)
    every = Every(SOON_S, work, name=NAME)
    with capture_logs() as logs:
        every.start()
        has_turns(work, 3)
        every.stop()
    line = {"event": "work_broke", "log_level": "error", "thread": NAME, "why": repr(error), "exc_info": True}
    assert logs == [line]


def test_an_error_of_ours_is_a_warning_without_a_traceback() -> None:
    work = Work(BrokerUnavailable("the broker is away"), BrokerUnavailable("still away"))
    every = Every(SOON_S, work, name=NAME)
    with capture_logs() as logs:
        every.start()
        has_turns(work, 3)
        every.stop()
    assert logs == [
        {"event": "work_postponed", "log_level": "warning", "thread": NAME, "why": why}
        for why in ("the broker is away", "still away")
    ]


def test_to_stop_wakes_it_and_leaves_no_thread_behind() -> None:
    work = Work()
    every = Every(LATER_S, work, name=NAME)
    every.start()
    assert [thread.daemon for thread in threads()] == [True]
    every.stop(within_s=30)
    assert not threads()
    assert work.turns == 0, "an interval comes before the first turn"


def test_a_turn_that_does_not_end_is_not_waited_for_longer_than_was_said() -> None:
    begun, release = threading.Event(), threading.Event()

    def work() -> None:
        begun.set()
        release.wait()

    every = Every(LATER_S, work, name=NAME, at_start=True)
    every.start()
    assert begun.wait(30)
    every.stop(within_s=0.01)
    assert threads(), "it is still at it"
    release.set()
    every.stop(within_s=30)
    assert not threads()


def test_work_may_be_done_at_once_and_once_more_at_the_end() -> None:
    work = Work(ValueError("at the start"), ValueError("at the end"))
    every = Every(LATER_S, work, name=NAME, at_start=True, at_stop=True)
    every.start()
    has_turns(work, 1)
    every.stop(within_s=30)
    assert work.turns == 2
    assert not threads()


def test_it_is_started_once() -> None:
    every = Every(LATER_S, Work(), name=NAME)
    every.start()
    with pytest.raises(RuntimeError):
        every.start()
    assert len(threads()) == 1
    every.stop()
    with pytest.raises(RuntimeError):
        every.start()
    assert not threads()


def test_to_stop_what_was_never_started_or_is_stopped_does_nothing() -> None:
    work = Work()
    every = Every(LATER_S, work, name=NAME, at_start=True, at_stop=True)
    every.stop()
    assert work.turns == 0
    every.start()
    every.stop()
    every.stop()
    assert not threads()
