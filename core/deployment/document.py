"""How a deployment stands, for programs: the one shape of `likeness status --json` and `GET /v1/system`."""

from collections.abc import Mapping
from typing import Any

from core.deployment.standing import KINDS, OPEN, Standing
from core.storage.counts import Count
from core.storage.records import DELIVERY
from core.webhooks.deliveries import DeliveryStatus


def document(found: Standing) -> dict[str, Any]:
    """Everything but when it was so; times in seconds."""
    return {
        "workers": [
            {
                "name": worker.name,
                "answers": worker.answers,
                "queues": [*worker.queues],
                "packs": [
                    {"name": engine.pack.name, "digest": engine.pack.digest, "provider": engine.provider}
                    for engine in (worker.facts.engines if worker.facts else ())
                ],
                "started_at": worker.facts.started_at if worker.facts else None,
                "silent_s": worker.facts.silent_s if worker.facts else None,
                "version": worker.facts.version if worker.facts else None,
            }
            for worker in found.workers
        ],
        "queues": [
            {
                "name": queue,
                "waiting": found.backlog.waiting[queue],
                "oldest_s": found.lines[queue].oldest_s,
                "workers": [*found.takers(queue)],
            }
            for queue in found.queues
        ],
        "taken": found.backlog.taken,
        **{name: open_document(found.counts, kind, found.at) for name, kind in KINDS.items()},
        "deliveries": {
            **{
                str(status): found.counts[DELIVERY, status].records
                for status in DeliveryStatus
                if (DELIVERY, status) in found.counts
            },
            "pending_oldest_s": found.waits_s(DELIVERY, DeliveryStatus.PENDING),
        },
        "why": [*found.why()],
    }


def open_document(counts: Mapping[tuple[str, str], Count], kind: str, at: float) -> dict[str, Any]:
    """How many records of a kind wait and run, and since when the oldest of them has been there."""
    of_statuses = ((status, counts[kind, status]) for status in OPEN)
    return {
        f"{status}{what}": value
        for status, count in of_statuses
        for what, value in (("", count.records), ("_oldest_s", count.age_s(at)), ("_oldest_id", count.oldest_id))
    }
