"""What the Procfile and the compose file say of the processes is what the code says."""

import re

import pytest
import yaml
from honcho.environ import parse_procfile

from core.messaging.broker import Queues
from core.settings import CHECKOUT
from infra.local.stack import PROCFILE

COMPOSE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))["services"]
LOCAL = parse_procfile(PROCFILE.read_text(encoding="utf-8")).processes


def queues(command: str) -> set[str]:
    [found] = re.findall(r"-Q (\S+)", command)
    return {*found.split(",")}


@pytest.mark.parametrize("commands", [LOCAL, {name: str(s.get("command")) for name, s in COMPOSE.items()}])
def test_every_queue_has_its_process(commands: dict[str, str]) -> None:
    assert queues(commands["worker"]) | queues(commands["embedder"]) == set(Queues.ENGINE)
    assert queues(commands["evaluator"]) == set(Queues.EVALUATOR)
    assert queues(commands["courier"]) == set(Queues.COURIER)
    assert queues(commands["fetcher"]) == set(Queues.FETCHER)
    assert set(Queues.ALL) == {*Queues.ENGINE, *Queues.EVALUATOR, *Queues.COURIER, *Queues.FETCHER}


def test_the_containers_are_the_local_processes_and_the_jobs_before_them() -> None:
    assert set(COMPOSE) == set(LOCAL) | {"worker-gpu", "bucket", "packs"}


def test_a_container_gets_more_time_to_stop_than_its_jobs() -> None:
    for name in ("api", "worker", "embedder", "worker-gpu", "evaluator", "courier", "fetcher"):
        grace_s = float(COMPOSE[name]["environment"]["LIKENESS_SHUTDOWN_GRACE_S"])
        assert float(COMPOSE[name]["stop_grace_period"].removesuffix("s")) > grace_s


def test_no_image_floats() -> None:
    for service in COMPOSE.values():
        assert "build" in service or re.search(r":.*\d", service["image"])
