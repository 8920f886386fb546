"""A job as everybody outside sees it, in every status: the document is what the API's schema says, field by field."""

import json
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from api.schemas.jobs import JobSchema
from api.schemas.standing import StandingSchema
from core.comparisons.document import EVENT_FIELDS, event_data, job_document, sentence_of, url_of
from core.comparisons.jobs import ComparisonRequest, Job
from core.comparisons.receipts import contents_of
from core.liveness import Liveness, LivenessRule, LivenessSides, NotJudged, PadResult, PadVerdict
from core.quality import Landmarks, Measures, QualityWarning, Seen, SeenFace
from core.standing import Point, Standing, Tally
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

REQUEST, RESULT = TypeAdapter(ComparisonRequest), TypeAdapter(Result)
CALIBRATED = CalibratedFmr(0.001, 2, 3000, 0.0001, 0.0024, "run_x", "lfw")
QUEUED = job_that_calls_back("https://receiver.example/events", "ada")
RUNNING = replace(QUEUED, status=Status.RUNNING, version=2, attempts=1, started_at=QUEUED.created_at + 1, holder="w")
FACE = Face((1.0, 2.0, 30.5, 40.0), 0.93, 1, 320)
SEEN = Seen(
    width=640,
    height=480,
    faces_found=2,
    faces=(SeenFace(FACE.box, 0.93, True), SeenFace((300.5, 20.0, 340.0, 70.0), 0.81, False)),
    landmarks=Landmarks((8.1, 15.0), (22.4, 15.2), (15.0, 22.9), (9.0, 31.0), (21.7, 31.4)),
    measures=Measures(14.3, -0.8, 3.1, -2.0, 0.71, 0.5, 0.14, 0.0, 0.0),
    warnings=(QualityWarning.LOW_RESOLUTION,),
)
NOBODY = Seen(320, 200, 0, ())
STANDING = Standing(
    "run_x",
    "lfw",
    1.8e9,
    points=(Point(0.01, 0.29, 20, 3000, 0.0044, 0.0097, None), Point(0.0001, None, None, None, None, None, "too few")),
    non_mated=Tally(3000, 0),
    mated=Tally(2990, 1204),
)
COMPARED = Result(
    outcome=Compared(0.71),
    decision=Decision.MATCH,
    threshold=QUEUED.request.threshold,
    policy=Policy.LARGEST,
    engine=EngineFacts(PackIdentity("opencv-zoo", "d" * 64), "CPUExecutionProvider", 640, 0.6, 32),
    faces={Side.REFERENCE: FACE, Side.PROBE: FACE},
    timings_ms={"queue": 1.5, "total": 40.0},
    seen={Side.REFERENCE: SEEN, Side.PROBE: SEEN},
    standing=STANDING,
)
NOT_ACQUIRED = replace(
    COMPARED,
    outcome=NotAcquired((FailureToAcquire(Side.PROBE, Reason.NO_FACE, "no face was found"),)),
    decision=None,
    faces={Side.REFERENCE: FACE},
    seen={Side.REFERENCE: SEEN, Side.PROBE: NOBODY},
    standing=None,
)


ATTACK = PadResult(PadVerdict.ATTACK, 0.1, 0.5, "minifasnet", "e" * 64)
UNJUDGED = PadResult(
    PadVerdict.NOT_JUDGED, None, 0.5, "minifasnet", "e" * 64, NotJudged.CROP_OUTSIDE_IMAGE, "the face fills the image"
)
ATTACKED = replace(
    NOT_ACQUIRED,
    outcome=NotAcquired(
        (
            FailureToAcquire(Side.REFERENCE, Reason.LIVENESS_NOT_JUDGED, UNJUDGED.sentence),
            FailureToAcquire(Side.PROBE, Reason.PRESENTATION_ATTACK, ATTACK.sentence),
        )
    ),
    faces={},
    pad={Side.REFERENCE: UNJUDGED, Side.PROBE: ATTACK},
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
    "attacked": replace(
        ended(Status.SUCCEEDED, ATTACKED),
        request=replace(QUEUED.request, liveness=Liveness(LivenessRule.REQUIRE, LivenessSides.BOTH)),
    ),
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


def test_an_attack_is_told_with_its_score_and_by_what_it_was_judged() -> None:
    document = job_document(JOBS["attacked"])
    assert (document["liveness"], document["liveness_sides"]) == ("require", "both")
    assert document["pad"]["probe"] == {
        "verdict": "attack",
        "score": 0.1,
        "threshold": 0.5,
        "reason": None,
        "detail": None,
        "pack": "minifasnet",
        "pack_digest": "e" * 64,
    }
    assert document["pad"]["reference"]["reason"] == "crop_outside_image"
    assert [reason["reason"] for reason in document["reasons"]] == ["liveness_not_judged", "presentation_attack"]
    assert sentence_of(JOBS["attacked"]) == (
        "reference: liveness was not judged: the face fills the image; probe: the image looks like a presentation "
        "attack, a print or a screen: liveness score 0.100; at least 0.5"
    )
    receipt = contents_of(JOBS["attacked"], issuer="https://here.example", version="1")
    assert receipt["liveness"] == {"rule": "require", "sides": "both"}
    without_details = {
        side: {name: value for name, value in pad.items() if name != "detail"} for side, pad in document["pad"].items()
    }
    assert json.loads(json.dumps(receipt["pad"])) == without_details, "nothing of the faces"
    assert event_data(JOBS["attacked"])["pad"] == document["pad"]


def test_where_a_score_lies_among_those_of_the_run_is_told_in_counts_with_every_calibrated_point() -> None:
    compared = JOBS["compared"]
    said = "of 3000 non-mated pairs of run run_x on lfw, 0 scored as high; of 2990 mated pairs, 1204 scored as low"
    assert job_document(compared)["calibration"] == {
        "run_id": "run_x",
        "dataset": "lfw",
        "made_at": "2027-01-15T08:00:00.000Z",
        "fits": True,
        "detail": said,
        "non_mated": {"trials": 3000, "as_high": 0},
        "mated": {"trials": 2990, "as_low": 1204},
        "points": [
            {
                "target": 0.01,
                "threshold": 0.29,
                "errors": 20,
                "trials": 3000,
                "low": 0.0044,
                "high": 0.0097,
                "refused": None,
                "high_over_people": None,
            },
            dict.fromkeys(("threshold", "errors", "trials", "low", "high", "high_over_people"))
            | {"target": 0.0001, "refused": "too few"},
        ],
    }
    whole = job_document(compared)["calibration"]
    assert event_data(compared)["calibration"] == whole | {"points": whole["points"][:1]}, (
        "refusals are not sent around"
    )
    assert sentence_of(compared).endswith(f"; {said}")
    assert contents_of(compared, issuer="", version="")["calibration"] == job_document(compared)["calibration"]
    assert job_document(JOBS["not acquired"])["calibration"] is None


@pytest.mark.parametrize(
    ("standing", "says"),
    [
        (replace(STANDING, mated=None), "of 3000 non-mated pairs of run run_x on lfw, 0 scored as high"),
        (replace(STANDING, non_mated=None), "of 2990 mated pairs of run run_x on lfw, 1204 scored as low"),
        (
            replace(STANDING, non_mated=None, mated=None),
            "is not known, they were not kept: likeness evaluate calibrate",
        ),
        (Standing("run_x", "lfw", 0.0, unfit="the policy was largest"), "the policy was largest"),
    ],
)
def test_what_is_not_known_of_a_score_is_not_said(standing: Standing, says: str) -> None:
    document = job_document(ended(Status.SUCCEEDED, replace(COMPARED, standing=standing)))["calibration"]
    assert says in document["detail"]
    assert document["fits"] is (standing.unfit is None)
    StandingSchema().load(document)


def test_what_was_seen_is_told_of_both_sides_used_or_not() -> None:
    seen = job_document(JOBS["not acquired"])["seen"]
    assert seen["reference"] == {
        "width": 640,
        "height": 480,
        "faces_found": 2,
        "faces": [
            {"box": [1.0, 2.0, 30.5, 40.0], "detection_score": 0.93, "chosen": True},
            {"box": [300.5, 20.0, 340.0, 70.0], "detection_score": 0.81, "chosen": False},
        ],
        "landmarks": {
            "right_eye": [8.1, 15.0],
            "left_eye": [22.4, 15.2],
            "nose": [15.0, 22.9],
            "right_mouth_corner": [9.0, 31.0],
            "left_mouth_corner": [21.7, 31.4],
        },
        "measures": {
            "inter_eye_distance_px": 14.3,
            "roll_deg": -0.8,
            "yaw_deg": 3.1,
            "pitch_deg": -2.0,
            "sharpness": 0.71,
            "brightness": 0.5,
            "contrast": 0.14,
            "overexposure": 0.0,
            "cut_off": 0.0,
        },
        "warnings": ["low_resolution"],
    }
    nothing = {"faces_found": 0, "faces": [], "landmarks": None, "measures": None, "warnings": []}
    assert seen["probe"] == {"width": 320, "height": 200, **nothing}


def test_a_job_that_was_recorded_before_anything_was_measured_is_read() -> None:
    """Requests had no `quality` and no `liveness`, results no `seen`, no `pad` and no `standing`."""
    request, result = json.loads(REQUEST.dump_json(QUEUED.request)), json.loads(RESULT.dump_json(COMPARED))
    del request["quality"], request["liveness"], result["seen"], result["pad"], result["standing"]
    before = replace(JOBS["compared"], request=REQUEST.validate_python(request), result=RESULT.validate_python(result))
    document = job_document(before)
    assert (document["quality"], document["seen"], document["calibration"]) == ("report", {}, None)
    assert (document["liveness"], document["liveness_sides"], document["pad"]) == ("off", None, {})
    assert document["faces"] == job_document(JOBS["compared"])["faces"]
    JobSchema().load(json.loads(json.dumps(document)))


def test_a_result_is_read_as_it_is_recorded() -> None:
    for result in (COMPARED, NOT_ACQUIRED, ATTACKED):
        assert RESULT.validate_json(RESULT.dump_json(result)) == result


@pytest.mark.parametrize("job", [job for job in JOBS.values() if job.status.is_terminal])
def test_an_event_says_the_same_in_short_and_where_the_whole_is(job: Job) -> None:
    document, event = job_document(job), event_data(job)
    assert [*event] == [*EVENT_FIELDS, "url"]
    if document["calibration"]:
        document["calibration"]["points"] = [p for p in document["calibration"]["points"] if p["threshold"] is not None]
    assert event == {**{name: document[name] for name in EVENT_FIELDS}, "url": url_of(job.id)}
