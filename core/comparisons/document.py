"""A job as everybody outside sees it: the one shape from which answers, lists and events are made."""

from dataclasses import asdict
from typing import Any

from core.comparisons.jobs import Job
from core.liveness import NO_LIVENESS, Liveness, PadResult
from core.quality import QualityRule, Seen
from core.standing import Standing
from core.times import rfc3339
from core.vocabulary import Compared, NotAcquired, Policy, Result, Threshold

#: What an event says of an ended job: these, in this order, and where the whole of it can be read.
EVENT_FIELDS = (
    *("id", "status", "outcome", "score", "decision", "threshold", "calibration", "reasons", "pack"),
    *("error", "metadata", "owner", "liveness", "pad"),
)


def job_document(job: Job) -> dict[str, Any]:
    """Everything that is known of a job, as plain values; what is not known yet is None."""
    result, request = job.result, job.request
    here = url_of(job.id)
    return {
        "id": job.id,
        "owner": job.owner,
        "status": job.status.value,
        **result_document(
            result,
            threshold=request.threshold,
            pack=request.pack,
            policy=request.policy,
            quality=request.quality,
            liveness=request.liveness,
        ),
        "timings_ms": dict(result.timings_ms) if result else {},
        "attempts": job.attempts,
        "error": {"code": job.failure.code, "message": job.failure.message} if job.failure else None,
        "metadata": dict(request.metadata),
        "callback_url": request.callback_url,
        "event_id": job.event_id,
        "created_at": rfc3339(job.created_at),
        "expires_at": rfc3339(request.expires_at) if request.expires_at else None,
        "started_at": rfc3339(job.started_at) if job.started_at else None,
        "ended_at": rfc3339(job.ended_at) if job.ended_at else None,
        "urls": {"self": here, "cancel": f"{here}/cancel"},
    }


def result_document(
    result: Result | None,
    *,
    threshold: Threshold,
    pack: str,
    policy: Policy,
    quality: QualityRule,
    liveness: Liveness = NO_LIVENESS,
) -> dict[str, Any]:
    """What a worker found out about two images, and by what, as plain values."""
    outcome, engine = (result.outcome, result.engine) if result else (None, None)
    return {
        "outcome": {Compared: "compared", NotAcquired: "not_acquired"}[type(outcome)] if outcome else None,
        "score": outcome.score if isinstance(outcome, Compared) else None,
        "decision": result.decision.value if result and result.decision else None,
        **threshold_document(threshold),
        "calibration": standing_document(result.standing) if result and result.standing else None,
        "reasons": [
            {"side": failure.side.value, "reason": failure.reason.value, "detail": failure.detail}
            for failure in (outcome.failures if isinstance(outcome, NotAcquired) else ())
        ],
        "faces": {
            side.value: {
                "box": [float(edge) for edge in face.box],
                "detection_score": face.detection_score,
                "faces_found": face.faces_found,
                "detection_size": face.detection_size,
                "turned_deg": face.turned_deg,
            }
            for side, face in (result.faces if result else {}).items()
        },
        "seen": {side.value: seen_document(seen) for side, seen in (result.seen if result else {}).items()},
        "pack": pack,
        "pack_digest": engine.pack.digest if engine else None,
        "policy": policy.value,
        "quality": quality.value,
        **liveness_document(liveness),
        "pad": {side.value: pad_document(pad) for side, pad in (result.pad if result else {}).items()},
        "provider": engine.provider if engine else None,
        "detection_size": engine.detection_size if engine else None,
        "detection_threshold": engine.detection_threshold if engine else None,
    }


def threshold_document(threshold: Threshold) -> dict[str, Any]:
    """What is decided by, as plain values."""
    return {
        "threshold": threshold.value,
        "threshold_origin": threshold.origin,
        "calibrated_fmr": asdict(threshold.calibrated) if threshold.calibrated else None,
    }


def seen_document(seen: Seen) -> dict[str, Any]:
    """What was seen in one image, as plain values."""
    landmarks = asdict(seen.landmarks) if seen.landmarks else None
    return {
        "width": seen.width,
        "height": seen.height,
        "faces_found": seen.faces_found,
        "faces": [{**asdict(face), "box": [*face.box]} for face in seen.faces],
        "landmarks": {name: [*point] for name, point in landmarks.items()} if landmarks else None,
        "measures": asdict(seen.measures) if seen.measures else None,
        "warnings": [warning.value for warning in seen.warnings],
    }


def liveness_document(liveness: Liveness) -> dict[str, Any]:
    """What is asked for, as plain values."""
    return {"liveness": liveness.rule.value, "liveness_sides": None if liveness.is_off else liveness.sides.value}


def pad_document(pad: PadResult) -> dict[str, Any]:
    """What one image was taken for, as plain values."""
    return {
        "verdict": pad.verdict.value,
        "score": pad.score,
        "threshold": pad.threshold,
        "reason": pad.reason.value if pad.reason else None,
        "detail": pad.detail or None,
        "pack": pad.pack,
        "pack_digest": pad.pack_digest,
    }


def standing_document(standing: Standing) -> dict[str, Any]:
    """As every answer, event and receipt shows it."""
    non_mated, mated = standing.non_mated, standing.mated
    return {
        "run_id": standing.run_id,
        "dataset": standing.dataset,
        "made_at": rfc3339(standing.made_at),
        "fits": standing.unfit is None,
        "detail": standing.sentence,
        "non_mated": {"trials": non_mated.trials, "as_high": non_mated.beyond} if non_mated else None,
        "mated": {"trials": mated.trials, "as_low": mated.beyond} if mated else None,
        "points": [asdict(point) for point in standing.points],
    }


def event_data(job: Job) -> dict[str, Any]:
    """An ended job in short, for whoever is called back."""
    document = job_document(job)
    if standing := document["calibration"]:  # why there is no threshold is told where the job is asked for
        document["calibration"] = {
            **standing,
            "points": [point for point in standing["points"] if not point["refused"]],
        }
    return {**{name: document[name] for name in EVENT_FIELDS}, "url": document["urls"]["self"]}


def url_of(job_id: str) -> str:
    """Where the API shows the job."""
    return f"/v1/comparisons/{job_id}"


def sentence_of(job: Job) -> str:
    """What became of a job, for people."""
    result = job.result
    if result is None:
        return job.failure.message if job.failure else f"the comparison is {job.status}"
    if job.score is None:
        return "; ".join(f"{failure.side}: {failure.detail}" for failure in job.failures_to_acquire)
    verb = "match" if result.decision == "match" else "do not match"
    relation = "at or above" if result.decision == "match" else "below"
    standing = f"; {result.standing.sentence}" if result.standing else ""
    return f"the faces {verb}: score {job.score:.4f} is {relation} the threshold {result.threshold.value:g}{standing}"
