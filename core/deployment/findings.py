"""What is to be said of how a deployment stands: each worker, each queue, deliveries."""

from collections.abc import Iterator

from core.deployment.finding import Finding, fail, ok, warn
from core.deployment.standing import PROCESSES, Standing
from core.settings import Settings
from core.storage.lifecycle import Status
from core.storage.records import DELIVERY
from core.times import span
from core.webhooks.deliveries import DeliveryStatus

#: A comparison takes some 50 ms: by then somebody asks why.
LONG_S = 60.0


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
