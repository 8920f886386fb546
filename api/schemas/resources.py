"""Our facts as the API shows them."""

import json
from typing import Any

from flask import current_app
from werkzeug.wrappers import Response

from core.comparisons.jobs import Job
from core.evaluations.runs import Run
from core.times import rfc3339
from core.webhooks.deliveries import Delivery, DeliveryStatus

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


def json_response(body: Any, status: int = 200) -> Response:
    """`body` as JSON."""
    response: Any = current_app.json.response(body)
    response.status_code = status
    return response  # type: ignore[no-any-return]


def job_resource(job: Job) -> dict[str, Any]:
    """The job as `JobSchema` describes it."""
    result = job.result
    engine = result.engine if result else None
    return {
        "id": job.id,
        "status": job.status,
        "outcome": job.outcome,
        "score": job.score,
        "decision": result.decision if result else None,
        "threshold": job.request.threshold.value,
        "threshold_origin": job.request.threshold.origin,
        "calibrated_fmr": job.request.threshold.calibrated,
        "reasons": list(job.failures_to_acquire),
        "faces": dict(result.faces) if result else {},
        "pack": job.request.pack,
        "pack_digest": engine.pack.digest if engine else None,
        "policy": job.request.policy,
        "provider": engine.provider if engine else None,
        "detection_size": engine.detection_size if engine else None,
        "detection_threshold": engine.detection_threshold if engine else None,
        "timings_ms": result.timings_ms if result else {},
        "attempts": job.attempts,
        "error": job.failure,
        "metadata": job.request.metadata,
        "callback_url": job.request.callback_url,
        "event_id": job.event_id,
        "created_at": timestamp(job.created_at),
        "started_at": timestamp(job.started_at),
        "ended_at": timestamp(job.ended_at),
        "urls": {"self": f"/v1/comparisons/{job.id}", "cancel": f"/v1/comparisons/{job.id}/cancel"},
    }


def run_resource(run: Run) -> dict[str, Any]:
    """The run as `RunSchema` describes it."""
    here = f"/v1/evaluations/{run.id}"
    return {
        **{name: getattr(run.request, name) for name in _RUN_REQUEST_FIELDS},
        "id": run.id,
        "status": run.status,
        "images_done": run.progress.images_done,
        "shards_done": run.progress.shards_done,
        "summary": run.summary,
        "error": run.failure,
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
            for attempt in delivery.log
        ],
        "event": json.loads(delivery.body),
        "created_at": timestamp(delivery.created_at),
        "ended_at": timestamp(delivery.ended_at),
        "urls": {"self": here, "replay": f"{here}/replay", "job": f"/v1/comparisons/{delivery.job_id}"},
    }


def message(job: Job) -> str:
    """The job's outcome as one sentence."""
    result = job.result
    if result is None:
        return job.failure.message if job.failure else f"the comparison is {job.status}"
    if job.score is None:
        return "; ".join(f"{failure.side}: {failure.detail}" for failure in job.failures_to_acquire)
    verb = "match" if result.decision == "match" else "do not match"
    relation = "at or above" if result.decision == "match" else "below"
    return f"the faces {verb}: score {job.score:.4f} is {relation} the threshold {result.threshold.value:g}"


def timestamp(seconds: float | None) -> str | None:
    """Seconds since the epoch as RFC 3339, UTC, to the millisecond."""
    if seconds is None:
        return None
    return rfc3339(seconds)
