from collections.abc import Callable

import pytest
from structlog.testing import capture_logs

from core.errors import BrokerUnavailable, LikenessError, StoreUnavailable, TransitionRefused
from core.outages import outlast


def raising(*errors: Exception) -> tuple[Callable[[], str], list[int]]:
    """A step that raises these errors, one a try, and then answers; and the numbers of its tries."""
    tries: list[int] = []

    def step() -> str:
        tries.append(len(tries) + 1)
        if len(tries) <= len(errors):
            raise errors[len(tries) - 1]
        return "done"

    return step, tries


def test_a_step_is_tried_until_the_server_is_back_and_nothing_is_logged() -> None:
    step, tries = raising(BrokerUnavailable(), StoreUnavailable(), BrokerUnavailable())
    with capture_logs() as logs:
        assert outlast(step, outage_s=60) == "done"
    assert tries == [1, 2, 3, 4]
    assert logs == []


@pytest.mark.parametrize("error", [TransitionRefused(), LikenessError(), ValueError()], ids=repr)
def test_what_trying_again_does_not_mend_is_raised_at_once(error: Exception) -> None:
    step, tries = raising(error)
    with pytest.raises(type(error)) as raised:
        outlast(step, outage_s=60)
    assert raised.value is error
    assert tries == [1]


def test_after_the_outage_that_is_waited_for_the_last_error_is_raised_as_it_was() -> None:
    errors = [BrokerUnavailable(f"try {n}") for n in range(1, 1000)]
    step, tries = raising(*errors)
    with pytest.raises(BrokerUnavailable) as raised:
        outlast(step, outage_s=0.05, longest_pause_s=0.01)
    assert len(tries) > 1
    assert raised.value is errors[len(tries) - 1]


def test_who_waits_may_give_up_meanwhile() -> None:
    step, tries = raising(*[BrokerUnavailable()] * 1000)

    def give_up() -> None:
        if len(tries) == 2:
            raise RuntimeError("the server's process has ended")

    with pytest.raises(RuntimeError, match="has ended"):
        outlast(step, outage_s=60, meanwhile=give_up)
    assert tries == [1, 2]
