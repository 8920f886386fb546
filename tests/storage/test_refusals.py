"""Whatever the server answers has our name; what was refused was not done, and what was not answered may have been."""

from typing import Any

import pytest
import redis as driver
from redis.backoff import NoBackoff

from core.comparisons.jobs import Job
from core.comparisons.store import JobStore
from core.comparisons.submission import Accepted
from core.comparisons.submitting import Submitting
from core.errors import BrokerUnavailable, RecordsUnavailable
from core.messaging.broker import BROKER_DATABASE, Tasks, celery_app, enqueue
from core.messaging.place import Place
from core.storage.connection import TellingRetry, connect, translated
from core.storage.idempotency import Claim, Claims, Known
from core.storage.lifecycle import Status
from core.storage.memory import MemoryObjects
from core.storage.messages import Message
from core.storage.records import Records
from tests.support.faults import REFUSALS, Fault, full
from tests.support.receivers import job_that_calls_back
from tests.support.servers import Servers


def message(job: Job, place: Place) -> Message:
    return Message(place.queue, job.id)


refused_by = pytest.mark.parametrize(("word", "fault"), REFUSALS.items())


@refused_by
def test_what_the_server_refuses_is_unavailable_and_said_in_its_words(
    redis_server: Servers, client: Any, records: Records, word: str, fault: Fault
) -> None:
    with fault(client, redis_server.home), pytest.raises(RecordsUnavailable) as refused:
        records.create("t_1", {"created_at": 0})
    assert str(refused.value).startswith(f"the server of the records did not do it: {word} ")
    assert refused.value.is_refusal
    assert refused.value.retryable
    assert client.keys("*") == []
    records.create("t_1", {"created_at": 0})


@refused_by
def test_a_message_that_the_broker_refuses_is_not_taken(
    redis_server: Servers, client: Any, word: str, fault: Fault
) -> None:
    app = celery_app("test", redis_server.settings)
    enqueue(app, Tasks.CANARY)
    broker = connect(redis_server.settings.redis, BROKER_DATABASE)
    before = broker.dbsize()
    with fault(client, redis_server.home), pytest.raises(BrokerUnavailable):
        enqueue(app, Tasks.CANARY)
    assert broker.dbsize() == before
    enqueue(app, Tasks.CANARY)


def test_a_refusal_within_a_pipeline_does_not_show_the_command(redis_server: Servers, client: Any) -> None:
    with full(client, redis_server.home), pytest.raises(RecordsUnavailable) as refused, translated():
        client.pipeline(transaction=False).set("a-key", "a secret").execute()
    assert "secret" not in str(refused.value)
    assert "did not do it: OOM command not allowed" in str(refused.value)


@refused_by
def test_a_submission_that_is_refused_leaves_nothing(
    redis_server: Servers, client: Any, word: str, fault: Fault
) -> None:
    objects = MemoryObjects()
    submitting = Submitting(JobStore.of(redis_server.settings), objects, compose=message)
    job = job_that_calls_back("https://receiver.example/", "ada")
    with fault(client, redis_server.home), pytest.raises(RecordsUnavailable):
        submitting.submit(Accepted(job, b"images"), place=Place("lane"))
    assert [*objects.keys("")] == []
    assert client.keys("*") == []


def test_a_full_server_still_undoes_and_erases(redis_server: Servers, client: Any) -> None:
    """A submission that found no room leaves nothing, and erasing makes room."""
    jobs, objects = JobStore.of(redis_server.settings), MemoryObjects()
    kept, refused = (job_that_calls_back("https://receiver.example/", "ada") for _ in range(2))
    jobs.create(kept)
    client.config_set("maxmemory", 1)
    submitting = Submitting(jobs, objects, compose=message)
    with pytest.raises(RecordsUnavailable):
        submitting.submit(Accepted(refused, b"images"), place=Place("lane"))
    assert [*objects.keys("")] == []
    jobs.erase(kept.id)
    assert jobs.due_erasures() == [kept.request.images_key]
    jobs.withdraw("cmp_unanswered")
    assert client.exists("job-withdrawn:cmp_unanswered")
    assert jobs.page(limit=10).jobs == ()


def test_a_refusal_after_a_try_without_an_answer_proves_nothing() -> None:
    answers = iter([driver.ConnectionError("reset"), driver.exceptions.ReadOnlyError("You can't write")])

    def ask() -> None:
        raise next(answers)

    def refused(retries: int) -> bool:
        with pytest.raises(RecordsUnavailable) as error, translated():
            TellingRetry(NoBackoff(), retries, (driver.ConnectionError,)).call_with_retry(ask, lambda error: None)
        return error.value.is_refusal

    assert not refused(retries=2)
    answers = iter([driver.exceptions.ReadOnlyError("You can't write")])
    assert refused(retries=2)


def test_a_creation_that_arrives_after_its_undoing_comes_to_nothing(client: Any, records: Records) -> None:
    """A stalled server does what its closed connections have asked, in any order."""
    records.withdraw("t_1")
    records.create("t_1", {"created_at": 0})
    assert records.ids(*Status) == []
    assert 0 < client.ttl("probe-withdrawn:t_1") <= 3600


def test_a_claim_stays_with_the_record_that_could_not_be_undone(
    redis_server: Servers, client: Any, records: Records
) -> None:
    claims = Claims(redis_server.settings.redis, redis_server.settings.jobs)
    claim = claims.claim("ada", "order-42", "the request")
    assert isinstance(claim, Claim)
    records.create("t_1", {"created_at": 0}, claim=claim)
    claims.release(claim)
    known = claims.claim("ada", "order-42", "the request")
    assert known == Known("t_1"), "the same request is told of the job that will run"
    assert not records.withdraw("t_1", claim), "and it is not undone under who was told of it"
    assert records.get("t_1")["status"] == Status.QUEUED


def test_a_claim_is_free_when_its_record_is_withdrawn(redis_server: Servers, records: Records) -> None:
    claims = Claims(redis_server.settings.redis, redis_server.settings.jobs)
    claim = claims.claim("ada", "order-42", "the request")
    assert isinstance(claim, Claim)
    records.create("t_1", {"created_at": 0}, claim=claim)
    assert records.withdraw("t_1", claim)
    claims.release(claim)
    assert isinstance(claims.claim("ada", "order-42", "the request"), Claim)
