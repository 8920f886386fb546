"""Networks on a server that speaks Triton's protocol: scores of the CPU, errors that say whom to wait for.

The server is the tests' own, onnxruntime behind the KServe v2 protocol; no real Triton was at hand.
"""

import gc
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path
from urllib.parse import urlsplit
from weakref import ref

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from core.errors import EngineUnavailable, ProviderUnavailable, SettingsInvalid
from core.evaluations.scoring import pipeline_of
from core.packs.catalogue import Pack
from core.providers import may_compute
from core.settings import Settings
from core.vocabulary import Compared, Policy
from tests.support.kserve import KServe, serving
from worker.engine import providers
from worker.engine.contract import Acquired
from worker.engine.engine import Engine
from worker.engine.repository import write_repository
from worker.engine.triton import TritonServer

pytestmark = pytest.mark.skipif(
    find_spec("tritonclient") is None,
    reason="tritonclient is not installed: pip install --no-deps -r infra/requirements/worker-triton.txt",
)

Sample = Callable[[str], bytes]
DETECTION, RECOGNITION = "opencv-zoo-detection", "opencv-zoo-recognition"


@pytest.fixture(scope="module")
def repository(zoo: Pack, zoo_directory: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    destination = tmp_path_factory.mktemp("repository")
    written = write_repository(zoo, zoo_directory, destination)
    assert [path.name for path in written] == [DETECTION, RECOGNITION]
    return destination


@pytest.fixture(scope="module")
def server(repository: Path) -> Iterator[KServe]:
    with serving(repository) as server:
        yield server


@pytest.fixture(autouse=True)
def well(server: KServe) -> Iterator[None]:
    yield
    server.refuses, server.delay_s = None, 0.0


@pytest.fixture(scope="module")
def asking(zoo: Pack, zoo_directory: Path, cache: Path) -> Callable[..., Engine]:
    def asking(url: str | None, **asked: object) -> Engine:
        settings = Settings(home=cache, provider="triton").but(triton_url=url, batch_wait_ms=0, **asked)
        return Engine.load(zoo, zoo_directory, settings.engine)

    return asking


@pytest.fixture(scope="module")
def triton(asking: Callable[..., Engine], server: KServe) -> Engine:
    engine = asking(server.url, batch_size=4)
    engine.warm_up()
    return engine


def score(engine: Engine, reference: bytes, probe: bytes) -> float:
    outcome = engine.compare(reference, probe, Policy.LARGEST).outcome
    assert isinstance(outcome, Compared)
    return outcome.score


def test_scores_are_those_of_the_cpu_and_a_result_names_triton(triton: Engine, engine: Engine, sample: Sample) -> None:
    for name in ("obama2.jpg", "biden.jpg", "six_faces.jpg"):
        ours, theirs = (score(one, sample("obama.jpg"), sample(name)) for one in (engine, triton))
        assert theirs == pytest.approx(ours, abs=0.01)
    assert triton.facts.provider == "triton"
    assert triton.facts.pack == engine.facts.pack, "what is served was held against the pack"


def test_both_networks_are_asked_and_crops_go_together(triton: Engine, server: KServe, sample: Sample) -> None:
    acquired = triton.acquire(sample("obama.jpg"), Policy.LARGEST)
    assert isinstance(acquired, Acquired)
    server.inferred.clear()
    triton.embed([acquired.crop] * 4)
    assert server.inferred == [(RECOGNITION, 4)]
    triton.acquire(sample("obama.jpg"), Policy.LARGEST)
    assert {model for model, _ in server.inferred} == {DETECTION, RECOGNITION}


def test_many_threads_may_ask(triton: Engine, sample: Sample) -> None:
    pair = sample("obama.jpg"), sample("obama2.jpg")
    with ThreadPoolExecutor(6) as threads:
        found = set(threads.map(lambda _: round(score(triton, *pair), 5), range(9)))
    assert len(found) == 1


def test_a_server_that_was_away_is_asked_again(asking: Callable[..., Engine], repository: Path, sample: Sample) -> None:
    with serving(repository) as server:
        port, engine = urlsplit(server.url).port, asking(server.url)
        expected = score(engine, sample("obama.jpg"), sample("obama2.jpg"))
    # The error is not kept: with its traceback it would hold this frame, and leave the connection to the collector.
    away = f"Triton at http://127.0.0.1:{port} did not do infer"
    with pytest.raises(EngineUnavailable, match=away, check=lambda error: error.retryable):
        engine.compare(sample("obama.jpg"), sample("obama2.jpg"), Policy.LARGEST)
    assert port is not None
    with serving(repository, port):
        assert score(engine, sample("obama.jpg"), sample("obama2.jpg")) == pytest.approx(expected, abs=1e-5)


def test_what_failed_leaves_no_connection_to_the_garbage_collector() -> None:
    server = TritonServer("http://127.0.0.1:1", 1)
    known = ref(server)
    gc.disable()
    try:
        with pytest.raises(EngineUnavailable, match="did not do get_server_metadata"):
            server.version()
        del server
        assert known() is None
    finally:
        gc.enable()


@pytest.mark.parametrize("status", [400, 429, 500, 503])
def test_a_server_that_refuses_is_waited_for(triton: Engine, server: KServe, sample: Sample, status: int) -> None:
    server.refuses = status
    with pytest.raises(EngineUnavailable, match="as the test wants it"):
        triton.compare(sample("obama.jpg"), sample("obama2.jpg"), Policy.LARGEST)
    server.refuses = None
    assert score(triton, sample("obama.jpg"), sample("obama2.jpg")) > 0.5


def test_a_server_that_does_not_answer_in_time_is_waited_for_no_longer(
    asking: Callable[..., Engine], server: KServe, sample: Sample
) -> None:
    engine = asking(server.url, triton_timeout_s=2)
    server.delay_s = 4
    with pytest.raises(EngineUnavailable, match="timed out"):
        engine.compare(sample("obama.jpg"), sample("obama2.jpg"), Policy.LARGEST)


def test_what_is_not_served_stops_the_engine_and_says_what_to_do(
    asking: Callable[..., Engine], repository: Path, tmp_path: Path
) -> None:
    shutil.copytree(repository / DETECTION, tmp_path / DETECTION)
    with serving(tmp_path) as server, pytest.raises(ProviderUnavailable, match=f"does not serve '{RECOGNITION}'"):
        asking(server.url)
    with pytest.raises(EngineUnavailable, match="did not do is_model_ready"):
        asking("http://127.0.0.1:1")


def test_other_weights_under_the_name_of_a_packs_are_refused(
    asking: Callable[..., Engine], repository: Path, tmp_path: Path
) -> None:
    shutil.copytree(repository, tmp_path / "repository")
    path = tmp_path / "repository" / RECOGNITION / "1" / "model.onnx"
    model = onnx.load(path)
    weights = max(model.graph.initializer, key=lambda tensor: len(tensor.raw_data))
    other = numpy_helper.to_array(weights) * np.float32(1.2) + np.float32(0.01)
    weights.CopyFrom(numpy_helper.from_array(other, weights.name))
    onnx.save(model, path)
    with serving(tmp_path / "repository") as server, pytest.raises(ProviderUnavailable, match="serves other weights"):
        asking(server.url)


@pytest.mark.parametrize(
    ("url", "why"),
    [(None, "set LIKENESS_TRITON_URL"), ("triton:8000", "must be http://HOST:PORT"), ("http://h/v2", "must be http")],
)
def test_an_address_that_is_none_is_refused(asking: Callable[..., Engine], url: str | None, why: str) -> None:
    with pytest.raises(SettingsInvalid, match=why):
        asking(url)


def test_auto_does_not_try_it_and_its_embeddings_are_in_nobodys_place(triton: Engine, engine: Engine) -> None:
    assert "triton" not in providers.candidates("auto")
    ours, theirs = (pipeline_of(one.facts, Policy.LARGEST) for one in (engine, triton))
    assert ours.digest != theirs.digest, "nor are thresholds that were found on the one for the other"
    assert not may_compute(ours.provider, theirs.provider)
