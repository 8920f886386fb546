"""The rules and the dashboard, read by Prometheus itself. Debian's package `prometheus` has it, and promtool."""

import json
import re
import subprocess
from pathlib import Path

import httpx
import pytest
import yaml

from core.settings import CHECKOUT
from infra.local.metrics_ports import PROCESSES
from tests.observability.conftest import Watched
from tests.observability.test_documentation import LISTED
from tests.observability.test_metrics import compared
from tests.support import prometheus
from tests.support.prometheus import HERE, installed
from tests.support.stack import eventually

RULES = yaml.safe_load(prometheus.RULES.read_text(encoding="utf-8"))["groups"]
TESTS = sorted(HERE.glob("*_test.yml"))
DASHBOARD = json.loads((HERE / "dashboard.json").read_text(encoding="utf-8"))
QUERIES = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", ())]
#: Empty as long as nothing of the kind has happened: no photograph without a face, no callback.
MAY_BE_EMPTY = ("likeness_not_acquired_total", "likeness_delivery_attempts_total")


@pytest.mark.parametrize("file", TESTS, ids=lambda file: file.name)
def test_the_rules_fire_each_alert_by_a_fault_made_for_it(file: Path) -> None:
    ran = subprocess.run(
        [installed("promtool"), "test", "rules", file.name],
        cwd=HERE,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_no_alert_is_left_untested() -> None:
    alerts = {rule["alert"] for group in RULES for rule in group["rules"] if "alert" in rule}
    tests = [test for file in TESTS for test in yaml.safe_load(file.read_text(encoding="utf-8"))["tests"]]
    fired = {of["alertname"] for test in tests for of in test["alert_rule_test"] if of["exp_alerts"]}
    assert fired == alerts


@pytest.mark.parametrize("file", ["prometheus.yml", "local.yml"])
def test_prometheus_takes_the_configuration(file: str) -> None:
    ran = subprocess.run(
        [installed("promtool"), "check", "config", HERE / file], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_the_local_configuration_asks_where_the_processes_of_a_local_stack_answer() -> None:
    [job] = yaml.safe_load((HERE / "local.yml").read_text(encoding="utf-8"))["scrape_configs"]
    for static in job["static_configs"]:
        assert static["targets"] == [f"127.0.0.1:{9100 + PROCESSES.index(static['labels']['process'])}"]


def test_rules_and_dashboard_ask_for_metrics_that_there_are() -> None:
    endings = ("_bucket", "_count", "_sum")
    known = {*LISTED, *(f"{name}{ending}" for name in LISTED for ending in endings)}
    asked = [*QUERIES, *(rule["expr"] for group in RULES for rule in group["rules"])]
    named = {name for query in asked for name in re.findall(r"\b(?:likeness|celery)_[a-z_]+\b", query)}
    assert named <= known
    assert len(named) > 20


def test_every_query_of_the_dashboard_and_every_rule_is_answered_by_prometheus(
    watched: Watched, samples: dict[str, Path], tmp_path: Path
) -> None:
    installed("prometheus")
    compared(watched, samples)
    with prometheus.prometheus(tmp_path, watched.ports.values()) as asked:

        def scraped() -> None:
            assert len(asked.answer("up == 1")) == len(watched.ports)
            assert asked.answer("count_over_time(likeness_http_requests_total[1m]) > 2")

        eventually(scraped)
        compared(watched, samples, 12)  # between two looks, for a rate
        httpx.get(f"{watched.stack.url}/v1/comparisons/cmp_{0:032x}", timeout=30)
        empty = [query for query in QUERIES if not any(name in query for name in MAY_BE_EMPTY)]

        def answered() -> None:
            assert [query for query in empty if not asked.answer(query)] == []

        eventually(answered, within_s=60)
        for query in QUERIES:
            asked.answer(query)

        def evaluated() -> None:
            assert {rule["health"] for rule in asked.rules()} == {"ok"}

        eventually(evaluated)


def test_in_containers_prometheus_finds_every_process_where_it_shows_itself() -> None:
    base = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
    beside = yaml.safe_load((CHECKOUT / "infra" / "docker" / "observability.yml").read_text(encoding="utf-8"))
    [job] = yaml.safe_load((HERE / "prometheus.yml").read_text(encoding="utf-8"))["scrape_configs"]
    [found] = job["dns_sd_configs"]
    ours = {name for name, service in beside["services"].items() if name in base["services"]}
    assert {*found["names"]} == ours
    engines = {name for name, of in base["services"].items() if "-A worker.app" in str(of.get("command"))}
    assert engines <= ours
    reached = {*beside["services"]["prometheus"]["networks"]}
    for name in ours:
        networks = {*base["services"][name]["networks"], *beside["services"][name].get("networks", ())}
        assert beside["services"][name]["environment"]["LIKENESS_METRICS_PORT"] == str(found["port"])
        assert reached & networks
        assert name != "courier" or networks == {"errands", "outside", "looked-at"}
    for service in beside["services"].values():
        assert all(str(port).startswith("127.0.0.1:") for port in service.get("ports", ()))
        for volume in service.get("volumes", ()):
            source = volume.partition(":")[0]
            assert source in beside["volumes"] or (CHECKOUT / source).exists(), volume
