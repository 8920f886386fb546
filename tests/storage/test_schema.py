"""The page about the records is true: of every key that our stores leave, and of nothing else."""

import re
import time
from dataclasses import replace
from typing import Any

import pytest

from api.door.rates import Rates
from core.batches.batch import Batch, BatchRequest, Counts
from core.batches.rows import PhotographFacts, Row
from core.batches.shard import Pair, Photograph, ShardRequest, shard_id
from core.batches.shards import ShardStore
from core.batches.store import BatchStore
from core.comparisons.sealing import SealKey
from core.comparisons.store import JobStore
from core.evaluations.calibrations import Calibration, CalibrationStore
from core.evaluations.inquiries import Answer, Inquiry, InquiryStore, Kind
from core.evaluations.run_scores import RunScores
from core.evaluations.runs import RunRequest
from core.evaluations.store import RunStore
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.messaging.presence import Presence, WorkerFacts
from core.quality import QualityRule
from core.settings import CHECKOUT, Settings
from core.storage.connection import connect
from core.storage.idempotency import Answer as FirstAnswer
from core.storage.idempotency import Claim, Claims
from core.storage.lifecycle import Failure, Status, new_id
from core.traces import Origin
from core.uploads.store import UploadStore
from core.uploads.upload import Upload
from core.vocabulary import Compared, Decision, EngineFacts, PackIdentity, Policy, Result, Side, Threshold, Track
from core.webhooks.deliveries import Attempt, DeliveryStatus, DeliveryStore, Share
from core.webhooks.endpoints import EndpointStore
from courier.lost_jobs import SHARDS, JobSummary, LostJobs
from tests.support.receivers import job_that_calls_back
from tests.support.schema import rows, unexplained
from tests.support.servers import Servers

URL = "https://receiver.example/events"
DIGEST = "d" * 64
ENGINE = EngineFacts(PackIdentity("opencv-zoo", DIGEST), "CPUExecutionProvider", 640, 0.6, 32)
BROKE = Failure("engine_error", "it broke")


def leave_jobs(settings: Settings) -> None:
    """One queued, enqueued again; one that waits for an image; one running.

    One succeeded, its delivery under way; one failed, its delivery dead; one cancelled where images stay for a time.
    """
    jobs, deliveries = JobStore.of(settings), DeliveryStore(settings.redis, settings.webhooks)
    queued, running, succeeded, failed, cancelled = (
        replace(job_that_calls_back(URL, "ada"), seal_key=SealKey.new()) for _ in range(5)
    )
    waiting = replace(queued, id=new_id("cmp"), request=replace(queued.request, urls={Side.PROBE: URL}))
    queued = replace(queued, request=replace(queued.request, expires_at=time.time() + 60))
    origin = Origin("req_1", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")
    failed = replace(failed, request=replace(failed.request, origin=origin))
    for job in (queued, waiting, running, succeeded, failed, cancelled):
        jobs.create(job)
    jobs.start(waiting.id, "courier")
    jobs.requeue(waiting.id, "courier", fetches=1)
    JobStore.of(settings.but(image_retention_s=60)).cancel(cancelled.id)
    assert LostJobs.of(settings).note(JobSummary(queued.id, Status.QUEUED, "1", 0.0, held=False))
    for job in (running, succeeded):
        jobs.start(job.id, "engine@test")
    assert jobs.renew(running.id, "engine@test")
    threshold = Threshold(0.3, "a test")
    jobs.succeed(succeeded, Result(Compared(0.7), Decision.MATCH, threshold, Policy.LARGEST, ENGINE, {}, {}))
    jobs.fail(failed, BROKE)
    jobs.withdraw(new_id("cmp"))
    assert deliveries.take(str(succeeded.event_id))
    connect(settings.redis).hset(f"delivery:{succeeded.event_id}", "lease_until", 0)  # its courier died
    assert deliveries.take(str(succeeded.event_id), Share("callbacks", 4, spares_slow=True))
    delivery = deliveries.take(str(failed.event_id))
    assert delivery
    late = Attempt(time.time(), 1.0, None, "timeout", "no answer within 15 s")
    assert deliveries.settle(delivery, [late], DeliveryStatus.DEAD, is_slow=True)
    deliveries.disable_url("ada", URL)


def leave_runs(settings: Settings) -> None:
    """One running, which was asked for with an idempotency key; one succeeded, one failed."""
    runs, claims = RunStore(settings.redis), Claims(settings.redis, settings.jobs)
    request = RunRequest("lfw", DIGEST, Track.RAW, "opencv-zoo", True, Policy.LARGEST, 320, 2, 1, 1, callback_url=URL)
    claim = claims.claim("ada", "a key", "a request")
    assert isinstance(claim, Claim)
    running, succeeded, failed = (new_id("run") for _ in range(3))
    for run_id, of in ((running, claim), (succeeded, None), (failed, None)):
        runs.create(run_id, request, owner="ada", claim=of)
        runs.start(run_id)
    claims.claim("ada", "a key", "a request")  # and was told of it
    claims.keep(running, FirstAnswer(202, {}, "{}"))
    runs.advance(running, 0, 2, whole=True)
    runs.succeed(succeeded, {"accuracy": 1.0})
    runs.fail(failed, BROKE)


def leave_inquiries(settings: Settings) -> None:
    """One that waits, one that was answered, one that cannot be."""
    inquiries, (run, *_) = InquiryStore(settings.redis), RunStore(settings.redis).page(limit=1).runs
    waiting, answered, refused = (Inquiry(Kind.COMPARISON, (run.id,), at_fmr=n / 10) for n in (1, 2, 3))
    for inquiry in (waiting, answered, refused):
        assert inquiries.put(inquiry)
    inquiries.keep(answered, Answer({"json": "{}", "html": "<p>", "csv": "a,b"}))
    inquiries.keep(refused, Answer({}, BROKE))


def leave_batches(settings: Settings) -> None:
    """One running: of its shards one is done, one was begun before, one queued. One failed."""
    batches, shards = BatchStore.of(settings), ShardStore.of(settings)
    for status in (Status.RUNNING, Status.FAILED):
        batch_id = new_id("bat")
        photograph, pair = Photograph(0, "one", 0, 9), Pair(0, "1", 0, 0)
        request = BatchRequest(
            *("opencv-zoo", Policy.LARGEST, Threshold(0.3, "a test"), QualityRule.REPORT, "batches/none", 3, 1, 3),
            *({}, URL),
            expires_at=time.time() + 60,
        )
        batch = Batch(batch_id, Status.QUEUED, 1, 0.0, request, owner="ada", event_id=new_id("evt"))
        batch = replace(batch, seal_key=SealKey.new())
        batches.create(batch, [ShardRequest(batch_id, (photograph,), (pair,))] * 3)
        batches.start(batch_id)
        kinds = ("matches", "non_matches", "not_acquired", "failed")
        row = Row(0, "1", "one", "one", (0, 0), Compared(1.0), ENGINE)
        for number in (1, 2):
            shards.start(shard_id(batch_id, number), "embedder@test")
        shards.note(shard_id(batch_id, 1), "embedder@test", at=0, suspects=[0])
        shards.finish(
            shard_id(batch_id, 2), batch_id, [row], {0: PhotographFacts(None, None)}, Counts(**dict.fromkeys(kinds, 1))
        )
        queued = JobSummary(shard_id(batch_id, 0), Status.QUEUED, "1", 0.0, held=False)
        assert LostJobs.of(settings, SHARDS).note(queued)
        if status is Status.FAILED:
            batches.fail(batch, BROKE)


def leave_uploads(settings: Settings) -> None:
    """One open; one that a queued job has taken, one that a queued batch has; one whose job has ended."""
    store, jobs, batches = UploadStore.of(settings), JobStore.of(settings), BatchStore.of(settings)
    now = time.time()
    uploads = [
        Upload(new_id("upl"), "ada", 9, "image/jpeg", now, now + 60, sha256=DIGEST, seal_key=SealKey.new())
        for _ in range(4)
    ]
    store.create(uploads, most=10)
    _, of_queued, of_ended, of_batch = (upload.id for upload in uploads)
    queued, ended = (
        replace(job, request=replace(job.request, uploads={Side.PROBE: upload}))
        for job, upload in ((job_that_calls_back(URL, "ada"), i) for i in (of_queued, of_ended))
    )
    for job in (queued, ended):
        jobs.create(job)
    jobs.fail(ended, BROKE)
    batch_id = new_id("bat")
    request = BatchRequest(
        *("opencv-zoo", Policy.LARGEST, Threshold(0.3, "a test"), QualityRule.REPORT, "batches/none", 1, 1, 1),
        *({}, None),
    )
    photograph = Photograph(0, "one", 0, 0, upload=of_batch)
    batches.create(
        Batch(batch_id, Status.QUEUED, 1, 0.0, request, owner="ada"),
        [ShardRequest(batch_id, (photograph,), (Pair(0, "1", 0, 0),))],
    )


def leave_endpoints(settings: Settings) -> None:
    """One of an owner's, whose secret was replaced and which was told of an ending, and one of nobody's."""
    endpoints, jobs = EndpointStore(settings.redis), JobStore.of(settings)
    endpoints.rotate(endpoints.create("bob", URL).id)
    endpoints.create(None, URL)
    job = job_that_calls_back(None, "bob")
    jobs.create(job)
    jobs.cancel(job.id)


def leave_the_rest(settings: Settings) -> None:
    """A key that was used and revoked, a calibration, a worker, and what is counted of a key."""
    keys, rates = KeyStore(settings.redis), Rates(settings.redis)
    key, _ = keys.create(
        "a test",
        [Scope.SUBMIT],
        expires_at=time.time() + 60,
        requests_per_minute=1,
        comparisons_per_day=1,
        upload_bytes_per_minute=0,
    )
    keys.used(key)
    keys.revoke(key.id)
    rates.count_request(key.owner, 10)
    rates.count_comparisons(key.owner, 10)
    calibration = Calibration("opencv-zoo", DIGEST, new_id("run"), "lfw", DIGEST, 320, 0.0, ())
    CalibrationStore(settings.redis).put(calibration, RunScores.of(non_mated=[0.1], mated=[0.9]))
    Presence(settings.redis).show(WorkerFacts("engine@test", 1, time.time(), ("comparisons",), (ENGINE,)))


@pytest.fixture
def settings(redis_server: Servers) -> Settings:
    settings = redis_server.settings
    leave_jobs(settings)
    leave_runs(settings)
    leave_inquiries(settings)
    leave_batches(settings)
    leave_uploads(settings)
    leave_endpoints(settings)
    leave_the_rest(settings)
    return settings


def test_every_key_that_is_left_is_on_the_page_with_its_type_and_its_fields(settings: Settings) -> None:
    assert unexplained(settings.redis) == []


def test_what_is_on_the_page_is_left(settings: Settings, client: Any) -> None:
    keys = [*client.scan_iter(count=1000)]
    for row in rows():
        left = [key for key in keys if row.matches(key)]
        assert left, f"no key looks like {row.key}"
        if row.type == "hash" and row.fields:
            assert {name for key in left for name in client.hkeys(key)} == row.fields, row.key


def test_when_all_jobs_are_erased_what_is_left_of_them_is_on_the_page(settings: Settings, client: Any) -> None:
    jobs = JobStore.of(settings)
    for job_id in client.zrange("jobs:all", 0, -1):
        jobs.erase(job_id)
    batches = BatchStore.of(settings)
    for batch_id in client.zrange("batchs:all", 0, -1):
        batches.erase(batch_id)
    runs = RunStore(settings.redis)
    for run_id in client.zrange("runs:all", 0, -1):
        runs.erase(run_id)
    assert unexplained(settings.redis) == []
    named = [key for key in client.scan_iter(count=1000) if re.search("cmp_|bat_|evt_|run:", key)]
    uploads = UploadStore.of(settings).find(key.removeprefix("upload:") for key in client.scan_iter("upload:*"))
    assert {(upload.seal_key is None, upload.taken_by is None) for upload in uploads.values()} == {
        (False, True),
        (True, False),
    }, "what opens an upload is forgotten with what had taken it"
    assert {key.split(":")[0] for key in named} == {"job-lease", "job-withdrawn"}, "which run out by themselves"


def test_what_is_not_on_the_page_is_found(client: Any, redis_server: Servers) -> None:
    job_id, run_id = new_id("cmp"), new_id("run")
    client.set("nobody:1", "")
    client.set(f"job:{job_id}", "")
    client.zadd("jobs:status:lost", {job_id: 0})
    client.hset(f"run:{run_id}", "colour", "red")
    client.hset(f"run:{run_id}:progress", "first", "1")
    assert unexplained(redis_server.settings.redis) == [
        f"job:{job_id} is a string, not a hash",
        "jobs:status:lost matches nothing",
        "nobody:1 matches nothing",
        f"run:{run_id} has the field colour",
        f"run:{run_id}:progress has the field first",
    ]


#: What a script compares with a word, writes as a status, or moves a record to.
LITERAL = re.compile(r"[=~]= '([a-z_]+)'|'HSET', .*'status', '([a-z_]+)'|move\(.*'([a-z_]+)'\)")


def test_a_status_in_a_script_is_one_that_python_knows() -> None:
    scripts = [file.read_text(encoding="utf-8") for file in (CHECKOUT / "core/storage/lua").glob("*.lua")]
    found = {word for script in scripts for words in LITERAL.findall(script) for word in words if word}
    assert found >= {Status.RUNNING, DeliveryStatus.PENDING, DeliveryStatus.DELIVERED}
    assert found <= {*Status, *DeliveryStatus}
