"""What runs: the local stack, the API, workers, and whether each queue has somebody who takes from it."""

import fcntl
from collections.abc import Iterator

from core.settings import Settings, default_home
from core.storage.lifecycle import Status
from core.storage.records import DELIVERY
from core.webhooks.deliveries import DeliveryStatus
from likeness.cli.api import api_client
from likeness.cli.doctor.finding import Finding, fail, ok, warn
from likeness.cli.durations import span
from likeness.cli.readiness import ask_ready
from likeness.cli.standing import PROCESSES, Standing
from likeness.client import ApiError

START = "start it: `likeness up` on one machine, or its line in infra/local/Procfile"
#: A comparison takes some 50 ms: by then somebody asks why.
LONG_S = 60.0
REMEDIES = {
    "job_store": "see the lines on Redis above",
    "object_store": "see the lines on the object store above",
    "worker": "see the lines on workers and queues; a worker that cannot load its pack says so in its log",
}


def stack_runs() -> bool:
    """Whether a local stack holds this home's lock."""
    try:
        with (default_home() / "stack.lock").open() as file:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    return False


def local_stack(settings: Settings) -> Iterator[Finding]:
    """Whether one runs here, and whether servers elsewhere are named."""
    home = default_home()
    outside = [
        name for name, given in (("Redis", settings.redis.url), ("an object store", settings.objects.endpoint)) if given
    ]
    if stack_runs():
        yield ok("stack", f"a local one runs, home {home}")
    elif (home / "stack.env").is_file():
        yield warn(
            "stack",
            f"{home / 'stack.env'} is of a local one that was killed",
            "start it again with `likeness up`, or remove the file",
        )
    elif outside:
        yield ok(
            "stack", f"none runs here; {' and '.join(outside)} elsewhere {'is' if len(outside) == 1 else 'are'} named"
        )
    else:
        yield warn(
            "stack", f"nothing runs: no local stack in {home}, and no servers are named", "`likeness up` starts one"
        )


def api(settings: Settings, *, runs: bool) -> Iterator[Finding]:
    """Whether it answers, what it says of its parts, and whether it takes our key."""
    url = settings.api.url
    said = ask_ready(url)
    if said.away:
        verdict = fail if runs else warn
        yield verdict("api", f"{url} {said.away}", f"{START}; or let LIKENESS_API_URL name where it answers")
        return
    yield ok("api", f"{url} answers, {'with' if url.startswith('https') else 'without'} TLS")
    for name, is_ok, detail in said.checks:
        part = f"ready: {name}"
        yield ok(part, detail) if is_ok else fail(part, detail, REMEDIES.get(name, "see docs/running.md"))
    try:
        with api_client() as client:
            client.packs()
    except ApiError as error:
        key_is_set = settings.api.key is not None
        yield warn(
            "api key",
            str(error),
            "let LIKENESS_API_KEY hold one with the scope read (`likeness keys create`)"
            if not key_is_set
            else "LIKENESS_API_KEY is not one that may read: see `likeness keys list`",
        )
    else:
        yield ok("api key", "the API takes ours" if settings.api.key else "none is asked for")


def workers(found: Standing, settings: Settings) -> Iterator[Finding]:
    """Each worker, what it holds, and whether it hears."""
    for worker in found.workers:
        part = f"worker {worker.name}"
        does = f"takes from {', '.join(worker.queues) or 'nothing of ours'}"
        if worker.facts:
            does += f"; up {span(found.at - worker.facts.started_at)}"
        if worker.packs:
            does += f"; holds {', '.join(worker.packs)}"
        silent_s = worker.facts.silent_s if worker.facts else 0.0
        if not worker.answers:
            yield fail(part, "does not answer: it is paused, hangs, or died within the last 15 s", "start it again")
        elif silent_s > settings.worker.canary_patience_s:
            yield fail(part, f"hears nothing from the broker for {span(silent_s)}; {does}", "start it again")
        else:
            yield ok(part, does)


def queues(found: Standing) -> Iterator[Finding]:
    """Whether each has a taker, and how long the oldest job waits."""
    for queue in found.queues:
        waiting, takers = found.backlog.waiting[queue], found.takers(queue)
        if not takers:
            yield fail(
                f"queue {queue}",
                f"nobody takes from it; {waiting} wait",
                f"start the process {PROCESSES[queue]}: `likeness up`, or its line in infra/local/Procfile",
            )
        else:
            yield ok(f"queue {queue}", f"{waiting} wait, {', '.join(takers)} takes from it")
    waits_s = found.waits_s("job", Status.QUEUED)
    if waits_s is not None and waits_s > LONG_S:
        yield warn(
            "comparisons",
            f"the oldest has waited for {span(waits_s)}",
            "start more workers, or see `likeness status` for what keeps it",
        )


def deliveries(found: Standing) -> Iterator[Finding]:
    """Whether events reach those who asked for them."""
    dead = found.counts[DELIVERY, DeliveryStatus.DEAD].records
    if dead:
        yield warn(
            "deliveries",
            f"{dead} are dead: their URL never took them",
            "`likeness webhooks list --status dead` says why; `replay --status dead` sends them again",
        )
    else:
        yield ok("deliveries", f"{found.counts[DELIVERY, DeliveryStatus.PENDING].records} pending, none is dead")
