import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.packs.catalogue import Pack
from core.settings import Settings
from core.vocabulary import Compared, Policy
from tests.support.stack import eventually
from worker.engine.batcher import ROOM, Batcher
from worker.engine.contract import Embeddings, Image, Priority
from worker.engine.embed import BUCKETS, Recogniser
from worker.engine.engine import Engine
from worker.engine.models import load_models
from worker.engine.turns import Turns

BAD = 255


def crop(number: int) -> Image:
    return np.full((1, 1, 3), number, np.uint8)


class Device:
    """Embeds a crop as its number; writes down every batch; can be held at its work."""

    def __init__(self) -> None:
        self.batches: list[list[int]] = []
        self.may_go_on = threading.Event()
        self.may_go_on.set()

    def embed(self, crops: Sequence[Image]) -> Embeddings:
        numbers = [int(crop[0, 0, 0]) for crop in crops]
        self.batches.append(numbers)
        assert self.may_go_on.wait(10)
        if BAD in numbers:
            raise ValueError("a bad crop")
        return np.array([[number] for number in numbers], np.float32)


class Callers:
    """Threads that embed; the first of them holds the device until `release`."""

    def __init__(self, batcher: Batcher, device: Device, pool: ThreadPoolExecutor) -> None:
        self._batcher, self._device, self._pool = batcher, device, pool
        self._calls: list[Future[Embeddings]] = []

    def hold_device(self) -> None:
        self._device.may_go_on.clear()
        self.call(0)
        eventually(lambda: self._seen(1))

    def call(self, *numbers: int, priority: Priority = Priority.INTERACTIVE, waiting: int | None = None) -> None:
        crops = [crop(number) for number in numbers]
        self._calls.append(self._pool.submit(self._batcher.embed, crops, priority))
        if waiting is not None:
            eventually(lambda: self._waiting(waiting))

    def release(self) -> list[list[float] | str]:
        self._device.may_go_on.set()
        return [self._answer(call) for call in self._calls]

    def _seen(self, batches: int) -> None:
        assert len(self._device.batches) == batches

    def _waiting(self, crops: int) -> None:
        assert self._batcher.waiting == crops

    @staticmethod
    def _answer(call: Future[Embeddings]) -> list[float] | str:
        try:
            return [float(row[0]) for row in call.result(10)]
        except ValueError as error:
            return str(error)


@pytest.fixture
def device() -> Device:
    return Device()


@pytest.fixture
def pool() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(40)


def callers(device: Device, pool: ThreadPoolExecutor, largest: int) -> Callers:
    return Callers(Batcher(device, Turns(1), largest=largest), device, pool)


def test_what_arrives_while_the_device_is_busy_shares_the_next_batch(device: Device, pool: ThreadPoolExecutor) -> None:
    these = callers(device, pool, largest=8)
    these.hold_device()
    these.call(1, 2, waiting=2)
    these.call(3, waiting=3)
    these.call(4, 5, waiting=5)
    assert these.release() == [[0], [1, 2], [3], [4, 5]]
    assert device.batches == [[0], [1, 2, 3, 4, 5]]


def test_an_idle_device_keeps_nobody_waiting(device: Device) -> None:
    batcher = Batcher(device, Turns(1), largest=8)
    assert batcher.embed([crop(7)], Priority.INTERACTIVE).tolist() == [[7]]
    assert device.batches == [[7]]


def test_no_batch_is_larger_than_the_largest(device: Device, pool: ThreadPoolExecutor) -> None:
    these = callers(device, pool, largest=4)
    these.hold_device()
    for number in range(1, 13, 2):
        these.call(number, number + 1, waiting=number + 1)
    these.release()
    assert [len(batch) for batch in device.batches] == [1, 4, 4, 4]


def test_who_has_the_device_waits_a_moment_for_others_where_that_is_asked_for(device: Device) -> None:
    batcher = Batcher(device, Turns(1), largest=2, wait_s=10)
    with ThreadPoolExecutor(2) as pool:
        calls = [pool.submit(batcher.embed, [crop(number)], Priority.INTERACTIVE) for number in (1, 2)]
        assert [call.result(5).tolist() for call in calls] == [[[1]], [[2]]]
    assert sorted(device.batches[0]) == [1, 2]
    assert len(device.batches) == 1


def test_interactive_calls_go_before_evaluations_that_came_earlier(device: Device, pool: ThreadPoolExecutor) -> None:
    these = callers(device, pool, largest=2)
    these.hold_device()
    these.call(1, 2, 3, priority=Priority.EVALUATION)
    these.call(4, waiting=1)
    these.release()
    assert device.batches[0] == [0]
    assert [batch for batch in device.batches if batch != [4]] == [[0], [1, 2], [3]]
    assert device.batches.index([4]) <= 2, "at most the evaluation's first batch had the place before"


def test_an_evaluation_shares_no_batch_with_anybody(device: Device, pool: ThreadPoolExecutor) -> None:
    these = callers(device, pool, largest=4)
    these.hold_device()
    these.call(1, 2, 3, 4, 5, priority=Priority.EVALUATION)
    these.call(11, 12, 13, priority=Priority.EVALUATION)
    these.call(21, waiting=1)
    these.call(22, waiting=2)
    these.release()
    assert sorted(device.batches) == [[0], [1, 2, 3, 4], [5], [11, 12, 13], [21, 22]]


def test_an_evaluation_may_be_cut_into_other_batches_than_interactive_calls(device: Device) -> None:
    batcher = Batcher(device, Turns(1), largest=1, apart=2)
    crops = [crop(number) for number in range(1, 6)]
    assert batcher.embed(crops, Priority.EVALUATION).tolist() == [[1], [2], [3], [4], [5]]
    assert batcher.embed(crops[:2], Priority.INTERACTIVE).tolist() == [[1], [2]]
    assert device.batches == [[1, 2], [3, 4], [5], [1], [2]]


def test_of_a_batch_that_fails_only_the_bad_crop_fails(device: Device, pool: ThreadPoolExecutor) -> None:
    these = callers(device, pool, largest=8)
    these.hold_device()
    these.call(1, waiting=1)
    these.call(2, BAD, waiting=3)
    these.call(3, 4, waiting=5)
    assert these.release() == [[0], [1], "a bad crop", [3, 4]]
    assert device.batches == [[0], [1, 2, BAD, 3, 4], [1], [2], [BAD], [3], [4]]


def test_a_bad_crop_of_an_evaluation_is_an_error_and_the_next_call_works(device: Device) -> None:
    batcher = Batcher(device, Turns(1), largest=4)
    with pytest.raises(ValueError, match="a bad crop"):
        batcher.embed([crop(1), crop(BAD)], Priority.EVALUATION)
    assert batcher.embed([crop(1)], Priority.EVALUATION).tolist() == [[1]]


def test_callers_beyond_the_room_wait_to_be_let_in(device: Device, pool: ThreadPoolExecutor) -> None:
    batcher = Batcher(device, Turns(1), largest=2)
    these = Callers(batcher, device, pool)
    these.hold_device()
    for number in range(1, ROOM + 1):
        these.call(number, 100 + number, waiting=2 * number)
    these.call(50)
    these.call(51)
    assert batcher.waiting == 2 * ROOM
    answers = these.release()
    assert answers[-2:] == [[50], [51]]


@given(st.lists(st.lists(st.integers(0, 250), min_size=1, max_size=6), min_size=1, max_size=12), st.integers(1, 8))
def test_every_caller_gets_the_rows_of_its_own_crops(calls: list[list[int]], largest: int) -> None:
    batcher = Batcher(Device(), Turns(2), largest=largest)
    with ThreadPoolExecutor(6) as pool:
        priorities = [Priority(number % 2) for number in range(len(calls))]
        asked = [
            pool.submit(batcher.embed, [crop(number) for number in numbers], priority)
            for numbers, priority in zip(calls, priorities, strict=True)
        ]
        assert [[int(row[0]) for row in call.result(10)] for call in asked] == calls


def test_a_gpus_batches_are_filled_up_to_a_bucket(zoo: Pack, zoo_directory: Path, cache: Path) -> None:
    models = load_models(zoo, zoo_directory, Settings(home=cache, provider="cpu").engine)
    plain, sizes = models.recogniser, list[int]()

    class Model:
        output_shape, input_shape = (None, 128), (None, 3, 112, 112)

        def get_feat(self, crops: list[Image]) -> Embeddings:
            sizes.append(len(crops))
            return plain.embed(crops)

    crops = list(np.random.default_rng(3).integers(0, 256, (5, 112, 112, 3), dtype=np.uint8))
    assert np.allclose(Recogniser(Model(), BUCKETS).embed(crops), plain.embed(crops), atol=1e-6)
    assert sizes == [8]


def test_a_score_does_not_depend_on_what_shares_its_batch(
    zoo: Pack, zoo_directory: Path, cache: Path, sample: Callable[[str], bytes]
) -> None:
    pairs = [(sample(a), sample(b)) for a in ("obama.jpg", "biden.jpg") for b in ("obama2.jpg", "six_faces.jpg")]

    def scores(**settings: int) -> list[object]:
        engine = Engine.load(zoo, zoo_directory, Settings(home=cache, provider="cpu", **settings).engine)
        engine.warm_up()
        with ThreadPoolExecutor(8) as pool:
            compared = [pool.submit(engine.compare, *pair, Policy.LARGEST) for pair in pairs * 2]
            return [call.result().outcome for call in compared]

    alone, together = scores(), scores(batch_size=8, engine_threads=4)
    assert together == alone
    assert all(isinstance(outcome, Compared) for outcome in alone)
