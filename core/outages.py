"""Outages: a server we stand on is away for a while, and what was asked of it is asked again."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import Retrying, retry_if_exception, stop_after_delay, wait_random_exponential

from core.errors import LikenessError

T = TypeVar("T")

FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 0.5


def passes(error: BaseException) -> bool:
    """Whether trying again may help; the error's class says so."""
    return isinstance(error, LikenessError) and error.retryable


def outlast(
    step: Callable[[], T],
    *,
    outage_s: float,
    longest_pause_s: float = LONGEST_PAUSE_S,
    meanwhile: Callable[[], None] = lambda: None,
) -> T:
    """Take a step again and again until it succeeds; `meanwhile`, called before each try, may give up by raising.

    Raise at once what trying again does not mend, and the last error after `outage_s` seconds. Pauses are drawn by
    chance, so that those who wait for the same server do not come back in step.
    """
    return Retrying(
        retry=retry_if_exception(passes),
        stop=stop_after_delay(outage_s),
        wait=wait_random_exponential(multiplier=FIRST_PAUSE_S, max=longest_pause_s),
        before=lambda _: meanwhile(),
        reraise=True,
    )(step)
