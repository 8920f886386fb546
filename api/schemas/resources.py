"""Our facts as the API shows them."""

import json
from typing import Any

from core.batches.batch import url_of as batch_url
from core.comparisons.document import url_of as comparison_url
from core.evaluations.runs import Run
from core.evaluations.runs import url_of as run_url
from core.times import rfc3339
from core.webhooks.deliveries import Delivery, DeliveryStatus
from core.webhooks.endpoints import Endpoint

ENDPOINTS = "/v1/webhook-endpoints"
_RUN_REQUEST_FIELDS = (
    "dataset",
    "dataset_digest",
    "track",
    "pack",
    "flip",
    "policy",
    "detection_size",
    "pairs",
    "images",
    "shards",
)


def run_resource(run: Run) -> dict[str, Any]:
    """The run as `RunSchema` describes it."""
    here = run_url(run.id)
    return {
        **{name: getattr(run.request, name) for name in _RUN_REQUEST_FIELDS},
        "id": run.id,
        "status": run.status,
        "images_done": run.progress.images_done,
        "shards_done": run.progress.shards_done,
        "summary": run.summary,
        "error": run.failure,
        "owner": run.owner,
        "callback_url": run.request.callback_url,
        "event_id": run.event_id,
        "created_at": timestamp(run.created_at),
        "started_at": timestamp(run.started_at),
        "ended_at": timestamp(run.ended_at),
        "urls": {"self": here, "cancel": f"{here}/cancel", "report": f"{here}/report"},
    }


def delivery_resource(delivery: Delivery) -> dict[str, Any]:
    """The delivery as `DeliverySchema` describes it."""
    here = f"/v1/webhook-deliveries/{delivery.id}"
    is_pending = delivery.status is DeliveryStatus.PENDING
    return {
        "id": delivery.id,
        "status": delivery.status,
        "job_id": delivery.job_id,
        "type": delivery.type,
        "url": delivery.url,
        "endpoint_id": delivery.endpoint_id,
        "attempts": delivery.attempts,
        "next_attempt_at": timestamp(delivery.due_at) if is_pending else None,
        "log": [
            {
                "at": timestamp(attempt.at),
                "duration_ms": attempt.duration_ms,
                "status": attempt.status,
                "error": attempt.error,
                "detail": attempt.detail,
            }
            for attempt in (noted.as_told for noted in delivery.log)
        ],
        "event": json.loads(delivery.body),
        "created_at": timestamp(delivery.created_at),
        "ended_at": timestamp(delivery.ended_at),
        "urls": {
            **{"self": here, "replay": f"{here}/replay"},
            **({"job": _url_of(delivery.job_id)} if delivery.job_id else {}),
            **({"endpoint": f"{ENDPOINTS}/{delivery.endpoint_id}"} if delivery.endpoint_id else {}),
        },
    }


def endpoint_resource(endpoint: Endpoint, *, with_secret: bool = False) -> dict[str, Any]:
    """The endpoint as `EndpointSchema` describes it; with its secret, as `SecretEndpointSchema` does."""
    here = f"{ENDPOINTS}/{endpoint.id}"
    named = ("id", "owner", "url", "event_types", "enabled", "description")
    return {
        **{name: getattr(endpoint, name) for name in named},
        "old_secret_until": timestamp(endpoint.old_secret_until),
        "created_at": timestamp(endpoint.created_at),
        "changed_at": timestamp(endpoint.changed_at),
        "urls": {"self": here, "test": f"{here}/test", "rotate_secret": f"{here}/rotate-secret"},
        **({"secret": endpoint.secret} if with_secret else {}),
    }


def _url_of(subject: str) -> str:
    """Where what has ended is shown."""
    urls = {"bat": batch_url, "run": run_url}
    return urls.get(subject.partition("_")[0], comparison_url)(subject)


def timestamp(seconds: float | None) -> str | None:
    """Seconds since the epoch as RFC 3339, UTC, to the millisecond."""
    if seconds is None:
        return None
    return rfc3339(seconds)
