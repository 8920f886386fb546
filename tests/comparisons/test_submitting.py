"""The use case of a submission through its constructor: what is refused, what is kept, and nothing is half kept."""

import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from core.comparisons.images import inspect
from core.comparisons.jobs import Job
from core.comparisons.store import JobStore
from core.comparisons.submission import Accepting, FieldRefused, Rules
from core.comparisons.submitting import Submitting
from core.errors import ImagesDamaged, RecordNotFound, RecordsUnavailable, StoreUnavailable
from core.evaluations.calibrations import Calibration
from core.evaluations.pipeline import Pipeline
from core.messaging.place import Place
from core.packs.catalogue import Pack, directory_identity
from core.quality import QualityRule
from core.standing import Point
from core.storage.idempotency import Claim, IdempotencyInFlight
from core.storage.lifecycle import Status
from core.storage.messages import Message
from core.vocabulary import EngineFacts, Policy, Threshold, Track
from tests.comparisons.conftest import CALLBACK, LIMITS, PROBE, REFERENCE, Door, image, message, submission
from tests.support.servers import Servers
from tests.support.stack import eventually


class Unanswered(JobStore):
    """Its answers are lost: a job is recorded, and nobody knows."""

    def create(self, job: Job, *, claim: Claim | None = None, message: Message | None = None) -> None:
        super().create(job, claim=claim, message=message)
        raise RecordsUnavailable


def calibrated(zoo: Pack) -> Calibration:
    points = (
        Point(0.01, 0.4, 1, 300, 0.0001, 0.02, None),
        Point(0.001, None, None, None, None, None, "too few trials"),
    )
    digest = directory_identity(zoo).digest
    pipeline = Pipeline(
        pack=zoo.name,
        pack_digest=digest,
        track=Track.RAW,
        flip=False,
        policy=Policy.MOST_CENTRAL,
        detection_size=640,
        detection_threshold=zoo.detection_threshold,
        min_face_px=24,
        provider="cpu",
        clear_detection_score=zoo.clear_detection_score,
    )
    return Calibration(zoo.name, digest, "run_x", "own", "d", 640, 0.0, points, pipeline)


def test_an_accepted_job_is_stored_recorded_and_enqueued_in_its_lane(door: Door, zoo: Pack) -> None:
    accepted = door.accepting.accept(submission(metadata={"case": "42"}), owner="ada")
    door.holds_nothing()
    job = door.submitting.submit(accepted, place=Place("the lane"))
    assert job == accepted.job
    recorded = door.jobs.get(job.id)
    assert recorded == replace(job, recorded_at=recorded.recorded_at)
    assert recorded.recorded_at is not None
    assert recorded.recorded_at >= job.created_at
    assert door.enqueued == [(job.id, "the lane")]
    assert [*door.objects.keys("")] == [job.request.images_key]
    stored = door.objects.get(job.request.images_key)
    assert job.open_images(stored) == (REFERENCE, PROBE)
    assert not any(image[at : at + 8] in stored for image in (REFERENCE, PROBE) for at in range(len(image) - 8))
    for body, facts in ((REFERENCE, job.request.reference), (PROBE, job.request.probe)):
        assert facts == inspect(body, max_bytes=LIMITS.max_image_bytes, max_pixels=LIMITS.max_image_pixels)
    assert (job.status, job.owner, job.request.metadata) == (Status.QUEUED, "ada", {"case": "42"})
    assert job.request.images_key not in job.id
    assert job.id.removeprefix("cmp_") not in job.request.images_key


def test_every_job_has_a_key_of_its_own(door: Door) -> None:
    first, second = (door.submitting.submit(door.accepting.accept(submission()), place=Place("lane")) for _ in range(2))
    with pytest.raises(ImagesDamaged):
        second.open_images(door.objects.get(first.request.images_key))
    for job in (first, second):
        door.jobs.erase(job.id)
    assert {*door.records.keys("*")} == {"erasures"}, "and it went with the record"


def test_what_a_client_leaves_open_the_deployment_decides(door: Door, zoo: Pack) -> None:
    job = door.accepting.accept(submission()).job
    assert (job.request.pack, job.request.policy) == (zoo.name, Policy.MOST_CENTRAL)
    assert job.request.threshold == zoo.threshold
    assert (job.owner, job.event_id, job.request.callback_url, job.request.metadata) == (None, None, None, {})


def test_what_a_client_asks_for_it_gets(door: Door, zoo: Pack) -> None:
    job = door.accepting.accept(submission(pack=zoo.name, policy=Policy.REQUIRE_ONE, threshold=0.25)).job
    assert (job.request.policy, job.request.threshold) == (Policy.REQUIRE_ONE, Threshold(0.25, "request"))


def test_whoever_is_called_back_has_an_event_of_one_id(door: Door) -> None:
    accepted = [door.accepting.accept(submission(callback_url=CALLBACK)) for _ in range(2)]
    one, other = (door.jobs.get(door.submitting.submit(each, place=Place("lane")).id) for each in accepted)
    for job in (one, other):
        assert job.event_id is not None
        assert job.event_id.startswith("evt_")
        assert job.request.callback_url == CALLBACK
    assert one.event_id != other.event_id


def test_a_false_match_rate_becomes_the_threshold_that_a_run_has_shown(door: Door, zoo: Pack) -> None:
    door.calibrations.put(calibrated(zoo))
    job = door.accepting.accept(submission(target_fmr=0.02)).job
    assert job.request.threshold == calibrated(zoo).threshold_for(0.02)
    assert job.request.threshold.value == 0.4


@pytest.mark.parametrize(
    ("asked", "field", "code"),
    [
        ({"pack": "nobody's"}, "pack", "pack_unknown"),
        ({"threshold": 0.3, "target_fmr": 0.1}, "target_fmr", "threshold_ambiguous"),
        ({"target_fmr": 0.1}, "target_fmr", "pack_not_calibrated"),
        ({"callback_url": f"{CALLBACK}/{'x' * 2048}"}, "callback_url", "callback_url_too_long"),
        ({"callback_url": "https://receiver example"}, "callback_url", "callback_url_invalid"),
        ({"callback_url": "http://receiver.example"}, "callback_url", "callback_scheme_refused"),
        ({"callback_url": "https://me@receiver.example"}, "callback_url", "callback_credentials_refused"),
        ({"callback_url": "https://127.0.0.1/"}, "callback_url", "callback_address_refused"),
        ({"callback_url": "https://receiver.example:22"}, "callback_url", "callback_port_refused"),
        ({"reference": b""}, "reference", "part_empty"),
        ({"probe": b""}, "probe", "part_empty"),
        ({"reference": b"no image"}, "reference", "image_unsupported"),
        ({"probe": b"GIF89a"}, "probe", "image_unsupported"),
        ({"reference": REFERENCE + bytes(LIMITS.max_image_bytes)}, "reference", "image_too_large"),
        ({"probe": image(40, side=101)}, "probe", "image_too_large"),
    ],
)
def test_what_a_client_can_mend_is_named_and_nothing_is_kept(
    door: Door, asked: dict[str, object], field: str, code: str
) -> None:
    refused = door.refuses(**asked)
    assert (refused.field, refused.code, refused.retryable) == (field, code, False)


def test_a_false_match_rate_that_no_run_has_shown_is_refused(door: Door, zoo: Pack) -> None:
    door.calibrations.put(calibrated(zoo))
    with pytest.raises(FieldRefused, match="too few trials") as refused:
        door.accepting.accept(submission(target_fmr=0.001))
    assert (refused.value.field, refused.value.code) == ("target_fmr", "target_fmr_unsupported")


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        (
            "policy",
            Policy.REQUIRE_ONE,
            "the policy was require_one, here it is most_central.*ask for policy=require_one",
        ),
        ("detection_size", 320, "LIKENESS_DETECTION_SIZE was 320, here it is 640.*calibrate from a new run"),
        ("detection_threshold", 0.3, "LIKENESS_DETECTION_THRESHOLD was 0.3"),
        ("min_face_px", 200, "LIKENESS_MIN_FACE_PX was 200, here it is 24"),
        ("clear_detection_score", 0.1, "clear_detection_score was 0.1"),
        ("version", 2, "the version of Likeness"),
    ],
)
def test_thresholds_found_on_scores_that_are_made_otherwise_are_refused(
    door: Door, zoo: Pack, field: str, value: object, says: str
) -> None:
    made = calibrated(zoo)
    assert made.pipeline is not None
    changed: Any = {field: value}
    door.calibrations.put(replace(made, pipeline=replace(made.pipeline, **changed)))
    with pytest.raises(FieldRefused, match=says) as refused:
        door.accepting.accept(submission(target_fmr=0.02))
    assert (refused.value.field, refused.value.code) == ("target_fmr", "calibration_unfit")
    assert door.accepting.accept(submission(threshold=0.5)).job.request.threshold.value == 0.5


def test_a_request_that_names_another_policy_than_the_run_had_gets_none_of_its_thresholds(
    door: Door, zoo: Pack
) -> None:
    door.calibrations.put(calibrated(zoo))
    assert door.accepting.accept(
        submission(target_fmr=0.02, policy=Policy.MOST_CENTRAL)
    ).job.request.threshold.calibrated
    with pytest.raises(FieldRefused, match="the policy was most_central, here it is largest") as refused:
        door.accepting.accept(submission(target_fmr=0.02, policy=Policy.LARGEST))
    assert refused.value.code == "calibration_unfit"


def test_what_the_workers_run_counts_more_than_what_the_settings_say(door: Door, zoo: Pack) -> None:
    door.calibrations.put(calibrated(zoo))
    like_the_run = EngineFacts(
        directory_identity(zoo), "cpu", 640, zoo.detection_threshold, 24, zoo.clear_detection_score
    )
    door.running = (like_the_run,)
    assert door.accepting.accept(submission(target_fmr=0.02)).job.request.threshold.calibrated
    for other in (replace(like_the_run, provider="cuda"), replace(like_the_run, min_face_px=25)):
        door.running = (like_the_run, other)
        with pytest.raises(FieldRefused, match=r"LIKENESS_PROVIDER was cpu|LIKENESS_MIN_FACE_PX was 24") as refused:
            door.accepting.accept(submission(target_fmr=0.02))
        assert refused.value.code == "calibration_unfit", "one worker of two is enough: it may get the job"


def test_thresholds_stored_by_a_version_that_did_not_record_how_they_were_scored_are_refused(
    door: Door, zoo: Pack
) -> None:
    door.calibrations.put(calibrated(zoo))
    (key,) = door.records.keys("calibration:*")
    stored = json.loads(door.records.get(key))
    del stored["pipeline"]  # as the version before left it
    door.records.set(key, json.dumps(stored))
    with pytest.raises(FieldRefused, match="calibrate again, likeness evaluate calibrate run_x") as refused:
        door.accepting.accept(submission(target_fmr=0.02))
    assert (refused.value.field, refused.value.code) == ("target_fmr", "calibration_unfit")


def test_a_deployment_without_a_secret_calls_nobody_back(redis_server: Servers, zoo: Pack) -> None:
    refused = Door(redis_server.settings, zoo, destinations=None).refuses(callback_url=CALLBACK)
    assert (refused.field, refused.code) == ("callback_url", "callbacks_not_configured")


def test_while_the_object_store_is_away_nothing_is_accepted_and_the_claim_names_no_job(door: Door) -> None:
    claim = door.claim()
    door.objects.is_away = True
    with pytest.raises(StoreUnavailable):
        door.submitting.submit(door.accepting.accept(submission()), place=Place("lane"), claim=claim)
    door.holds_nothing(claim.key)
    assert door.records.hget(claim.key, "subject") is None


def test_whoever_hears_of_a_job_finds_its_record(door: Door) -> None:
    accepted = door.accepting.accept(submission())
    with ThreadPoolExecutor(1) as workers:

        def take() -> tuple[str, Status]:
            _, job_id = door.broker.brpop(["lane"], timeout=30)
            return job_id, door.jobs.get(job_id).status

        heard = workers.submit(take)
        eventually(lambda: door.records.info("clients")["blocked_clients"] == 1 or pytest.fail("nobody waits"))
        door.submitting.submit(accepted, place=Place("lane"))
        assert heard.result(30) == (accepted.job.id, Status.QUEUED)


@pytest.mark.parametrize("forbidden", ["select", "lpush", "hset"])
def test_a_job_that_may_not_be_enqueued_is_not_recorded_either(door: Door, forbidden: str) -> None:
    claim = door.claim()
    accepted = door.accepting.accept(submission(callback_url=CALLBACK), owner="ada")
    door.records.execute_command("ACL", "SETUSER", "default", f"-{forbidden}")
    with pytest.raises(RecordsUnavailable, match=r"ACL failure|NOPERM"):
        door.submitting.submit(accepted, place=Place("lane"), claim=claim)
    door.records.execute_command("ACL", "SETUSER", "default", "+@all")
    assert [*door.objects.keys("")] == []
    assert {*door.records.keys("*")} == {claim.key}
    assert door.enqueued == ([(accepted.job.id, "lane")] if forbidden == "hset" else []), "of nothing, which is dropped"
    door.claims.release(claim)
    assert door.claim() != claim, "whoever undoes the claim can send the request again"


def test_a_job_whose_recording_was_not_answered_is_taken_back(door: Door) -> None:
    claim = door.claim()
    door.submitting = Submitting(Unanswered.of(door.settings), door.objects, compose=message)
    accepted = door.accepting.accept(submission(callback_url=CALLBACK), owner="ada")
    with pytest.raises(RecordsUnavailable):
        door.submitting.submit(accepted, place=Place("lane"), claim=claim)
    assert [*door.objects.keys("")] == []
    assert {*door.records.keys("*")} == {claim.key}
    with pytest.raises(RecordNotFound):
        door.jobs.get(accepted.job.id)
    door.claims.release(claim)
    assert door.claim() != claim, "whoever undoes the claim can send the request again"


def test_images_that_cannot_be_deleted_now_are_due_for_erasure(door: Door) -> None:
    class TakesTheStoreAlong(Unanswered):
        def create(self, job: Job, *, claim: Claim | None = None, message: Message | None = None) -> None:
            door.objects.is_away = True
            super().create(job, claim=claim, message=message)

    door.submitting = Submitting(TakesTheStoreAlong.of(door.settings), door.objects, compose=message)
    accepted = door.accepting.accept(submission())
    with pytest.raises(RecordsUnavailable):
        door.submitting.submit(accepted, place=Place("lane"))
    door.objects.is_away = False
    assert door.objects.exists(accepted.job.request.images_key)
    assert door.jobs.due_erasures() == [accepted.job.request.images_key]
    assert {*door.records.keys("*")} == {"erasures"}


def test_while_the_job_store_is_away_images_stay_for_the_record_that_may_be_there(door: Door, zoo: Pack) -> None:
    away = Door(door.settings.but(redis_url="redis://127.0.0.1:1"), zoo)
    accepted = away.accepting.accept(submission())
    with pytest.raises(RecordsUnavailable):
        away.submitting.submit(accepted, place=Place("lane"))
    assert [*away.objects.keys("")] == [accepted.job.request.images_key]
    assert door.enqueued == []


def test_a_claim_that_was_lost_keeps_nothing(door: Door) -> None:
    lost = door.claim()
    door.claims.release(lost)
    of_another = door.claim()
    with pytest.raises(IdempotencyInFlight):
        door.submitting.submit(door.accepting.accept(submission()), place=Place("lane"), claim=lost)
    door.holds_nothing(of_another.key)
    assert door.records.hget(of_another.key, "subject") is None


def test_a_claim_names_the_job_that_was_made_for_it(door: Door) -> None:
    claim = door.claim()
    job = door.submitting.submit(door.accepting.accept(submission()), place=Place("lane"), claim=claim)
    assert door.records.hget(claim.key, "subject") == job.id


@pytest.mark.parametrize(
    ("asked", "by_default", "rule"),
    [
        (None, QualityRule.REPORT, QualityRule.REPORT),
        (None, QualityRule.REQUIRE, QualityRule.REQUIRE),
        (QualityRule.REPORT, QualityRule.REQUIRE, QualityRule.REPORT),
        (QualityRule.REQUIRE, QualityRule.REPORT, QualityRule.REQUIRE),
    ],
)
def test_whether_quality_is_required_is_the_clients_to_say_or_else_the_deployments(
    door: Door, zoo: Pack, asked: QualityRule | None, by_default: QualityRule, rule: QualityRule
) -> None:
    rules = Rules({zoo.name: zoo}, zoo.name, Policy.LARGEST, LIMITS, None, default_quality=by_default)
    job = Accepting(rules, door.calibrations, door.scoring).accept(submission(quality=asked)).job
    door.jobs.create(job)
    assert door.jobs.get(job.id).request.quality is rule
