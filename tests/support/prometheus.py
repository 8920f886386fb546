"""A real Prometheus over a stack's processes, with our rules. Debian's package `prometheus` has it, and promtool."""

import shutil
import subprocess
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from core.settings import CHECKOUT
from tests.support.ports import ours

HERE = CHECKOUT / "infra" / "observability"
RULES = HERE / "rules.yml"


def installed(name: str) -> str:
    if not (found := shutil.which(name)):
        pytest.skip(f"{name} is not installed: on Debian and Ubuntu, apt install prometheus")
    return found


@dataclass(frozen=True)
class Prometheus:
    url: str

    def answer(self, query: str) -> list[dict[str, Any]]:
        asked = {"query": query.replace("$__rate_interval", "1m")}
        got = httpx.get(f"{self.url}/api/v1/query", params=asked, timeout=10)
        assert got.status_code == 200, f"{query}: {got.text}"
        found: list[dict[str, Any]] = got.json()["data"]["result"]
        return found

    def rules(self) -> list[dict[str, Any]]:
        groups = httpx.get(f"{self.url}/api/v1/rules", timeout=10).json()["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def firing(self) -> set[str]:
        """The names of the alerts that fire."""
        alerts = httpx.get(f"{self.url}/api/v1/alerts", timeout=10).json()["data"]["alerts"]
        return {alert["labels"]["alertname"] for alert in alerts if alert["state"] == "firing"}


@contextmanager
def prometheus(directory: Path, ports: Iterable[int], rules: Path = RULES) -> Iterator[Prometheus]:
    """Asks every second."""
    targets = [f"127.0.0.1:{port}" for port in ports]
    directory.mkdir(parents=True, exist_ok=True)
    config = directory / "prometheus.yml"
    config.write_text(
        yaml.safe_dump(
            {
                "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
                "rule_files": [str(rules)],
                "scrape_configs": [{"job_name": "likeness", "static_configs": [{"targets": targets}]}],
            }
        ),
        encoding="utf-8",
    )
    listen = f"127.0.0.1:{ours().take()}"
    command = [installed("prometheus"), f"--config.file={config}", f"--storage.tsdb.path={directory / 'data'}"]
    with (directory / "log").open("wb") as log:
        process = subprocess.Popen([*command, f"--web.listen-address={listen}"], stdout=log, stderr=log)
    try:
        yield Prometheus(f"http://{listen}")
    finally:
        process.terminate()
        process.wait(20)
