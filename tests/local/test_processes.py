"""What the Procfile and the compose file say of the processes is what the code says."""

import re
import subprocess
from pathlib import Path

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
    [found] = re.findall(r"-Q (?:\$\{WORKER_QUEUES:-)?([\w,-]+)", command)
    return {*found.split(",")}


@pytest.mark.parametrize("commands", [LOCAL, {name: str(s.get("command")) for name, s in COMPOSE.items()}])
def test_every_queue_has_its_process(commands: dict[str, str]) -> None:
    assert queues(commands["worker"]) | queues(commands["embedder"]) == set(Queues.ENGINE)
    assert queues(commands["surplus"]) == {*Queues.LANES[1:]}
    assert queues(commands["evaluator"]) == set(Queues.EVALUATOR)
    assert queues(commands["courier"]) == set(Queues.COURIER)
    assert queues(commands["fetcher"]) == set(Queues.FETCHER)
    assert set(Queues.ALL) == {*Queues.ENGINE, *Queues.EVALUATOR, *Queues.COURIER, *Queues.FETCHER}


@pytest.mark.parametrize("commands", [LOCAL, {name: str(s.get("command")) for name, s in COMPOSE.items()}])
def test_no_batch_and_no_evaluation_keeps_a_comparison_waiting(commands: dict[str, str]) -> None:
    assert queues(commands["worker"]) == set(Queues.LANES)


def test_the_containers_are_the_local_processes_and_the_jobs_before_them() -> None:
    assert set(COMPOSE) == set(LOCAL) | {"worker-gpu", "bucket", "packs", "tools", "s3-volume"}


def test_a_container_gets_more_time_to_stop_than_its_jobs() -> None:
    for name in ("api", "worker", "surplus", "embedder", "worker-gpu", "evaluator", "courier", "fetcher"):
        grace_s = float(COMPOSE[name]["environment"]["LIKENESS_SHUTDOWN_GRACE_S"])
        assert float(COMPOSE[name]["stop_grace_period"].removesuffix("s")) > grace_s


#: Who is told what.
ENGINES_AND_STORES = {
    "api",
    "worker",
    "surplus",
    "embedder",
    "worker-gpu",
    "courier",
    "fetcher",
    "evaluator",
    "bucket",
    "tools",
}
TOLD = {
    "redis_password": {*ENGINES_AND_STORES, "beat", "flower", "redis"},
    "s3_access_key": {*ENGINES_AND_STORES, "s3"},
    "s3_secret_key": {*ENGINES_AND_STORES, "s3"},
    "receipt_key": {"api"},
    "webhook_secrets": {"courier"},
    "webhook_shared_secrets": {"courier"},
    "flower_password": {"flower"},
}


def test_a_secret_is_a_file_and_told_to_those_who_work_with_it_alone(tmp_path: Path) -> None:
    told = {
        secret: {name for name, s in COMPOSE.items() if secret in s.get("secrets", ())} for secret in FILE["secrets"]
    }
    assert told == TOLD
    made = subprocess.run(
        [CHECKOUT / "infra/docker/make-secrets", "made"], cwd=tmp_path, capture_output=True, check=True
    )
    assert {path.name for path in (tmp_path / "made").iterdir()} == set(TOLD), made.stdout
    for service in COMPOSE.values():
        files = [value for name, value in (service.get("environment") or {}).items() if name.endswith("_FILE")]
        named = {Path(value).name for value in files if str(value).startswith("/run/secrets/")}
        assert named <= set(service.get("secrets", ())), "who is to read a secret has it"


def test_secrets_that_are_there_stay_and_those_of_before_are_taken_over(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("S3_ACCESS_KEY=before\nREDIS_PASSWORD=as it was\n")
    make = [CHECKOUT / "infra/docker/make-secrets"]
    subprocess.run(make, cwd=tmp_path, capture_output=True, check=True)
    first = {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()}
    assert (first["s3_access_key"], first["redis_password"]) == ("before", "as it was")
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700, "nobody else on this machine"
    subprocess.run(make, cwd=tmp_path, capture_output=True, check=True)
    assert {path.name: path.read_text() for path in (tmp_path / "secrets").iterdir()} == first


def test_every_process_of_ours_gets_what_dotenv_says_and_a_log_that_ends() -> None:
    for name, service in COMPOSE.items():
        assert service["logging"]["options"]["max-size"], name
        assert service["pids_limit"], name
        if "build" in service and name != "s3-volume":
            assert service["env_file"] == [{"path": ".env", "required": False}], name
            assert service["environment"]["LIKENESS_HOME"], "a checkout's `.env` would say another"


def test_every_process_that_stays_has_a_health_check_that_starts_no_celery() -> None:
    jobs = {"bucket", "packs", "tools", "s3-volume"}
    assert {name for name, service in COMPOSE.items() if "healthcheck" not in service} == jobs
    for name in ("worker", "embedder", "courier", "evaluator", "fetcher", "worker-gpu"):
        assert COMPOSE[name]["environment"]["LIKENESS_ALIVE_FILE"] in COMPOSE[name]["healthcheck"]["test"][1]


def test_only_what_calls_or_fetches_reaches_out() -> None:
    inner = {name for name, network in NETWORKS.items() if (network or {}).get("internal")}
    masked = "com.docker.network.bridge.enable_ip_masquerade"
    closed = {
        name for name, network in NETWORKS.items() if (network or {}).get("driver_opts", {}).get(masked) == "false"
    }
    reach = {name for name, s in COMPOSE.items() if set(s.get("networks", ())) - inner - closed}
    assert reach == {"courier", "fetcher", "packs", "tools"}
    assert all("networks" in s or s["network_mode"] == "none" for s in COMPOSE.values())
    for name in ("courier", "fetcher", "packs"):
        beside = {other for other, s in COMPOSE.items() if set(s.get("networks", ())) & set(COMPOSE[name]["networks"])}
        assert beside <= {"courier", "fetcher", "packs", "tools", "redis", "s3"}


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
    dockerfile = (CHECKOUT / "infra/docker/Dockerfile").read_text(encoding="utf-8")
    [base] = re.findall(r"^ARG BASE=(\S+)", dockerfile, re.MULTILINE)
    assert re.search(r":.*\d", base)


def test_the_build_file_has_an_image_of_every_lock_file_that_images_are_made_of() -> None:
    built = re.findall(r'LOCK = "([\w-]+)"', (CHECKOUT / "infra/docker/docker-bake.hcl").read_text(encoding="utf-8"))
    named = re.findall(r"LOCK=([\w-]+)", (CHECKOUT / "infra/docker/Dockerfile").read_text(encoding="utf-8"))
    assert set(built) == set(named)
    assert all((CHECKOUT / f"infra/requirements/{lock}.txt").exists() for lock in built)
