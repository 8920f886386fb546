"""What requests and answers look like: on their schemas in the OpenAPI document, so with every call of theirs."""

import json
from collections.abc import Mapping, MutableMapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

from api.http.problem_types import type_of
from core.batches import events as batches
from core.comparisons.document import EVENT_FIELDS
from core.evaluations import events as runs
from core.webhooks.endpoints import TEST

#: Answers of a running deployment, rounded.
_ANSWERED: Mapping[str, Any] = json.loads(Path(__file__).with_suffix(".json").read_text(encoding="utf-8"))
_JOB, _BATCH = _ANSWERED["Job"], _ANSWERED["Batch"]
_NOT_YET = ("outcome", "score", "decision", "pack_digest", "provider", "detection_size", "detection_threshold")

#: The same comparison when it is accepted.
QUEUED = {
    **_JOB,
    **dict.fromkeys((*_NOT_YET, "started_at", "ended_at")),
    **{"status": "queued", "faces": {}, "seen": {}, "timings_ms": {}, "attempts": 0},
}
#: And the same batch.
QUEUED_BATCH = {
    **_BATCH,
    **dict.fromkeys(("started_at", "ended_at")),
    **{"status": "queued", "counts": dict.fromkeys(_BATCH["counts"], 0), "shards_done": 0},
}

_ROW_FIELDS = (
    *("outcome", "score", "decision", "threshold", "threshold_origin", "calibrated_fmr", "reasons", "faces", "seen"),
    *("pack", "pack_digest", "policy", "quality", "provider", "detection_size", "detection_threshold", "error"),
    *("liveness", "liveness_sides", "pad"),
)
_IMAGE = "data:image/jpeg;base64,/9j/4AAQSkZJRgABAQAAAQABAAD/"
_METADATA = json.dumps(_JOB["metadata"])
_PAIR = {"reference": "one", "probe": "two", "custom_id": "visit 1"}
_EVENT = {
    "type": "comparison.succeeded",
    "timestamp": _JOB["ended_at"],
    "data": {**{name: _JOB[name] for name in EVENT_FIELDS}, "url": _JOB["urls"]["self"]},
}
_DELIVERY_PATH = "/v1/webhook-deliveries/evt_01a21645a3d86b1f9be0d9cb8f3a5c17"

_IDLE = {
    f"{status}{what}": value
    for status in ("queued", "running")
    for what, value in (("", 0), ("_oldest_s", None), ("_oldest_id", None))
}
_CHECKS = {
    "job_store": {"ok": True, "detail": "answers"},
    "object_store": {"ok": True, "detail": "answers"},
    "worker": {"ok": True, "detail": "engine@worker-1 holds 'opencv-zoo'"},
}
_HELD = {"name": _JOB["pack"], "digest": _JOB["pack_digest"], "provider": _JOB["provider"]}
_SYSTEM = {
    "at": _JOB["ended_at"],
    "version": "0.2.0",
    "keys": True,
    "ready": True,
    "checks": _CHECKS,
    "engines": [{"pack": _JOB["pack"], "pack_digest": _JOB["pack_digest"], "provider": "cpu", "workers": 1}],
    "own": {"comparisons": _IDLE, "batches": _IDLE},
    "deployment": {
        "versions": {"python": "3.11.2", "celery": "5.7.0", "redis": "8.1.0"},
        "workers": [
            {
                **{"name": "engine@worker-1", "answers": True, "queues": ["comparisons"], "packs": [_HELD]},
                **{"started_at": _JOB["created_at"], "silent_s": 0.4, "version": "0.2.0"},
            }
        ],
        "queues": [{"name": "comparisons", "waiting": 3, "oldest_s": 0.8, "workers": ["engine@worker-1"]}],
        "taken": 4,
        **dict.fromkeys(("comparisons", "batches", "evaluations"), _IDLE),
        "deliveries": {"pending": 0, "dead": 0, "disabled": 0, "pending_oldest_s": None},
        "why": [],
        "findings": [{"part": "job_store", "verdict": "ok", "found": "answers", "remedy": ""}],
    },
}

EXAMPLES: Mapping[str, Any] = {
    **_ANSWERED,
    "ComparisonForm": {"reference": "", "probe": "", "metadata": _METADATA},
    "ComparisonBody": {"reference": _IMAGE, "probe": _IMAGE, "metadata": _JOB["metadata"]},
    "BatchForm": {"pairs": json.dumps([_PAIR]), "metadata": _METADATA},
    "EvaluationForm": {"dataset": "sample"},
    "EndpointChanges": {"enabled": True},
    "ReplayForm": {"status": "dead"},
    "SimpleAnswer": {
        "similarity_score": _JOB["score"],
        "is_match": True,
        "message": f"the faces match: score {_JOB['score']} is at or above the threshold {_JOB['threshold']}",
        "job_id": _JOB["id"],
    },
    "Row": {**_PAIR, **{name: _JOB[name] for name in _ROW_FIELDS}},
    "Event": _EVENT,
    "BatchEvent": {
        "type": "batch.succeeded",
        "timestamp": _BATCH["ended_at"],
        "data": {**{name: _BATCH[name] for name in batches.EVENT_FIELDS}, "url": _BATCH["urls"]["self"]},
    },
    "RunEvent": {
        "type": "evaluation.succeeded",
        "timestamp": _JOB["ended_at"],
        "data": {
            **{name: _ANSWERED["Run"][name] for name in runs.EVENT_FIELDS},
            **{"status": "succeeded", "url": _ANSWERED["Run"]["urls"]["self"]},
        },
    },
    "TestEvent": {
        "type": TEST,
        "timestamp": "2026-01-01T00:00:00.000Z",
        "data": {
            "message": "This is a test.",
            "owner": "3f0c9a51b7de",
            "endpoint_id": "ep_01a20a36b9a59a1c08b32ffd2c908d45",
        },
    },
    "Delivery": {
        "id": _DELIVERY_PATH.rpartition("/")[2],
        "status": "delivered",
        "job_id": _JOB["id"],
        "type": _EVENT["type"],
        "url": "https://you.example/likeness",
        "endpoint_id": None,
        "attempts": 1,
        "next_attempt_at": None,
        "log": [{"at": _JOB["ended_at"], "duration_ms": 84.2, "status": 204, "error": None, "detail": ""}],
        "event": _EVENT,
        "created_at": _JOB["ended_at"],
        "ended_at": _JOB["ended_at"],
        "urls": {"self": _DELIVERY_PATH, "replay": f"{_DELIVERY_PATH}/replay", "job": _JOB["urls"]["self"]},
    },
    "Replayed": {"replayed": 3, "more": False},
    "Health": {"status": "ok"},
    "Ready": {
        "ready": True,
        "checks": _CHECKS,
    },
    "System": _SYSTEM,
    "Me": {
        "keys": True,
        "key": {
            **{"id": "3f0c9a51b7de", "owner": "3f0c9a51b7de", "name": "sign-up"},
            **{"created_at": "2026-01-01T00:00:00.000Z", "expires_at": None},
        },
        "scopes": ["read", "submit"],
        "sees": "own",
        "limits": {
            "requests_per_minute": {"limit": 600, "remaining": 599, "reset_s": 60},
            "comparisons_per_day": {"limit": 10000, "remaining": 9988, "reset_s": 42800},
            "queued": {"limit": 1000, "remaining": 1000, "reset_s": None},
            "open_batches": {"limit": 10, "remaining": 9, "reset_s": None},
        },
    },
    "DatasetList": {
        "datasets": [
            {
                **{"name": "sample", "digest": _ANSWERED["Run"]["dataset_digest"], "track": "raw"},
                **{"images": 8, "pairs": 12, "shards": 1, "kind": "sample"},
                **{"mated": 6, "folds": 0, "people": 3, "group_names": []},
            }
        ]
    },
    "Jwks": {  # RFC 8037, A.2 and A.3
        "keys": [
            {
                **{"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
                **{"kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "use": "sig", "alg": "EdDSA"},
            }
        ]
    },
}

#: A problem of each status, as it may be answered.
_PROBLEMS = {
    400: ("json_invalid", "the body is not JSON: Expecting value: line 1 column 1 (char 0)"),
    401: ("key_missing", "send an API key: `Authorization: Bearer lk_...`"),
    403: ("scope_missing", "this call needs a key with the scope submit; yours has read"),
    404: ("job_not_found", "no job has the id 'cmp_0'"),
    408: ("body_too_slow", "the body took too long to arrive"),
    409: ("transition_refused", "the job has succeeded: a terminal state never changes"),
    413: ("body_too_large", "the body has 20000000 bytes; accepted are at most 65536"),
    415: ("content_type_unsupported", "the Content-Type must be application/json; found 'text/plain'"),
    422: ("pack_unknown", "pack: there are opencv-zoo; found 'buffalo_l'"),
    429: ("rate_limited", "this key may make 600 requests a minute; ask again in 12 s"),
    500: ("engine_error", "the engine failed on these images: RuntimeError"),
    503: ("store_unavailable", "The object store did not answer in time."),
    504: ("not_ended_in_time", "the job goes on: GET /v1/comparisons/cmp_01a21645994ca6b9dc853e7b79b6e4b2"),
}


def problem_example(status: int) -> dict[str, Any]:
    """A problem that is answered with this HTTP status."""
    code, detail = _PROBLEMS[status]
    return {
        "type": type_of(code),
        "title": HTTPStatus(status).phrase,
        "status": status,
        "detail": detail,
        "code": code,
        "instance": "/v1/comparisons",
        "request_id": "req_b4707deb2bafedb2",
    }


def illustrate(schemas: MutableMapping[str, Any]) -> None:
    """Write each example on its schema among the OpenAPI document's components."""
    for name, example in EXAMPLES.items():
        schemas[name]["examples"] = [example]
