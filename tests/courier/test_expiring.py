"""`expires_in`: what nobody has begun in time is cancelled, with no worker there; what was begun goes on."""

import base64
import io
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from threading import Thread
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from core.comparisons.store import JobStore
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.messaging.broker import Tasks
from core.settings import Settings
from core.storage.connection import connect
from core.storage.deadlines import AGAIN_S, MOST_S, Deadlines
from core.storage.lifecycle import Status
from core.storage.objects import ObjectStore
from core.storage.records import DELIVERIES_DUE
from core.webhooks.signing import new_secret
from courier.expiring import expiring_of
from courier.tasks import schedule
from tests.support.keyed import nobody
from tests.support.receivers import job_that_calls_back
from tests.support.stack import eventually
from tests.support.submitting import photograph

URL = "https://receiver.example/events"


@pytest.fixture
def settings(stores: Settings) -> Settings:
    return stores.but(webhook_secrets=new_secret())


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    with create_app(settings).test_client() as client:
        yield client


def form(**fields: str) -> dict[str, Any]:
    files = {name: (io.BytesIO(body), filename) for name, (filename, body) in nobody().items()}
    return {**files, **fields}


def submitted(client: FlaskClient, path: str = "/v1/comparisons", **fields: str) -> dict[str, Any]:
    answer = client.post(path, data=form(**fields))
    assert answer.status_code == 202, answer.text
    body: dict[str, Any] = answer.get_json()
    return body


def expired(settings: Settings) -> tuple[list[tuple[str, ...]], int]:
    """What was enqueued by a look for late ones, and how many there were."""
    sent: list[tuple[str, ...]] = []
    objects = ObjectStore(settings.objects)
    return sent, sum(one.run(lambda *args, **_: sent.append(args)) for one in expiring_of(settings, objects))


@pytest.mark.parametrize("path", ["/v1/comparisons", "/v1/batches"])
def test_what_waits_still_is_cancelled_its_photographs_erased_and_its_end_announced(
    client: FlaskClient, settings: Settings, path: str
) -> None:
    patient = submitted(client, path)
    asked = submitted(client, path, expires_in="600", callback_url=URL)
    assert patient["expires_at"] is None
    assert asked["created_at"] < asked["expires_at"]
    assert expired(settings) == ([], 0), "not before its time"
    redis, deadlines = connect(settings.redis), "batch-deadlines" if "batches" in path else "job-deadlines"
    due_at = datetime.fromisoformat(asked["expires_at"]).timestamp()
    assert redis.zrange(deadlines, 0, -1, withscores=True) == [(asked["id"], pytest.approx(due_at, abs=1))]
    redis.zadd(deadlines, {asked["id"]: time.time()})  # as if it were over
    sent, count = expired(settings)
    assert count == 1
    found = client.get(f"{path}/{asked['id']}").get_json()
    assert (found["status"], found["error"]["code"]) == ("cancelled", "expired")
    assert "within the 600 s that it was given (expires_in)" in found["error"]["message"]
    assert found["started_at"] is None
    assert sent == [(Tasks.DELIVER, asked["event_id"])]
    body = redis.hget(f"delivery:{asked['event_id']}", "body")
    assert '"type":"comparison.cancelled"' in body or '"type":"batch.cancelled"' in body
    assert '"code":"expired"' in body
    assert redis.zscore(DELIVERIES_DUE, asked["event_id"])
    assert len([*ObjectStore(settings.objects).keys("")]) == 1, "those of the patient one"
    assert client.get(f"{path}/{patient['id']}").get_json()["status"] == "queued"
    assert expired(settings) == ([], 0), "once"


def late(jobs: JobStore) -> Any:
    job = job_that_calls_back(None)
    job = replace(job, request=replace(job.request, expires_at=time.time() - 1))
    jobs.create(job)
    return job


def test_what_was_begun_in_time_goes_on_and_put_back_in_line_it_is_late(settings: Settings) -> None:
    jobs, deadlines = JobStore.of(settings), Deadlines(settings.redis, "job")
    job = late(jobs)
    jobs.start(job.id, "a worker")
    assert expired(settings) == ([], 0)
    assert jobs.get(job.id).status is Status.RUNNING
    looks_at = connect(settings.redis).zscore("job-deadlines", job.id)
    assert 0 < looks_at - time.time() <= AGAIN_S, "it is looked at again later"
    jobs.requeue(job.id, "a worker")
    assert deadlines.late() == []
    connect(settings.redis).zadd("job-deadlines", {job.id: time.time()})
    assert deadlines.late() == [job.id]
    assert expired(settings)[1] == 1
    assert jobs.get(job.id).status is Status.CANCELLED


def test_nothing_is_kept_of_a_deadline_once_its_job_has_ended_or_is_erased(settings: Settings) -> None:
    jobs, redis = JobStore.of(settings), connect(settings.redis)
    ended, erased = late(jobs), late(jobs)
    assert redis.zcard("job-deadlines") == 2
    jobs.cancel(ended.id)
    jobs.erase(erased.id)
    assert redis.exists("job-deadlines") == 0
    redis.zadd("job-deadlines", {erased.id: 1})
    assert expired(settings) == ([], 0)
    assert redis.exists("job-deadlines") == 0, "one that was left behind is struck off"


def test_a_record_that_cannot_be_read_is_left_to_who_starts_it(settings: Settings) -> None:
    jobs, redis = JobStore.of(settings), connect(settings.redis)
    job, other = late(jobs), late(jobs)
    redis.hset(f"job:{job.id}", "request", "{}")
    assert expired(settings)[1] == 1
    assert jobs.get(other.id).status is Status.CANCELLED
    assert redis.hget(f"job:{job.id}", "status") == "queued"


def test_a_time_that_cannot_be_is_refused(client: FlaskClient) -> None:
    wrong = {"soon": "expires_in_invalid"}
    wrong |= dict.fromkeys(("0", "0.5", "-1", "nan", "inf", "1e9"), "expires_in_out_of_range")
    for path in ("/v1/comparisons", "/v1/batches", "/compare"):
        for given, code in wrong.items():
            answer = client.post(path, data=form(expires_in=given))
            assert (answer.status_code, answer.get_json()["code"]) == (422, code), (path, given)
            assert "expires_in" in answer.get_json()["detail"]


def test_it_may_be_a_number_in_json_and_the_longest_is_a_week(client: FlaskClient) -> None:
    image = base64.b64encode(photograph()).decode()
    answer = client.post("/v1/comparisons", json={"reference": image, "probe": image, "expires_in": MOST_S})
    assert answer.status_code == 202
    assert answer.get_json()["expires_at"]


def test_compare_says_that_it_was_too_late(settings: Settings) -> None:
    """To somebody who waits for the answer, while nobody works."""
    client = create_app(settings.but(max_wait_s=30)).test_client()
    answers: list[Any] = []
    waits = Thread(target=lambda: answers.append(client.post("/compare", data=form(expires_in="1"))))
    waits.start()

    def cancelled() -> None:
        assert expired(settings)[1] == 1

    eventually(cancelled)
    waits.join(60)
    assert (answers[0].status_code, answers[0].get_json()["code"]) == (504, "expired")


def test_beat_has_it_looked_for_every_two_seconds(settings: Settings) -> None:
    (entry,) = [entry for entry in schedule(settings.courier).values() if entry["task"] == Tasks.EXPIRE]
    assert entry["schedule"] == 2.0


def test_a_key_has_its_place_in_the_queue_back(settings: Settings) -> None:
    key, token = KeyStore(settings.redis).create("ada", [Scope.SUBMIT, Scope.READ])
    jobs = JobStore.of(settings)
    with create_app(settings.but(auth="on")).test_client() as client:
        headers = {"Authorization": f"Bearer {token}"}
        assert client.post("/v1/comparisons", data=form(expires_in="1"), headers=headers).status_code == 202
    assert jobs.waiting(key.owner).of_owner == 1

    def free() -> None:
        expired(settings)
        assert jobs.waiting(key.owner).of_owner == 0

    eventually(free)
