"""What every test may ask for: the pack and the photographs, fetched once, servers, and a running stack."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from core.comparisons.receipts import new_key
from core.packs.catalogue import Pack, load_catalogue
from core.settings import CHECKOUT, Settings
from core.webhooks.signing import new_secret
from infra.local.samples import fetch_samples
from tests.support.groups import pytest_collection_modifyitems
from tests.support.schema import unexplained
from tests.support.servers import REDIS, S3, Servers, Store, serving, settings_of
from tests.support.shared import SHARED, pytest_runtest_teardown
from tests.support.stack import Stack, running
from worker.packs.install import fetch

__all__ = ["pytest_collection_modifyitems", "pytest_runtest_teardown"]

# How long an example takes, or is thought out, says what else the machine does: 200 ms are soon over on a busy one.
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")


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
def minifasnet_sources(cache: Path) -> Path:
    """Minivision's two files of weights and three photographs, where somebody has put them; nothing fetches them."""
    directory = Path(os.environ.get("LIKENESS_TEST_MINIFASNET", cache / "minifasnet"))
    if not (directory / "2.7_80x80_MiniFASNetV2.pth").is_file():
        pytest.skip(f"needs MiniFASNet's weights in {directory}, or where LIKENESS_TEST_MINIFASNET says")
    return directory


@contextmanager
def alone(cache: Path) -> Iterator[None]:
    """While one test process fetches, the others wait."""
    with (cache / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def zoo() -> Pack:
    return load_catalogue()["opencv-zoo"]


@pytest.fixture(scope="session")
def zoo_directory(zoo: Pack, cache: Path) -> Path:
    """The pack as `fetch` builds it, for reading only."""
    with alone(cache):
        return fetch(zoo, settings_of({"LIKENESS_HOME": str(cache)}).packs)


@pytest.fixture(scope="session")
def samples(cache: Path) -> dict[str, Path]:
    """The sample photographs by name."""
    with alone(cache):
        return fetch_samples(cache)


@pytest.fixture(scope="session")
def object_store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """One server for all tests that neither kill it nor look at its disk."""
    with serving(tmp_path_factory.mktemp("store"), S3) as servers:
        yield Store(servers)
        SHARED.close_all_but([])  # the last test of all was of a stack, which has a bucket here


@pytest.fixture
def bucket(object_store: Store) -> Iterator[dict[str, str]]:
    """What leads a process to an empty bucket."""
    with object_store.bucket() as where:
        yield where


@pytest.fixture
def objects_settings(bucket: dict[str, str], tmp_path: Path) -> Settings:
    """Settings that lead to an empty bucket, and to no Redis."""
    return settings_of({"LIKENESS_HOME": str(tmp_path / "home"), **bucket})


@pytest.fixture
def redis_server(tmp_path: Path) -> Iterator[Servers]:
    """An empty Redis-protocol server; it starts in 50 ms."""
    with serving(tmp_path / "redis-server", REDIS) as servers:
        yield servers


@pytest.fixture
def stores(redis_server: Servers, bucket: dict[str, str], zoo_directory: Path) -> Settings:
    """Settings that lead to both, and no process of ours: for use cases that are called through their constructor."""
    return settings_of({**redis_server.where, **bucket, "LIKENESS_PACKS_DIR": str(zoo_directory.parent)})


@pytest.fixture
def stack(tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path, object_store: Store) -> Stack:
    """Servers, API and worker, shared by all tests that end no process."""

    @contextmanager
    def started() -> Iterator[Stack]:
        with running(tmp_path_factory.mktemp("stack"), zoo_directory.parent, object_store) as stack:
            stack.start("api", "worker")
            stack.wait_until_ready()
            yield stack
            assert unexplained(stack.settings.redis) == []

    return SHARED.lend("stack", started)


@pytest.fixture
def own_stack(tmp_path: Path, zoo_directory: Path, object_store: Store) -> Iterator[Stack]:
    """Redis and a bucket, for a test that starts and kills processes as it likes; the object store stays."""
    with running(tmp_path / "stack", zoo_directory.parent, object_store) as stack:
        yield stack


@pytest.fixture
def whole_stack(tmp_path: Path, zoo_directory: Path) -> Iterator[Stack]:
    """Like `own_stack`, with an object store of its own, which the test kills or looks into."""
    with running(tmp_path / "stack", zoo_directory.parent) as stack:
        yield stack


@pytest.fixture
def batching(tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path, object_store: Store) -> Stack:
    """Servers, API, worker and embedder with the real pack, shared by all tests that end no process."""

    @contextmanager
    def started() -> Iterator[Stack]:
        home = tmp_path_factory.mktemp("batching")
        limits = {
            "LIKENESS_MAX_BATCH_PAIRS": "40",
            "LIKENESS_MAX_BATCH_PHOTOGRAPHS": "12",
            "LIKENESS_MAX_BATCH_BYTES": "3000000",
        }
        told = {
            "LIKENESS_RECEIPT_KEY": new_key(),
            "LIKENESS_WEBHOOK_SECRETS": new_secret(),
            "LIKENESS_WEBHOOK_ALLOW_HTTP": "true",
            "LIKENESS_WEBHOOK_ALLOW_PRIVATE": "true",
        }
        with running(home, zoo_directory.parent, object_store, **limits, **told) as stack:
            stack.start("api", "worker", "embedder")
            stack.wait_until_ready()
            yield stack
            assert unexplained(stack.settings.redis) == []

    return SHARED.lend("batching", started)


@pytest.fixture
def whole(batching: Stack) -> Stack:
    """The same with who calls back and who measures: for what the pages and the examples tell to do."""

    @contextmanager
    def started() -> Iterator[Stack]:
        batching.start("courier", "evaluator")
        yield batching
        batching.kill("courier")
        batching.kill("evaluator")

    return SHARED.lend("whole", started)
