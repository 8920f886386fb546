"""A worker seals what a job was uploaded: killed before or after any step, the next attempt does it again."""

import hashlib
import time
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from core.comparisons.erasure import erase_due
from core.comparisons.images import inspect
from core.comparisons.jobs import NOT_FETCHED, ComparisonRequest, Job, new_images_key
from core.comparisons.orphans import Orphans
from core.comparisons.sealing import SealKey
from core.comparisons.store import JobStore
from core.errors import ObjectNotFound, StoreUnavailable, TransitionRefused, UploadDiffers
from core.settings import Settings
from core.storage.connection import connect
from core.storage.lifecycle import Status, new_id
from core.storage.memory import MemoryObjects
from core.uploads.store import UploadStore
from core.uploads.upload import Upload, object_key
from core.vocabulary import Policy, Side, Threshold
from courier.fetching import Fetching
from tests.support.servers import Servers
from tests.support.uploads import reading
from tests.uploads.conftest import image
from worker.uploads import Uploads

ONE, TWO = image(40), image(200)
HOLDER = "engine@test 1"


class KilledError(BaseException):
    """The worker is killed here."""


@dataclass
class Bench:
    """A worker's part with what it was given."""

    settings: Settings
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    erased: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.jobs, self.store = JobStore.of(self.settings), UploadStore.of(self.settings)
        self.redis: Any = connect(self.settings.redis)

    def uploads(self, jobs: Any = None, objects: Any = None) -> Uploads:
        objects = objects or self.objects
        return Uploads(jobs or self.jobs, objects, reading(self.settings, objects), erase=self.erased.append)

    def uploaded(self, body: bytes, *, size_bytes: int | None = None) -> str:
        now = time.time()
        upload = Upload(new_id("upl"), None, size_bytes or len(body), "image/jpeg", now, now + 60)
        self.store.create([upload], most=10)
        self.objects.put(upload.key, body)
        return upload.id

    def begun(self, uploads: dict[Side, str]) -> Job:
        """A job that has just begun; what is not uploaded was sent."""
        facts = inspect(TWO, max_bytes=10_000, max_pixels=10_000)
        both = {side: NOT_FETCHED if side in uploads else facts for side in Side}
        request = ComparisonRequest(
            *("opencv-zoo", Policy.LARGEST, Threshold(0.3, "a test"), new_images_key()),
            *(both[Side.REFERENCE], both[Side.PROBE], {}),
            uploads=uploads,
        )
        job = Job(new_id("cmp"), Status.QUEUED, 1, time.time(), request, seal_key=SealKey.new())
        assert job.seal_key
        if request.is_stored:
            self.objects.put(request.images_key, job.seal_key.seal(TWO, name=job.id))
        self.jobs.create(job)
        return self.jobs.start(job.id, HOLDER)

    def tidied(self) -> list[str]:
        """What is left once all that is due was erased."""
        self.objects.delete(self.erased)
        erase_due(self.jobs, self.objects)
        return sorted(self.objects.keys(""))


@pytest.fixture
def bench(redis_server: Servers) -> Bench:
    return Bench(redis_server.settings)


@pytest.mark.parametrize("sides", [(Side.REFERENCE,), (Side.PROBE,), tuple(Side)])
def test_what_was_uploaded_becomes_the_jobs_own_sealed_images(bench: Bench, sides: tuple[Side, ...]) -> None:
    job = bench.begun({side: bench.uploaded(ONE) for side in sides})
    after, images = bench.uploads().sealed(job, HOLDER)
    expected = tuple(ONE if side in sides else TWO for side in Side)
    assert images == expected
    assert (after.status, after.attempts, after.request.uploads) == (Status.RUNNING, 1, {})
    assert [after.request.reference.sha256, after.request.probe.sha256] == [
        hashlib.sha256(body).hexdigest() for body in expected
    ]
    assert bench.tidied() == [after.request.images_key]
    stored = bench.objects.get(after.request.images_key)
    assert ONE not in stored, "it is sealed"
    assert bench.jobs.get(job.id).open_images(stored) == expected
    assert bench.redis.hget(f"job:{job.id}", "images_key") == after.request.images_key, "what erasing goes by"


@pytest.mark.parametrize("step", ["get_first", "put_sealed", "sealed", "erase"])
@pytest.mark.parametrize("after", [False, True])
def test_killed_before_or_after_any_step_the_next_attempt_finishes_and_nothing_is_left_in_clear(
    bench: Bench, step: str, after: bool
) -> None:
    job = bench.begun({Side.REFERENCE: bench.uploaded(ONE), Side.PROBE: bench.uploaded(TWO)})

    class Dying:
        def __init__(self, living: Any) -> None:
            self._living = living

        def __getattr__(self, name: str) -> Any:
            living = getattr(self._living, name)
            return self._dying(living) if name == step else living

        @staticmethod
        def _dying(living: Any) -> Any:
            def call(*given: Any, **named: Any) -> Any:
                if after:
                    living(*given, **named)
                raise KilledError

            return call

    killed = bench.uploads(Dying(bench.jobs), Dying(bench.objects))
    if step == "erase":
        killed._erase = Dying._dying(bench.erased.append)
    with pytest.raises(KilledError):
        killed.sealed(job, HOLDER)
    bench.redis.delete(f"job-lease:{job.id}")  # it runs out
    again = bench.jobs.start(job.id, "engine@test 2")
    if again.request.uploads:
        again, images = bench.uploads().sealed(again, "engine@test 2")
    else:
        images = again.open_images(bench.objects.get(again.request.images_key))
    assert images == (ONE, TWO)
    left = bench.tidied()
    orphans = Orphans(bench.settings.redis, bench.settings.images, bench.objects)
    assert {*left} - {orphan.key for orphan in orphans.find(-1)} == {again.request.images_key}
    assert not [key for key in left if key.startswith("uploads/")]


def test_one_image_may_be_at_a_url_and_the_other_uploaded(bench: Bench) -> None:
    """The fetcher comes first, and leaves the upload to the worker."""
    job = bench.begun({Side.PROBE: bench.uploaded(ONE)})
    bench.jobs.requeue(job.id, HOLDER)
    request = replace(job.request, urls={Side.REFERENCE: "https://photographs.example/two.jpg"}, reference=NOT_FETCHED)
    assert job.seal_key
    bench.objects.put(request.images_key, job.seal_key.seal(name=job.id))
    bench.redis.hset(f"job:{job.id}", "request", TypeAdapter(ComparisonRequest).dump_json(request))

    class Photographs:
        def get(self, url: str) -> bytes:
            return TWO

    enqueued: list[Job] = []
    Fetching(
        bench.jobs,
        bench.objects,
        Photographs(),
        images=bench.settings.but(image_urls=True).images,
        settings=bench.settings.jobs,
        enqueue=enqueued.append,
        announce=lambda job: None,
    ).run(job.id)
    assert [job.id for job in enqueued] == [job.id]
    after, images = bench.uploads().sealed(bench.jobs.start(job.id, HOLDER), HOLDER)
    assert images == (TWO, ONE)
    assert bench.tidied() == [after.request.images_key]


def test_a_job_that_is_cancelled_meanwhile_leaves_nothing(bench: Bench) -> None:
    job = bench.begun({Side.REFERENCE: bench.uploaded(ONE), Side.PROBE: bench.uploaded(TWO)})
    bench.jobs.cancel(job.id)
    with pytest.raises(TransitionRefused):
        bench.uploads().sealed(job, HOLDER)
    assert bench.tidied() == []


def test_what_the_store_let_through_is_found_out_and_none_of_it_is_read_to_its_end(bench: Bench) -> None:
    asked: list[int] = []

    class Watched(MemoryObjects):
        def get_first(self, key: str, most_bytes: int, *, sse_key: bytes | None = None) -> bytes:
            asked.append(most_bytes)
            return super().get_first(key, most_bytes, sse_key=sse_key)

    bench.objects = Watched()
    job = bench.begun({Side.PROBE: bench.uploaded(ONE + bytes(10**6), size_bytes=len(ONE))})
    with pytest.raises(UploadDiffers, match=f"probe: {len(ONE)} bytes were announced, and more were put"):
        bench.uploads().sealed(job, HOLDER)
    assert asked == [len(ONE) + 1]
    smaller = bench.begun({Side.PROBE: bench.uploaded(ONE, size_bytes=len(ONE) + 5)})
    with pytest.raises(UploadDiffers, match=f"and {len(ONE)} were put"):
        bench.uploads().sealed(smaller, HOLDER)


def test_a_store_that_is_away_or_has_lost_it_is_told_as_for_any_image(bench: Bench) -> None:
    upload = bench.uploaded(ONE)
    job = bench.begun({Side.PROBE: upload})
    bench.objects.is_away = True
    with pytest.raises(StoreUnavailable):
        bench.uploads().sealed(job, HOLDER)
    bench.objects.is_away = False
    bench.objects.delete([object_key(upload)])
    with pytest.raises(ObjectNotFound):
        bench.uploads().sealed(job, HOLDER)
    bench.store.forget([upload])
    with pytest.raises(ObjectNotFound):
        bench.uploads().sealed(job, HOLDER)
