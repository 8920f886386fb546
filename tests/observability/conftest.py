"""A stack whose processes show what they count, the API two of them; with an engine that invents its scores."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.evaluations.calibrations import Calibration, CalibrationStore
from core.evaluations.runs import RunKeys
from core.settings.groups import MetricsSettings
from core.storage.objects import ObjectStore
from infra.local.metrics_ports import PROCESSES, metrics_port_of
from tests.support.ports import ours
from tests.support.servers import Store
from tests.support.shared import SHARED
from tests.support.stack import Stack, eventually, running

#: Prometheus, which a test starts, needs one more.
RUNNING = ("api", "worker", "embedder", "courier", "evaluator")


@dataclass
class Watched:
    stack: Stack
    #: By process.
    ports: dict[str, int]

    def scrape(self, process: str) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
        answer = httpx.get(f"http://127.0.0.1:{self.ports[process]}/metrics", timeout=10)
        assert answer.status_code == 200
        return {
            (sample.name, frozenset(sample.labels.items())): sample.value
            for family in text_string_to_metric_families(answer.text)
            for sample in family.samples
        }

    def value(self, process: str, name: str, /, **labels: str) -> float:
        """The sum of the samples that have these labels, whatever others."""
        return sum(v for (n, has), v in self.scrape(process).items() if n == name and labels.items() <= has)


def calibrate(stack: Stack) -> None:
    """As if the pack had been: so that there are scores which live ones are compared with."""
    run_id = "run_of_the_dashboard"
    rows = [f"a,b{n},{n % 2},,{n / 1000},," for n in range(-900, 900)]
    table = "\n".join(["reference,probe,mated,fold,score,reference_failure,probe_failure", *rows, ""])
    settings = stack.settings_of_servers
    ObjectStore(settings.objects).put(RunKeys(run_id).scores, table.encode())
    CalibrationStore(settings.redis).put(
        Calibration("opencv-zoo", "no-model", run_id, "lfw", "sha256:2", 640, 0.0, ()), smaller=True
    )


@pytest.fixture
def watched(tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path, object_store: Store) -> Watched:
    @contextmanager
    def started() -> Iterator[Watched]:
        first = ours().take(len(PROCESSES))
        ports = {name: first + PROCESSES.index(name) for name in RUNNING}
        home = tmp_path_factory.mktemp("watched")
        asked = {"LIKENESS_ENGINE": "sleeping", "LIKENESS_SLEEP_MS": "5", "LIKENESS_API_PROCESSES": "2"}
        with running(home, zoo_directory.parent, object_store, **asked) as stack:
            told = {name: metrics_port_of(name, MetricsSettings(port=first)) for name in RUNNING}
            for name in RUNNING:
                if name != "courier":
                    stack.start(name, **told[name])
            stack.wait_until_ready()
            calibrate(stack)
            stack.start("courier", **told["courier"])  # it looks for packs and calibrations at once, then every minute
            watched = Watched(stack, ports)
            for name in RUNNING:
                eventually(lambda name=name: watched.scrape(name))  # type: ignore[misc]
            yield watched

    return SHARED.lend("watched", started)
