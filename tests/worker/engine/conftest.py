"""The real pack and the sample photographs, fetched once; images that a test can make are made in the test."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pillow_heif
import pytest

from core.comparisons.images import ImageFacts, inspect
from core.packs.catalogue import Pack
from core.settings import Settings
from worker.engine.apart import APART
from worker.engine.engine import Engine


@pytest.fixture(scope="session")
def engine(zoo: Pack, zoo_directory: Path, cache: Path) -> Engine:
    """With the settings' defaults, on the CPU."""
    engine = Engine.load(zoo, zoo_directory, Settings(home=cache, provider="cpu").engine)
    engine.warm_up()
    return engine


@pytest.fixture(scope="session")
def sample(samples: dict[str, Path]) -> Callable[[str], bytes]:
    """The bytes of a sample photograph, by name."""
    return lambda name: samples[name].read_bytes()


@pytest.fixture(scope="session")
def facts_of() -> Callable[[bytes], ImageFacts]:
    return lambda body: inspect(body, max_bytes=10_000_000, max_pixels=10_000_000)


@pytest.fixture(scope="module")
def no_process_stays() -> Iterator[None]:
    """A module that saves HEIC, too; the process that decodes it ends with the module."""
    pillow_heif.register_heif_opener()
    yield
    APART.close()
