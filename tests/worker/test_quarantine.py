"""Many together or one alone: whoever waits gets in, and who hangs keeps nobody out for ever."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager

import pytest

from tests.support.stack import eventually
from worker.quarantine import Quarantine


@pytest.fixture
def threads() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(4) as pool:
        yield pool


def entering(
    threads: ThreadPoolExecutor, place: AbstractContextManager[None], order: list[str], name: str
) -> Future[None]:
    def enter() -> None:
        with place:
            order.append(name)

    return threads.submit(enter)


def test_many_are_at_work_together(threads: ThreadPoolExecutor) -> None:
    quarantine, all_inside = Quarantine(60), threading.Barrier(3)

    def work() -> None:
        with quarantine.together():
            all_inside.wait(10)

    for working in [threads.submit(work) for _ in range(3)]:
        working.result()


def test_whoever_waits_to_be_alone_is_let_in_before_those_who_come_later(threads: ThreadPoolExecutor) -> None:
    quarantine, order = Quarantine(60), list[str]()
    with quarantine.together():
        alone = entering(threads, quarantine.alone(), order, "alone")

        def waits() -> None:
            assert quarantine.waiting == 1

        eventually(waits)
        later = entering(threads, quarantine.together(), order, "later")
        assert order == []
    alone.result(10)
    later.result(10)
    assert order == ["alone", "later"]


def test_nobody_is_beside_who_is_alone(threads: ThreadPoolExecutor) -> None:
    quarantine, order = Quarantine(60), list[str]()
    with quarantine.alone():
        others = [
            entering(threads, quarantine.together(), order, "together"),
            entering(threads, quarantine.alone(), order, "alone"),
        ]

        def waits() -> None:
            assert quarantine.waiting == 1

        eventually(waits)
        order.append("first")
    for other in others:
        other.result(10)
    assert order[0] == "first"
    assert sorted(order[1:]) == ["alone", "together"]


@pytest.mark.parametrize("how", ["together", "alone"])
def test_who_hangs_is_waited_for_no_longer_than_the_patience(threads: ThreadPoolExecutor, how: str) -> None:
    quarantine, order = Quarantine(0.1), list[str]()
    hangs = getattr(quarantine, how)
    with hangs():
        entering(threads, quarantine.alone(), order, "alone").result(10)
        entering(threads, quarantine.together(), order, "together").result(10)
    assert order == ["alone", "together"]


def test_work_that_raises_lets_the_next_in(threads: ThreadPoolExecutor) -> None:
    quarantine, order = Quarantine(60), list[str]()
    for place in (quarantine.alone, quarantine.together):
        with pytest.raises(ZeroDivisionError), place():
            raise ZeroDivisionError
    entering(threads, quarantine.alone(), order, "alone").result(10)
    assert order == ["alone"]
