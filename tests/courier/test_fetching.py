"""Images by URL through the use case's constructor: real records, real servers of images, no process of ours."""

import hashlib
import io
import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from PIL import Image

from core.comparisons.images import inspect
from core.comparisons.jobs import NOT_FETCHED, ComparisonRequest, Job, new_images_key
from core.comparisons.receipts import contents_of
from core.comparisons.store import JobStore
from core.errors import RecordsUnavailable
from core.messaging.broker import BROKER_DATABASE, Tasks
from core.settings import Settings
from core.storage.connection import connect
from core.storage.lifecycle import Status, new_id
from core.storage.memory import MemoryObjects
from core.vocabulary import Policy, Side, Threshold
from courier.fetching import MOST_TRIES, Fetching
from courier.image_source import ImageSource
from courier.lost_jobs import LostJobs
from courier.reaper import reap
from tests.courier.conftest import MAX_BYTES
from tests.support.receivers import Served, serving_images
from tests.support.servers import Servers
from tests.support.stack import eventually


def image(shade: int) -> bytes:
    body = io.BytesIO()
    Image.new("RGB", (64, 64), (shade, shade, shade)).save(body, "JPEG")
    return body.getvalue()


SENT, AT_URL = image(200), image(40)


class KilledError(BaseException):
    """The courier is killed here."""


@dataclass
class Post:
    """The use case with what it was given, and what it has told others."""

    settings: Settings
    source: Any
    objects: MemoryObjects = field(default_factory=MemoryObjects)
    enqueued: list[str] = field(default_factory=list)
    ended: list[Job] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.jobs = JobStore.of(self.settings)
        self.records: Any = connect(self.settings.redis)

    def fetching(self, **replaced: Any) -> Fetching:
        given: dict[str, Any] = {
            "jobs": self.jobs,
            "objects": self.objects,
            "source": self.source,
            "images": self.settings.images,
            "settings": self.settings.jobs,
            "enqueue": lambda job: self.enqueued.append(job.id),
            "announce": self.ended.append,
            **replaced,
        }
        return Fetching(**given)

    def submitted(self, url: str, side: Side = Side.PROBE) -> Job:
        """A job that waits for one image; the other was sent."""
        facts = inspect(SENT, max_bytes=MAX_BYTES, max_pixels=10_000)
        both = {Side.REFERENCE: facts, Side.PROBE: facts, side: NOT_FETCHED}
        request = ComparisonRequest(
            "opencv-zoo",
            Policy.LARGEST,
            Threshold(0.3, "a test"),
            new_images_key(),
            both[Side.REFERENCE],
            both[Side.PROBE],
            metadata={},
            urls={side: url},
        )
        job = Job(new_id("cmp"), Status.QUEUED, 1, time.time(), request)
        self.objects.put(request.images_key, SENT)
        self.jobs.create(job)
        return job

    def run(self, job: Job) -> Job:
        self.fetching().run(job.id)
        return self.jobs.get(job.id)

    def stored(self, job: Job) -> tuple[bytes, bytes]:
        """What a worker will read; nothing else may be left in the store."""
        request = self.jobs.get(job.id).request
        assert [*self.objects.keys("")] == [request.images_key]
        return request.split(self.objects.get(request.images_key))


@pytest.fixture
def post(redis_server: Servers, source: ImageSource) -> Post:
    return Post(redis_server.settings.but(image_urls=True, max_image_bytes=MAX_BYTES, lease_s=3.0), source)


@pytest.fixture
def images() -> Iterator[Served]:
    with serving_images({"/probe.jpg": AT_URL}) as served:
        yield served


@pytest.mark.parametrize("side", Side)
def test_an_image_is_fetched_and_the_job_put_in_line(post: Post, images: Served, side: Side) -> None:
    job = post.submitted(images.url("/probe.jpg"), side)
    after = post.run(job)
    assert post.stored(job) == ((AT_URL, SENT) if side is Side.REFERENCE else (SENT, AT_URL))
    facts = after.request.reference if side is Side.REFERENCE else after.request.probe
    assert (facts.sha256, facts.width) == (hashlib.sha256(AT_URL).hexdigest(), 64)
    assert (after.status, after.attempts, post.enqueued) == (Status.QUEUED, 0, [job.id])
    assert images.url("/probe.jpg") not in str(post.records.hgetall(f"job:{job.id}")), "a URL may be a secret"
    post.fetching().run(job.id)
    assert post.enqueued == [job.id], "a second message changes nothing"


def test_a_job_that_this_version_cannot_read_fails_instead_of_being_looked_at_for_ever(
    post: Post, images: Served
) -> None:
    job = post.submitted(images.url("/probe.jpg"))
    post.records.hset(f"job:{job.id}", "request", '{"form": "of a later version"}')
    post.fetching().run(job.id)
    record = post.records.hgetall(f"job:{job.id}")
    assert record["status"] == Status.FAILED
    assert json.loads(record["failure"])["code"] == "record_unreadable"
    assert post.jobs.due_erasures() == [job.request.images_key]


@pytest.mark.parametrize(
    ("path", "code", "said"),
    [
        ("/nowhere", "image_not_fetched", "probe: answered 404"),
        ("/elsewhere", "image_not_fetched", "probe: answered 302; redirects are not followed"),
        ("/text", "image_unsupported", "probe: the bytes begin with"),
        ("/large", "image_too_large", "probe: the image has more than the 20000 bytes that are accepted"),
    ],
)
def test_what_will_not_be_an_image_ends_the_job_at_once(
    post: Post, images: Served, path: str, code: str, said: str
) -> None:
    images.answers |= {"/text": b"hello, this is text", "/large": bytes(10**6), "/elsewhere": (302, "/probe.jpg")}
    after = post.run(post.submitted(images.url(path)))
    assert after.status is Status.FAILED
    assert after.failure
    assert after.failure.code == code
    assert said in after.failure.message
    assert [job.id for job in post.ended] == [after.id]
    assert [*post.objects.keys("")] == []
    assert images.paths == [path], "once, and nowhere else"
    assert contents_of(after, issuer="x", version="0")["inputs"]["probe"] is None


def test_what_may_pass_is_left_to_the_reaper_a_few_times(post: Post, images: Served) -> None:
    images.answers["/probe.jpg"] = (503, "")
    job = post.submitted(images.url("/probe.jpg"))
    for tries in range(1, MOST_TRIES):
        waiting = post.run(job)
        assert (waiting.status, waiting.fetches, waiting.attempts) == (Status.QUEUED, tries, 0)
        assert waiting.request.urls
    failed = post.run(job)
    assert failed.failure
    assert (failed.status, failed.failure.message) == (Status.FAILED, "probe: answered 503")
    assert post.enqueued == []


def test_an_image_that_comes_at_the_second_try_is_compared(post: Post, images: Served) -> None:
    images.answers["/probe.jpg"] = (503, "")
    job = post.submitted(images.url("/probe.jpg"))
    post.run(job)
    images.answers["/probe.jpg"] = AT_URL
    post.run(job)
    assert post.stored(job) == (SENT, AT_URL)


@pytest.mark.parametrize("step", ["start", "get", "put_sealed", "fetched", "enqueue"])
@pytest.mark.parametrize("after", [False, True])
def test_a_courier_killed_before_or_after_any_step_leaves_a_job_that_the_next_one_finishes(
    post: Post, images: Served, step: str, after: bool
) -> None:
    job = post.submitted(images.url("/probe.jpg"), Side.REFERENCE)

    class Dying:
        """Whatever it stands before, until one step is asked for."""

        def __init__(self, living: Any) -> None:
            self._living = living

        def __getattr__(self, name: str) -> Any:
            return dying(getattr(self._living, name)) if name == step else getattr(self._living, name)

    def dying(living: Callable[..., Any]) -> Callable[..., Any]:
        def call(*given: Any, **named: Any) -> Any:
            if after:
                living(*given, **named)
            raise KilledError

        return call

    enqueue: Callable[[Job], None] = lambda found: post.enqueued.append(found.id)  # noqa: E731
    killed = post.fetching(
        jobs=Dying(post.jobs) if step != "get" else post.jobs,
        objects=Dying(post.objects) if step != "get" else post.objects,
        source=Dying(post.source),
        enqueue=dying(enqueue) if step == "enqueue" else enqueue,
    )
    with pytest.raises(KilledError):
        killed.run(job.id)
    post.records.delete(f"job-lease:{job.id}")  # it runs out
    if post.jobs.get(job.id).request.urls:
        assert post.records.hget(f"job:{job.id}", "awaits") == "images", "so that the reaper knows"
        post.fetching().run(job.id)
    now = post.jobs.get(job.id)
    assert (now.status, now.request.urls) == (Status.QUEUED, {})
    assert now.request.split(post.objects.get(now.request.images_key)) == (AT_URL, SENT)
    assert post.records.hget(f"job:{job.id}", "images_key") == now.request.images_key, "what erasing goes by"


def test_couriers_that_die_of_it_are_counted(post: Post, images: Served) -> None:
    job = post.submitted(images.url("/probe.jpg"))
    for number in range(3):
        post.jobs.start(job.id, f"courier {number}")
        post.records.delete(f"job-lease:{job.id}")
    failed = post.run(job)
    assert failed.failure
    assert failed.failure.code == "worker_lost"


def test_a_job_cancelled_meanwhile_stays_cancelled_and_nothing_is_left(post: Post, images: Served) -> None:
    job = post.submitted(images.url("/probe.jpg"))

    class Cancelling:
        def get(self, url: str) -> bytes:
            post.jobs.cancel(job.id)
            return AT_URL

    post.fetching(source=Cancelling()).run(job.id)
    assert post.jobs.get(job.id).status is Status.CANCELLED
    assert {*post.objects.keys("")} <= {*post.jobs.due_erasures()}
    assert post.enqueued == []


def test_a_lease_is_kept_while_a_server_takes_its_time(post: Post) -> None:
    job = post.submitted("https://example.com/")

    class Slow:
        def get(self, url: str) -> bytes:
            runs_out_at = post.records.pexpiretime(f"job-lease:{job.id}")

            def renewed() -> None:
                assert post.records.pexpiretime(f"job-lease:{job.id}") > runs_out_at

            eventually(renewed)
            return AT_URL

    post.fetching(source=Slow()).run(job.id)
    assert post.enqueued == [job.id]


def test_a_deployment_that_no_longer_fetches_says_so(post: Post, images: Served) -> None:
    post.settings = post.settings.but(image_urls=False)
    failed = post.run(post.submitted(images.url("/probe.jpg")))
    assert failed.failure
    assert "LIKENESS_IMAGE_URLS is off" in failed.failure.message
    assert images.paths == []


def test_a_job_whose_images_are_to_be_fetched_is_brought_back_to_the_fetcher(post: Post, images: Served) -> None:
    job = post.submitted(images.url("/probe.jpg"))
    courier = post.settings.courier.model_copy(update={"reaper_patience_s": 0.0})
    lost = LostJobs(post.settings.redis, post.settings.jobs, courier)
    told: list[tuple[str, ...]] = []
    reap(lost, lambda task, *args, **_: told.append((task, *args)))
    assert told == [(Tasks.FETCH_IMAGES, job.id)]
    connect(post.settings.redis, BROKER_DATABASE).rpush("images", f'["{job.id}"]')
    assert lost.find() == [], "a message names it"
    connect(post.settings.redis, BROKER_DATABASE).delete("images")
    post.run(job)
    told.clear()
    reap(lost, lambda task, *args, **_: told.append((task, *args)))
    assert told == [(Tasks.COMPARE, job.id)]


def test_while_the_records_are_away_nothing_is_fetched(post: Post, images: Served, redis_server: Servers) -> None:
    job = post.submitted(images.url("/probe.jpg"))
    redis_server.kill("redis")
    with pytest.raises(RecordsUnavailable):
        post.fetching().run(job.id)
    assert images.paths == []
