"""What the Procfile and the compose file say of the processes is what the code says."""

import re

import pytest
import yaml
from honcho.environ import parse_procfile

from core.messaging.broker import Queues
from core.settings import CHECKOUT
from infra.local.stack import PROCFILE

FILE = yaml.safe_load((CHECKOUT / "docker-compose.yml").read_text(encoding="utf-8"))
COMPOSE, NETWORKS = FILE["services"], FILE["networks"]
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
    assert set(COMPOSE) == set(LOCAL) | {"worker-gpu", "bucket", "packs", "s3-volume"}


def test_a_container_gets_more_time_to_stop_than_its_jobs() -> None:
    for name in ("api", "worker", "embedder", "worker-gpu", "evaluator", "courier", "fetcher"):
        grace_s = float(COMPOSE[name]["environment"]["LIKENESS_SHUTDOWN_GRACE_S"])
        assert float(COMPOSE[name]["stop_grace_period"].removesuffix("s")) > grace_s


#: Who is told what, by the variable that an operator sets.
TOLD = {
    "REDIS_PASSWORD": {*LOCAL, "worker-gpu", "bucket"} - {"s3"},
    "S3_SECRET_KEY": {*LOCAL, "worker-gpu", "bucket"} - {"redis", "beat", "flower"},
    "RECEIPT_KEY": {"api"},
    "WEBHOOK_SECRETS": {"courier"},
    "FLOWER_PASSWORD": {"flower"},
}


@pytest.mark.parametrize("secret", TOLD)
def test_a_secret_is_told_to_those_who_work_with_it_alone(secret: str) -> None:
    # `:+` puts something else in its place.
    named = re.compile(rf"\$\{{{secret}(?!:\+)\W")
    told = {name for name, service in COMPOSE.items() if named.search(str(service.get("environment")))}
    assert told == TOLD[secret]


def test_only_what_calls_or_fetches_reaches_out() -> None:
    inner = {name for name, network in NETWORKS.items() if (network or {}).get("internal")}
    masked = "com.docker.network.bridge.enable_ip_masquerade"
    closed = {
        name for name, network in NETWORKS.items() if (network or {}).get("driver_opts", {}).get(masked) == "false"
    }
    reach = {name for name, s in COMPOSE.items() if set(s.get("networks", ())) - inner - closed}
    assert reach == {"courier", "fetcher", "packs"}
    assert all("networks" in s or s["network_mode"] == "none" for s in COMPOSE.values())
    for name in ("courier", "fetcher", "packs"):
        beside = {other for other, s in COMPOSE.items() if set(s.get("networks", ())) & set(COMPOSE[name]["networks"])}
        assert beside <= {"courier", "fetcher", "packs", "redis", "s3"}


def test_every_container_has_a_limit_and_none_but_the_one_that_hands_over_a_volume_is_root() -> None:
    for name, service in COMPOSE.items():
        assert service["mem_limit"], name
        assert service["cap_drop"] == ["ALL"], name
        assert "no-new-privileges:true" in service["security_opt"], name
        if "build" not in service:
            assert service["user"], name
    root = [name for name, service in COMPOSE.items() if service.get("user") == "root"]
    assert root == ["s3-volume"]
    assert COMPOSE["s3-volume"]["network_mode"] == "none"


def test_no_image_floats() -> None:
    for service in COMPOSE.values():
        assert "build" in service or re.search(r":.*\d", service["image"])
