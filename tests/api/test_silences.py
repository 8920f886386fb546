"""Who need not wait for a server that let another request wait in vain."""

import pytest

from api.door.silences import ANSWERED_S, REFUSED_FOR_S, Silences
from core.errors import StoreUnavailable


def test_after_a_silence_others_are_refused_for_a_moment() -> None:
    now = [100.0]
    silences = Silences(lambda: now[0])
    silences.note(StoreUnavailable)
    with pytest.raises(StoreUnavailable, match="to another request"):
        silences.check(uploads=True)
    silences.check(uploads=False)
    now[0] += REFUSED_FOR_S
    silences.check(uploads=True)


def test_a_store_that_lets_one_upload_wait_and_takes_others_is_refused_to_nobody() -> None:
    now = [100.0]
    silences = Silences(lambda: now[0])
    silences.answered(StoreUnavailable)
    now[0] += ANSWERED_S / 2
    silences.note(StoreUnavailable)
    silences.check(uploads=True)
    now[0] += ANSWERED_S
    silences.note(StoreUnavailable)
    with pytest.raises(StoreUnavailable):
        silences.check(uploads=True)
