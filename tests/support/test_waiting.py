"""The wait that every test of processes rests on is itself held to what it says."""

from collections.abc import Callable

import httpx
import pytest

from tests.support.stack import eventually

FAILURES = (
    AssertionError("not yet"),
    pytest.fail.Exception("not yet"),
    httpx.ConnectError("not yet"),
)


def failing(times: int, error: BaseException) -> Callable[[], str]:
    """A look that fails so often, and then finds it."""
    left = [error] * times

    def look() -> str:
        if left:
            raise left.pop()
        return "there"

    return look


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_a_wait_looks_again_whichever_way_a_look_failed(error: BaseException) -> None:
    assert eventually(failing(3, error)) == "there"


@pytest.mark.parametrize("error", FAILURES, ids=lambda error: type(error).__name__)
def test_a_wait_in_vain_ends_with_its_last_failure(error: BaseException) -> None:
    with pytest.raises(type(error), match="not yet"):
        eventually(failing(10_000, error), within_s=0.1)


def test_a_wait_does_not_go_on_over_a_fault_of_the_test() -> None:
    with pytest.raises(KeyError):
        eventually(failing(1, KeyError("a fault")))
