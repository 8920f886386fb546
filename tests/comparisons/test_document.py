"""A job as everybody outside sees it, in every status: the document is what the API's schema says, field by field."""

import json
from dataclasses import replace

import pytest

from api.schemas.comparisons import JobSchema
from core.comparisons.document import EVENT_FIELDS, event_data, job_document, sentence_of, url_of
from core.comparisons.jobs import Job
from core.storage.lifecycle import Failure, Status
from core.vocabulary import (
    CalibratedFmr,
    Compared,
    Decision,
    EngineFacts,
    Face,
    FailureToAcquire,
    NotAcquired,
    PackIdentity,
    Policy,
    Reason,
    Result,
    Side,
    Threshold,
)
from tests.support.receivers import job_that_calls_back

CALIBRATED = CalibratedFmr(0.001, 2, 3000, 0.0001, 0.0024, "run_x", "lfw")
QUEUED = job_that_calls_back("https://receiver.example/events", "ada")
RUNNING = replace(QUEUED, status=Status.RUNNING, version=2, attempts=1, started_at=QUEUED.created_at + 1, holder="w")
FACE = Face((1.0, 2.0, 30.5, 40.0), 0.93, 1, 320)
COMPARED = Result(
    outcome=Compared(0.71),
    decision=Decision.MATCH,
    threshold=QUEUED.request.threshold,
    policy=Policy.LARGEST,
    engine=EngineFacts(PackIdentity("opencv-zoo", "d" * 64), "CPUExecutionProvider", 640, 0.6, 32),
    faces={Side.REFERENCE: FACE, Side.PROBE: FACE},
    timings_ms={"queue": 1.5, "total": 40.0},
)
NOT_ACQUIRED = replace(
    COMPARED,
    outcome=NotAcquired((FailureToAcquire(Side.PROBE, Reason.NO_FACE, "no face was found"),)),
    decision=None,
    faces={Side.REFERENCE: FACE},
)


def ended(status: Status, result: Result | None = None, failure: Failure | None = None) -> Job:
    at = RUNNING.created_at + 2
    return replace(RUNNING, status=status, version=3, ended_at=at, result=result, failure=failure)


JOBS = {
    "queued": QUEUED,
    "that nobody is told of": replace(job_that_calls_back(None), attempts=0),
    "running": RUNNING,
    "compared": ended(Status.SUCCEEDED, COMPARED),
    "not acquired": ended(Status.SUCCEEDED, NOT_ACQUIRED),
    "failed": ended(Status.FAILED, failure=Failure("engine_error", "the engine failed on these images")),
    "cancelled": ended(Status.CANCELLED),
    "with a calibrated threshold": replace(
        QUEUED, request=replace(QUEUED.request, threshold=Threshold(0.4, "FMR at most 0.001", CALIBRATED))
    ),
}


@pytest.mark.parametrize("job", JOBS.values(), ids=JOBS)
def test_the_document_has_the_fields_of_the_schema_in_its_order_and_is_valid(job: Job) -> None:
    document = job_document(job)
    assert [*document] == [*JobSchema().fields]
    sent = json.loads(json.dumps(document))
    assert sent == document, "plain values, which JSON gives back as they were"
    JobSchema().load(sent)


def test_every_status_is_among_these_jobs() -> None:
    assert {job.status for job in JOBS.values()} == {*Status}


@pytest.mark.parametrize("name", JobSchema().fields)
def test_the_schema_would_notice_a_field_that_is_missing(name: str) -> None:
    document = job_document(JOBS["compared"])
    del document[name]
    assert {*JobSchema().validate(document)} == {name}


@pytest.mark.parametrize(
    ("name", "known"),
    [
        ("compared", {"outcome": "compared", "score": 0.71, "decision": "match", "reasons": [], "error": None}),
        ("not acquired", {"outcome": "not_acquired", "score": None, "decision": None, "error": None}),
        (
            "failed",
            {"outcome": None, "error": {"code": "engine_error", "message": "the engine failed on these images"}},
        ),
        ("cancelled", {"outcome": None, "error": None, "score": None, "faces": {}, "timings_ms": {}}),
        ("running", {"outcome": None, "attempts": 1, "ended_at": None, "pack_digest": None}),
        ("with a calibrated threshold", {"threshold": 0.4, "threshold_origin": "FMR at most 0.001"}),
    ],
)
def test_a_document_says_what_is_known(name: str, known: dict[str, object]) -> None:
    assert known.items() <= job_document(JOBS[name]).items()


def test_a_failure_to_acquire_is_told_with_its_side() -> None:
    document = job_document(JOBS["not acquired"])
    assert document["reasons"] == [{"side": "probe", "reason": "no_face", "detail": "no face was found"}]
    assert [*document["faces"]] == ["reference"]
    assert sentence_of(JOBS["not acquired"]) == "probe: no face was found"


@pytest.mark.parametrize("job", [job for job in JOBS.values() if job.status.is_terminal])
def test_an_event_says_the_same_in_short_and_where_the_whole_is(job: Job) -> None:
    document, event = job_document(job), event_data(job)
    assert [*event] == [*EVENT_FIELDS, "url"]
    assert event == {**{name: document[name] for name in EVENT_FIELDS}, "url": url_of(job.id)}
