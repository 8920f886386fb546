"""A stack whose processes show what they count, the API two of them; with an engine that invents its scores."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from core.settings.groups import MetricsSettings
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


@pytest.fixture
def watched(tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path, object_store: Store) -> Watched:
    @contextmanager
    def started() -> Iterator[Watched]:
        first = ours().take(len(PROCESSES))
        ports = {name: first + PROCESSES.index(name) for name in RUNNING}
        home = tmp_path_factory.mktemp("watched")
        asked = {"LIKENESS_ENGINE": "sleeping", "LIKENESS_SLEEP_MS": "5", "LIKENESS_API_PROCESSES": "2"}
        with running(home, zoo_directory.parent, object_store, **asked) as stack:
            for name in RUNNING:
                stack.start(name, **metrics_port_of(name, MetricsSettings(port=first)))
            stack.wait_until_ready()
            watched = Watched(stack, ports)
            for name in RUNNING:
                eventually(lambda name=name: watched.scrape(name))  # type: ignore[misc]
            yield watched

    return SHARED.lend("watched", started)
