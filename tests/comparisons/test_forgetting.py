"""What opens a job's images is forgotten in the step that makes them due, whatever becomes of the object."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from core.comparisons.document import event_data, job_document
from core.comparisons.jobs import Job, new_images_key
from core.comparisons.opening import open_images
from core.comparisons.receipts import contents_of
from core.comparisons.sealing import SealKey
from core.comparisons.store import JobStore
from core.errors import ImagesErased
from core.storage.connection import connect
from core.storage.lifecycle import Failure
from core.storage.memory import MemoryObjects
from tests.support.receivers import job_that_calls_back
from tests.support.servers import Servers
from tests.support.stack import eventually

BROKE = Failure("a_test", "a test")
ENDINGS: dict[str, Callable[[JobStore, Job], object]] = {
    "failed": lambda jobs, job: jobs.fail(job, BROKE),
    "cancelled": lambda jobs, job: jobs.cancel(job.id),
    "erased": lambda jobs, job: jobs.erase(job.id),
}


@pytest.fixture
def client(redis_server: Servers) -> Any:
    return connect(redis_server.settings.redis)


def sealed() -> tuple[Job, str]:
    """A job with images of its own, and its key as a record has it."""
    job, key = job_that_calls_back("https://receiver.example/events", "ada"), SealKey.new()
    return replace(job, request=replace(job.request, images_key=new_images_key()), seal_key=key), key.text


def where(client: Any, text: str) -> list[str]:
    """The keys of the server under which the text lies, in whatever form."""
    values = {
        "string": client.get,
        "hash": client.hgetall,
        "zset": lambda key: client.zrange(key, 0, -1),
        "none": lambda key: "",  # it was forgotten just now
    }
    return [key for key in client.scan_iter(count=1000) if text in str(values[client.type(key)](key))]


@pytest.mark.parametrize("how", ENDINGS)
def test_a_key_lies_in_its_jobs_record_alone_and_is_gone_with_the_ending(
    redis_server: Servers, client: Any, how: str
) -> None:
    jobs = JobStore.of(redis_server.settings)
    job, key = sealed()
    jobs.create(job)
    assert where(client, key) == [f"job:{job.id}"]
    jobs.start(job.id, "engine@test")
    assert jobs.requeue(job.id, "engine@test").seal_key == job.seal_key, "who comes next needs it"
    ENDINGS[how](jobs, jobs.start(job.id, "engine@test"))
    assert where(client, key) == []
    assert jobs.due_erasures() == [job.request.images_key]


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_where_images_stay_for_a_time_their_key_stays_for_as_long(redis_server: Servers, client: Any, how: str) -> None:
    jobs = JobStore.of(redis_server.settings.but(image_retention_s=60))
    job, key = sealed()
    jobs.create(job)
    ENDINGS[how](jobs, job)
    place = f"seal:{job.request.images_key}"
    assert where(client, key) == [place]
    due = client.zscore("erasures", job.request.images_key)
    assert abs(client.pexpiretime(place) / 1000 - due) < 0.01, "the server forgets it when the object is due"
    assert abs(due - time.time() - 60) < 10
    assert jobs.kept_seal_key(job) == job.seal_key
    jobs.erase(job.id)
    assert where(client, key) == []
    assert jobs.kept_seal_key(job) is None


def test_the_server_itself_forgets_the_key_of_images_that_are_due(redis_server: Servers, client: Any) -> None:
    jobs = JobStore.of(redis_server.settings.but(image_retention_s=1))
    job, key = sealed()
    jobs.create(job)
    jobs.cancel(job.id)
    assert where(client, key)

    def forgotten() -> None:
        assert where(client, key) == []

    eventually(forgotten)
    assert jobs.due_erasures() == [job.request.images_key], "though nobody has erased the object yet"


def test_no_answer_event_receipt_or_log_shows_a_key() -> None:
    job, key = sealed()
    shown = [job_document(job), event_data(job), contents_of(job, issuer="a test", version="1"), job, [job]]
    for text in (f"{what}{what!r}" for what in shown):
        assert key not in text
        assert repr(job.seal_key.secret if job.seal_key else b"")[2:-1] not in text


def test_kept_images_open_until_their_key_is_forgotten_and_not_as_something_else_after_it(
    redis_server: Servers, client: Any
) -> None:
    jobs, objects = JobStore.of(redis_server.settings.but(image_retention_s=60)), MemoryObjects()
    (job, _), (plain, _) = sealed(), sealed()
    assert job.seal_key
    bodies = b"r" * job.request.reference.size_bytes, b"p" * job.request.probe.size_bytes
    objects.put(job.request.images_key, job.seal_key.seal(*bodies, name=job.id))
    objects.put(plain.request.images_key, b"".join(bodies))
    for each in (job, replace(plain, seal_key=None)):
        jobs.create(each)
        assert open_images(jobs, objects, each.id)[1] == bodies
        jobs.cancel(each.id)
        assert open_images(jobs, objects, each.id)[1] == bodies, "0.1.0 did not seal them"
    client.delete(f"seal:{job.request.images_key}")
    with pytest.raises(ImagesErased):
        open_images(jobs, objects, job.id)
    objects.delete([plain.request.images_key])
    with pytest.raises(ImagesErased):
        open_images(jobs, objects, plain.id)
