"""On CUDA no session ever sees another batch size than its first: the sessions here are the CPU's."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier
from typing import Any

import numpy as np
import onnxruntime
import pytest
from insightface.app import FaceAnalysis

from worker.engine.embed import Recogniser
from worker.engine.models import batches_of
from worker.engine.planned import PLANNED, PlannedSessions


class Noted:
    """A session that notes which batch sizes it has seen."""

    def __init__(self, session: Any) -> None:
        self.seen: set[int] = set()
        self._session = session

    def run(self, outputs: list[str], feeds: dict[str, Any]) -> Any:
        """What the session gives."""
        self.seen.add(len(next(iter(feeds.values()))))
        return self._session.run(outputs, feeds)

    def get_providers(self) -> Any:
        """What the session runs on."""
        return self._session.get_providers()


@pytest.fixture
def recognition(zoo_directory: Path) -> Any:
    """The pack's recogniser, as InsightFace loads it."""
    analysis = FaceAnalysis(str(zoo_directory), providers=["CPUExecutionProvider"], static_shape_sessions=False)
    return analysis.models["recognition"]


def test_each_batch_size_has_a_session_that_sees_no_other(recognition: Any) -> None:
    plain = Recogniser(recognition)
    crops = list(np.random.default_rng(5).integers(0, 256, (32, 112, 112, 3), np.uint8))
    expected = plain.embed(crops)
    made = [Noted(recognition.session)]

    def another() -> Noted:
        made.append(Noted(onnxruntime.InferenceSession(recognition.model_file, providers=["CPUExecutionProvider"])))
        return made[-1]

    recognition.session = PlannedSessions(made[0], another)
    assert recognition.session.get_providers() == ["CPUExecutionProvider"]
    recogniser = Recogniser(recognition, PLANNED)
    for count in (1, 2, 3, 8, 5, 20, 32, 2, 1):
        assert np.allclose(recogniser.embed(crops[:count]), expected[:count], atol=1e-6)
    assert [session.seen for session in made] == [{2}, {8}, {32}]
    assert recognition.session.sizes == (2, 8, 32)


def test_threads_that_bring_a_new_size_at_once_share_one_session(recognition: Any) -> None:
    both, made = Barrier(2), list[int]()

    def another() -> Any:
        made.append(1)
        return recognition.session

    sessions = PlannedSessions(recognition.session, another)

    def run(_: int) -> Any:
        both.wait(10)
        feeds = {recognition.input_name: np.zeros((2, 3, 112, 112), np.float32)}
        return sessions.run(recognition.output_names, feeds)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(run, range(2)))
    assert (sessions.sizes, made) == ((2,), [])


@pytest.mark.parametrize(
    ("provider", "largest", "sizes"),
    [
        ("cpu", None, ()),
        ("openvino-f32", 8, ()),
        ("cuda", None, (2, 8, 32)),
        ("cuda", 8, (2, 8)),
        ("cuda", 12, (2, 8, 12)),
        ("cuda", 64, (2, 8, 32, 64)),
        ("triton", 4, (1, 2, 4)),
    ],
)
def test_batches_are_filled_up_to_few_sizes_and_never_beyond_the_largest(
    provider: Any, largest: int | None, sizes: tuple[int, ...]
) -> None:
    assert batches_of(provider, largest) == sizes
