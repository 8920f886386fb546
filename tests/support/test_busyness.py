"""What bounds in seconds are stretched by."""

import threading

from tests.support.busyness import measured


def test_a_bound_is_never_shortened_and_beside_others_at_work_it_is_longer() -> None:
    with measured() as busyness:
        pass
    assert busyness.stretched(5) >= 5
    over = threading.Event()

    def work() -> None:
        while not over.is_set():
            pass

    others = [threading.Thread(target=work) for _ in range(6)]  # in this process one at a time is at work
    for other in others:
        other.start()
    with measured() as busyness:
        busyness.work()
    over.set()
    for other in others:
        other.join()
    assert busyness.stretched(5) > 10
