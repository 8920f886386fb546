"""At the store a key's images wait for one another, in the order in which they came."""

from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from api.door.turns import NoTurn, Turns
from tests.support.stack import eventually


@pytest.fixture
def turns() -> Turns:
    return Turns(10)


def test_an_owner_has_a_few_bytes_in_hand_or_one_larger_body(turns: Turns) -> None:
    with turns.turn("ada", 6, within_s=0), turns.turn("ada", 4, within_s=0):
        for size in (1, 100):
            with pytest.raises(NoTurn), turns.turn("ada", size, within_s=0.01):
                pass
        with turns.turn("bob", 100, within_s=0):
            pass
    with turns.turn("ada", 100, within_s=0), pytest.raises(NoTurn), turns.turn("ada", 1, within_s=0.01):
        pass
    with pytest.raises(ValueError, match="it broke"), turns.turn("ada", 100, within_s=0):
        raise ValueError("it broke")
    with turns.turn("ada", 100, within_s=0):
        pass


def test_whoever_came_first_is_first_however_small_the_others_are(turns: Turns) -> None:
    done: list[int] = []

    def take(size: int) -> None:
        with turns.turn("ada", size, within_s=30):
            done.append(size)

    with ThreadPoolExecutor(3) as pool:
        with turns.turn("ada", 9, within_s=0):
            taken: list[Future[None]] = []
            for number, size in enumerate((10, 9, 1)):
                taken.append(pool.submit(take, size))
                eventually(lambda number=number: _queue_is(turns, number + 1))  # type: ignore[misc]
            assert done == [], "the last would fit, and does not pass the others"
        for future in taken:
            future.result()
    assert done[0] == 10
    assert sorted(done) == [1, 9, 10]


def _queue_is(turns: Turns, length: int) -> None:
    assert turns.waiting("ada") == length
