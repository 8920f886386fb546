"""What every test may ask for: the pack and the photographs, fetched once, and a running stack."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from stack import Stack, running

from core.packs.catalogue import Pack, load_catalogue
from core.settings import CHECKOUT, Settings
from infra.local.samples import fetch_samples
from worker.packs.install import fetch


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("LIKENESS_")]:
        monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def cache() -> Path:
    """What is fetched once and read by many tests; kept between runs."""
    path = Path(os.environ.get("LIKENESS_TEST_CACHE", CHECKOUT / ".likeness" / "test-cache"))
    path.mkdir(parents=True, exist_ok=True)
    return path


@pytest.fixture(scope="session")
def zoo() -> Pack:
    return load_catalogue()["opencv-zoo"]


@pytest.fixture(scope="session")
def zoo_directory(zoo: Pack, cache: Path) -> Path:
    """The pack as `fetch` builds it, for reading only."""
    return fetch(zoo, Settings(home=cache).packs)


@pytest.fixture(scope="session")
def samples(cache: Path) -> dict[str, Path]:
    """The sample photographs by name."""
    return fetch_samples(cache)


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path) -> Iterator[Stack]:
    """Servers, API and worker, shared by all tests that end no process."""
    with running(tmp_path_factory.mktemp("stack"), zoo_directory.parent) as stack:
        stack.start("api", "worker")
        stack.wait_until_ready()
        yield stack


@pytest.fixture
def own_stack(tmp_path: Path, zoo_directory: Path) -> Iterator[Stack]:
    """Servers only, for a test that starts and kills processes as it likes."""
    with running(tmp_path / "stack", zoo_directory.parent) as stack:
        yield stack
