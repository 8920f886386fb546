"""OpenVINO computes the embeddings where it is asked for by name; what it computed says so."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest

from core.errors import ProviderUnavailable
from core.packs.catalogue import Pack
from core.providers import named
from core.settings import Settings
from core.vocabulary import Compared, Policy
from worker.engine import providers
from worker.engine.contract import Acquired
from worker.engine.engine import Engine

Sample = Callable[[str], bytes]

here = named("openvino")
with_openvino = pytest.mark.skipif(
    find_spec("openvino") is None,
    reason="openvino is not installed: pip install --no-deps -r infra/requirements/worker-openvino.txt",
)


@pytest.fixture(scope="module")
def openvino(zoo: Pack, zoo_directory: Path, cache: Path) -> Engine:
    engine = Engine.load(zoo, zoo_directory, Settings(home=cache, provider="openvino").engine)
    engine.warm_up()
    return engine


def score(engine: Engine, reference: bytes, probe: bytes) -> float:
    outcome = engine.compare(reference, probe, Policy.LARGEST).outcome
    assert isinstance(outcome, Compared)
    return outcome.score


@pytest.mark.skipif(find_spec("openvino") is not None, reason="openvino is installed")
@pytest.mark.parametrize("asked", ["openvino", "openvino-bf16", "openvino-f32"])
def test_where_it_is_not_installed_the_engine_stops_and_says_what_to_install(
    asked: str, zoo: Pack, zoo_directory: Path, tmp_path: Path
) -> None:
    with pytest.raises(ProviderUnavailable, match=r"package openvino is not installed.*worker-openvino\.txt"):
        Engine.load(zoo, zoo_directory, Settings(home=tmp_path, provider=asked).engine)


def test_auto_does_not_try_it() -> None:
    assert not any(provider.startswith("openvino") for provider in providers.candidates("auto"))


@with_openvino
@pytest.mark.skipif(here != "openvino-f32", reason="this processor has bfloat16")
def test_bfloat16_asked_for_by_name_stops_the_engine_where_the_processor_has_none(
    zoo: Pack, zoo_directory: Path, cache: Path
) -> None:
    with pytest.raises(ProviderUnavailable, match="Set LIKENESS_PROVIDER to `openvino-f32`"):
        Engine.load(zoo, zoo_directory, Settings(home=cache, provider="openvino-bf16").engine)


@with_openvino
def test_a_result_names_it_with_its_precision(openvino: Engine) -> None:
    assert openvino.facts.provider == here


@with_openvino
def test_scores_are_nearly_those_of_the_cpu_and_a_file_is_like_itself(
    openvino: Engine, engine: Engine, sample: Sample
) -> None:
    obama = sample("obama.jpg")
    for name in ("obama2.jpg", "biden.jpg"):
        assert score(openvino, obama, sample(name)) == pytest.approx(score(engine, obama, sample(name)), abs=0.02)
    assert score(openvino, obama, obama) == 1.0


@with_openvino
def test_in_float32_scores_are_those_of_the_cpu_but_for_rounding(
    engine: Engine, zoo: Pack, zoo_directory: Path, cache: Path, sample: Sample
) -> None:
    exact = Engine.load(zoo, zoo_directory, Settings(home=cache, provider="openvino-f32").engine)
    assert exact.facts.provider == "openvino-f32"
    expected = score(engine, sample("obama.jpg"), sample("obama2.jpg"))
    assert score(exact, sample("obama.jpg"), sample("obama2.jpg")) == pytest.approx(expected, abs=1e-5)


@with_openvino
def test_an_embedding_depends_neither_on_its_batch_nor_on_who_else_computes(openvino: Engine, sample: Sample) -> None:
    acquired = [openvino.acquire(sample(name), Policy.LARGEST) for name in ("obama.jpg", "biden.jpg")]
    crops = [one.crop for one in acquired if isinstance(one, Acquired)]
    alone = [openvino.embed([crop])[0] for crop in crops]
    with ThreadPoolExecutor(4) as threads:
        for batch in threads.map(lambda _: openvino.embed(crops), range(8)):
            np.testing.assert_array_equal(batch, alone)
