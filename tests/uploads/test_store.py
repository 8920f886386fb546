"""Uploads on a real server of the records: taken once, given back, over; and what is erased when."""

import time
from dataclasses import replace
from typing import Any

import pytest

from core.batches.batch import Batch, BatchRequest
from core.batches.shard import Pair, Photograph, ShardRequest
from core.batches.store import BatchStore
from core.comparisons.erasure import erase_due
from core.comparisons.jobs import NOT_FETCHED, ComparisonRequest, Job, new_images_key
from core.comparisons.store import JobStore
from core.errors import UploadNotFound, UploadUsed
from core.quality import QualityRule
from core.settings import Settings
from core.storage.connection import connect
from core.storage.lifecycle import Failure, Status, new_id
from core.storage.memory import Kept, MemoryObjects
from core.storage.records import ERASURES
from core.uploads.leftovers import Leftovers
from core.uploads.store import TooManyOpenUploads, UploadStore
from core.uploads.upload import Upload, object_key
from core.vocabulary import Policy, Side, Threshold
from tests.support.servers import Servers

BROKE = Failure("engine_error", "it broke")


class Bench:
    """Everything that an upload meets."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.uploads, self.jobs, self.batches = UploadStore.of(settings), JobStore.of(settings), BatchStore.of(settings)
        self.objects = MemoryObjects()
        self.redis: Any = connect(settings.redis)
        self.leftovers = Leftovers(self.uploads, self.objects, settings.uploads)

    def opened(self, count: int = 1, *, owner: str | None = "ada", lasts_s: float = 900, most: int = 100) -> list[str]:
        now = time.time()
        uploads = [Upload(new_id("upl"), owner, 9, "image/jpeg", now, now + lasts_s) for _ in range(count)]
        self.uploads.create(uploads, most=most)
        for upload in uploads:
            self.objects.put(upload.key, b"an image")
        return [upload.id for upload in uploads]

    def job(self, *uploads: str) -> Job:
        request = ComparisonRequest(
            *("opencv-zoo", Policy.LARGEST, Threshold(0.3, "a test"), new_images_key(), NOT_FETCHED, NOT_FETCHED, {}),
            uploads=dict(zip(Side, uploads, strict=False)),
        )
        return Job(new_id("cmp"), Status.QUEUED, 1, time.time(), request, owner="ada")

    def batch(self, *uploads: str) -> tuple[Batch, list[ShardRequest]]:
        batch_id = new_id("bat")
        request = BatchRequest(
            *("opencv-zoo", Policy.LARGEST, Threshold(0.3, "a test"), QualityRule.REPORT, "batches/none", 1, 1, 1),
            *({}, None),
        )
        photographs = tuple(Photograph(n, str(n), 0, 0, upload=upload) for n, upload in enumerate(uploads))
        shard = ShardRequest(batch_id, photographs, (Pair(0, "1", 0, 0),))
        return Batch(batch_id, Status.QUEUED, 1, time.time(), request, owner="ada"), [shard]

    def due(self) -> list[str]:
        return [key for key in self.jobs.due_erasures() if key.startswith("uploads/")]


@pytest.fixture
def bench(redis_server: Servers) -> Bench:
    return Bench(redis_server.settings)


def test_a_job_takes_its_uploads_in_the_step_that_records_it_and_nobody_else_can(bench: Bench) -> None:
    one, two, three = bench.opened(3)
    first, second = bench.job(one, two), bench.job(three, two)
    bench.jobs.create(first)
    bench.jobs.create(first)  # the same, whose answer was lost
    with pytest.raises(UploadUsed, match=two):
        bench.jobs.create(second)
    assert bench.redis.exists(f"job:{second.id}") == 0, "all of them, or nothing is recorded"
    assert bench.uploads.get(one).taken_by == f"job:{first.id}"
    assert bench.uploads.get(three).taken_by is None
    batch, shards = bench.batch(three, one)
    with pytest.raises(UploadUsed):
        bench.batches.create(batch, shards)
    batch, shards = bench.batch(three)
    bench.batches.create(batch, shards)
    assert bench.uploads.get(three).taken_by == f"batch:{batch.id}"


def test_an_upload_cannot_be_taken_once_its_time_is_over_or_it_is_erased(bench: Bench) -> None:
    (late,), (erased,) = bench.opened(lasts_s=-1), bench.opened()
    bench.uploads.erase(erased)
    for upload in (late, erased, new_id("upl")):
        with pytest.raises(UploadUsed):
            bench.jobs.create(bench.job(upload))
    with pytest.raises(UploadNotFound):
        bench.uploads.erase(erased)


def test_what_is_withdrawn_gives_its_uploads_back(bench: Bench) -> None:
    """A client that was answered 503 sends the same submission again."""
    ids = bench.opened(2)
    job = bench.job(*ids)
    bench.jobs.create(job)
    assert bench.due() == []
    assert bench.jobs.withdraw(job.id)
    again = bench.job(*ids)
    bench.jobs.create(again)
    assert {upload.taken_by for upload in bench.uploads.find(ids).values()} == {f"job:{again.id}"}


@pytest.mark.parametrize("ending", ["succeed or fail", "cancel", "erase", "abandon"])
def test_whatever_ends_a_job_or_a_batch_makes_its_uploads_due_at_once(bench: Bench, ending: str) -> None:
    one, two, three = bench.opened(3)
    job, (batch, shards) = bench.job(one), bench.batch(two, three)
    bench.jobs.create(job)
    bench.batches.create(batch, shards)
    stores: list[tuple[Any, Any]] = [(bench.jobs, job), (bench.batches, batch)]
    for store, record in stores:
        match ending:
            case "cancel":
                store.cancel(record.id)
            case "erase":
                store.erase(record.id)
            case "abandon":
                store.abandon(record.id, BROKE)
            case _:
                store.fail(record, BROKE)
    assert {*bench.due()} == {object_key(upload) for upload in (one, two, three)}
    erase_due(bench.jobs, bench.objects)
    assert [*bench.objects.keys("")] == []
    assert all(0 < bench.redis.ttl(f"upload:{upload}") <= 90_000 for upload in (one, two, three))
    with pytest.raises(UploadUsed):
        bench.jobs.create(bench.job(one))


def test_images_that_are_kept_for_a_time_do_not_keep_what_was_uploaded(bench: Bench) -> None:
    (upload,) = bench.opened()
    jobs = JobStore.of(bench.settings.but(image_retention_s=3600))
    job = bench.job(upload)
    jobs.create(job)
    jobs.fail(job, BROKE)
    assert bench.due() == [object_key(upload)]


def test_an_upload_that_nobody_names_is_due_soon_after_its_time(bench: Bench) -> None:
    (upload,), (late,) = bench.opened(lasts_s=900), bench.opened(lasts_s=-61)
    assert bench.due() == [object_key(late)]
    due_in_s = bench.redis.zscore(ERASURES, object_key(upload)) - time.time()
    assert 900 < due_in_s < 970
    assert bench.redis.ttl(f"upload:{upload}") > 86_000, "as long as an answer may be asked for again"


def test_so_many_may_be_open_and_one_that_is_named_or_over_does_not_count(bench: Bench) -> None:
    ids = bench.opened(3, most=3)
    with pytest.raises(TooManyOpenUploads, match=r"3 uploads wait .* 2 more .* at most 3 "):
        bench.opened(2, most=3)
    bench.opened(3, owner="bob", most=3)
    bench.opened(3, owner=None, most=3)
    bench.jobs.create(bench.job(ids[0]))
    bench.uploads.erase(ids[1])
    bench.opened(2, most=3)
    bench.redis.zadd("uploads-open:ada", {ids[2]: 1})
    bench.opened(1, most=3)


def test_what_is_put_late_or_for_what_is_over_is_found_and_what_is_needed_stays(bench: Bench) -> None:
    needed, over, open_, sealed = bench.opened(4)
    jobs = [bench.job(upload) for upload in (needed, over, sealed)]
    for job in jobs:
        bench.jobs.create(job)
    bench.jobs.fail(jobs[1], BROKE)
    bench.jobs.start(jobs[2].id, "a worker")
    bench.jobs.sealed(jobs[2].id, "a worker", replace(jobs[2].request, uploads={}))
    bench.objects.put(object_key(nobodys := new_id("upl")), b"put twice")
    assert bench.leftovers.sweep() == 0, "they are young: one may be on its way into a submission"
    for key, kept in [*bench.objects._kept.items()]:
        bench.objects._kept[key] = Kept(kept.body, kept.written_at - 1000)
    assert {orphan.key for orphan in bench.leftovers.find()} == {
        object_key(upload) for upload in (over, open_, sealed, nobodys)
    }
    assert bench.leftovers.sweep() == 4
    assert [*bench.objects.keys("")] == [object_key(needed)]
    with pytest.raises(UploadUsed):
        bench.jobs.create(bench.job(open_))


def test_an_upload_whose_job_was_lost_with_redis_is_swept(bench: Bench) -> None:
    (upload,) = bench.opened()
    job = bench.job(upload)
    bench.jobs.create(job)
    bench.redis.delete(f"job:{job.id}")
    assert bench.leftovers.sweep(-1) == 1
    assert bench.redis.exists(f"upload:{upload}") == 0
