"""A stack of its own under load, with a pack that is calibrated and everything else that a metric counts."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from core.settings.groups import MetricsSettings
from core.storage.connection import connect
from core.storage.objects import ObjectStore
from core.webhooks.signing import new_secret
from evaluator.datasets import import_dataset, read_benchmark
from infra.local.metrics_ports import PROCESSES, metrics_port_of
from likeness.client import Client
from tests.alerts.load import Benchmark, Load
from tests.support.liveness_pack import write_liveness_pack
from tests.support.ports import ours
from tests.support.receivers import Receiver, receiving
from tests.support.stack import Stack, running

SHOWN = ("api", "worker", "embedder", "courier", "evaluator")
SETTINGS = {
    "LIKENESS_API_PROCESSES": "2",
    "LIKENESS_DETECTION_SIZE": "320",
    "LIKENESS_LIVENESS_PACK": "brightness",
    "LIKENESS_LOG_LEVEL": "WARNING",
    # Past it the courier erases, every 15 s: what a photograph outlives when the store is away.
    "LIKENESS_IMAGE_RETENTION_S": "5",
    "LIKENESS_WEBHOOK_ALLOW_HTTP": "true",
    "LIKENESS_WEBHOOK_ALLOW_PRIVATE": "true",
    # A consumer that is busy is tried again soon.
    "LIKENESS_WEBHOOK_SCHEDULE_S": "2,2,2,2",
}
MEMORY_BYTES = 2**30
RUN = "drill"


@dataclass
class Scene:
    """What a fault has to do with."""

    stack: Stack
    load: Load
    receiver: Receiver
    #: Where the processes show what they count, by name.
    ports: dict[str, int]

    @property
    def redis(self) -> Any:
        return connect(self.stack.settings.redis)

    @property
    def objects(self) -> ObjectStore:
        return ObjectStore(self.stack.settings.objects)

    def start(self, *names: str) -> None:
        """Processes, each with its port for metrics."""
        first = MetricsSettings(port=self.ports["api"])
        for name in names:
            self.stack.start(name, **metrics_port_of(name, first))

    def limit_memory(self) -> None:
        """Of Redis, which forgets it when it is killed; without a limit there is no share of it."""
        self.redis.config_set("maxmemory", MEMORY_BYTES)

    def submit(self, count: int) -> None:
        """So many comparisons, whether or not a worker is there."""
        with httpx.Client(base_url=self.stack.url, timeout=20) as http:
            for _ in range(count):
                self.load.submit(http)

    def ask_for_run(self) -> str:
        """Its id."""
        with Client(self.stack.url) as client:
            return client.evaluations.start(RUN).id

    def calibrate(self) -> None:
        """Run the benchmark on the pack, and take its thresholds from that."""
        benchmark = read_benchmark("csv", self.load.benchmark.folder / "pairs.csv", self.load.benchmark.folder)
        import_dataset(self.objects, RUN, benchmark, images_per_shard=4)
        with Client(self.stack.url) as client:
            run = client.evaluations.wait(self.ask_for_run(), timeout_s=300)
        assert run.status == "succeeded", run.document
        calibrated = self.stack.likeness("evaluate", "calibrate", run.id)
        assert calibrated.returncode == 0, calibrated.stderr


@contextmanager
def staged(home: Path, zoo: Path, samples: dict[str, Path]) -> Iterator[Scene]:
    """Everything up and ready; `zoo` is where the default pack lies. Nothing is asked of it yet."""
    packs = home / "packs"
    packs.mkdir(parents=True)
    (packs / zoo.name).symlink_to(zoo)
    benchmark = Benchmark.made(home / "benchmark", samples)
    with receiving() as receiver:
        told = {"LIKENESS_WEBHOOK_PORTS": str(receiver.port), "LIKENESS_WEBHOOK_SECRETS": new_secret()}
        with running(home / "stack", packs, None, **SETTINGS, **told) as stack:
            _add_liveness_pack(stack, home / "brightness")
            first = ours().take(len(PROCESSES))
            ports = {name: first + PROCESSES.index(name) for name in SHOWN}
            scene = Scene(stack, Load(stack.url, receiver.url, benchmark), receiver, ports)
            scene.limit_memory()
            scene.start("api", "worker", "embedder", "evaluator", "beat")
            stack.wait_until_ready()
            yield scene


def _add_liveness_pack(stack: Stack, directory: Path) -> None:
    terms = ("--licence", "ours", "--commercial-use", "--threshold", "0.5")
    added = stack.likeness("packs", "add", directory.name, str(write_liveness_pack(directory)), *terms)
    assert added.returncode == 0, added.stderr
