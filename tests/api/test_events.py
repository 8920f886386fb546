"""`.../events`: every state, to the last; a place among those that wait; and an end where nobody reads any more."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from itertools import islice
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.http.event_stream import State, states
from core.batches.batch import Batch, BatchRequest
from core.comparisons.jobs import Job
from core.errors import RecordNotFound
from core.evaluations.runs import RunRequest
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.quality import QualityRule
from core.settings import Settings
from core.storage.lifecycle import Failure, Status, new_id
from core.vocabulary import Policy, Threshold, Track
from likeness.client import ApiRefused
from tests.support.receivers import job_that_calls_back
from tests.support.servers import Servers
from tests.support.stack import Stack
from tests.support.submitting import photograph

THREADS = 8


@pytest.fixture
def settings(redis_server: Servers) -> Settings:
    return redis_server.settings.but(
        s3_endpoint="http://127.0.0.1:1", s3_access_key="a", s3_secret_key="b", api_threads=THREADS
    )


@pytest.fixture
def client(settings: Settings) -> FlaskClient:
    return create_app(settings).test_client()


def services(client: FlaskClient) -> Any:
    return client.application.extensions["likeness"]


def follow(client: FlaskClient, path: str, last: str | None = None, **headers: str) -> TestResponse:
    return client.get(
        f"{path}/events", headers={**headers, **({"Last-Event-ID": last} if last else {})}, buffered=False
    )


def events(answer: TestResponse) -> Iterator[tuple[str, dict[str, Any]]]:
    """Ids and data, one by one as they come."""
    assert answer.status_code == 200, answer.text
    for text in answer.iter_encoded():
        event = dict(line.split(": ", 1) for line in text.decode().splitlines() if line)
        if "data" in event:
            assert event["event"] == "status"
            yield event["id"], json.loads(event["data"])


def queued(client: FlaskClient, owner: str | None = None) -> Job:
    job = job_that_calls_back(None, owner)
    services(client).jobs.create(job)
    return job


def test_a_job_is_followed_to_its_end_and_each_event_is_the_whole_job(client: FlaskClient) -> None:
    job, jobs = queued(client), services(client).jobs
    answer = follow(client, f"/v1/comparisons/{job.id}")
    assert answer.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    assert (answer.headers["Cache-Control"], answer.headers["X-Accel-Buffering"]) == ("no-store", "no")
    told = events(answer)
    assert next(told)[1]["status"] == "queued"
    started = jobs.start(job.id, "a worker")
    assert next(told)[1]["status"] == "running"
    jobs.fail(started, Failure("engine_error", "it broke"))
    last_id, last = next(told)
    assert last == client.get(f"/v1/comparisons/{job.id}").get_json()
    assert (last["status"], last["error"]["code"]) == ("failed", "engine_error")
    assert [*told] == []
    over = follow(client, f"/v1/comparisons/{job.id}", last_id)
    assert (over.status_code, over.data) == (204, b"")
    assert [data["status"] for _, data in events(follow(client, f"/v1/comparisons/{job.id}", "nonsense"))] == ["failed"]


def test_who_comes_back_is_not_told_again(client: FlaskClient) -> None:
    job, jobs = queued(client), services(client).jobs
    first = follow(client, f"/v1/comparisons/{job.id}")
    seen, _ = next(events(first))
    first.close()
    jobs.start(job.id, "a worker")
    jobs.requeue(job.id, "a worker")
    again = events(follow(client, f"/v1/comparisons/{job.id}", seen))
    seen, now = next(again)
    assert now["status"] == "queued", "another time: something has happened in between"
    jobs.cancel(job.id)
    assert [data["status"] for _, data in again] == ["cancelled"]


def test_batches_and_runs_are_followed_by_their_counts(client: FlaskClient) -> None:
    batches, runs = services(client).batches, services(client).runs
    request = BatchRequest(
        "opencv-zoo", Policy.LARGEST, Threshold(0.3, "a test"), QualityRule.REPORT, "batches/none", 1, 2, 1, {}
    )
    batch = Batch(new_id("bat"), Status.QUEUED, 1, 0.0, request)
    batches.create(batch, [])
    told = events(follow(client, f"/v1/batches/{batch.id}"))
    assert next(told)[1]["status"] == "queued"
    batches.succeed(batches.start(batch.id))
    assert [data["status"] for _, data in told] == ["succeeded"]

    run_id = new_id("run")
    runs.create(run_id, RunRequest("lfw", "d" * 64, Track.RAW, "opencv-zoo", False, Policy.LARGEST, 640, 4, 2, 1))
    told = events(follow(client, f"/v1/evaluations/{run_id}"))
    assert next(told)[1]["images_done"] == 0
    runs.start(run_id)
    runs.advance(run_id, 0, 3, whole=False)
    running = next(told)[1]
    assert (running["status"], running["images_done"]) == ("running", 3)
    runs.advance(run_id, 0, 4, whole=True)
    assert next(told)[1]["images_done"] == 4
    runs.cancel(run_id)
    assert next(told)[1] == client.get(f"/v1/evaluations/{run_id}").get_json()


def test_a_stream_has_a_place_among_those_that_wait_until_it_is_over(client: FlaskClient) -> None:
    job = queued(client)
    path, most = f"/v1/comparisons/{job.id}", THREADS * 3 // 4
    streams = [follow(client, path) for _ in range(most)]
    refused = follow(client, path)
    assert (refused.status_code, refused.get_json()["code"]) == (503, "no_place_to_wait")
    assert refused.headers["Retry-After"] == "5"
    streams.pop().close()  # before a byte of it was read
    streams.append(follow(client, path))
    next(events(streams[-1]))
    assert follow(client, path).status_code == 503
    services(client).jobs.cancel(job.id)
    for stream in streams:
        assert [*events(stream)][-1][1]["status"] == "cancelled"
        stream.close()
    with ExitStack() as all_of_them:
        for _ in range(most):
            all_of_them.enter_context(services(client).waiters.place(None))


def test_another_keys_job_is_none(settings: Settings) -> None:
    keys = KeyStore(settings.redis)
    (ada, adas), (_, bobs) = (keys.create(name, [Scope.READ]) for name in "ab")
    client = create_app(settings.but(auth="on")).test_client()
    job = queued(client, ada.owner)
    path = f"/v1/comparisons/{job.id}"
    assert follow(client, path, Authorization=f"Bearer {bobs}").get_json()["code"] == "job_not_found"
    assert follow(client, path).status_code == 401
    hers = follow(client, path, Authorization=f"Bearer {adas}")
    assert next(events(hers))[1]["owner"] == ada.owner
    hers.close()


def test_what_is_erased_or_away_ends_the_stream(client: FlaskClient, redis_server: Servers) -> None:
    erased, job = queued(client), queued(client)
    told = events(follow(client, f"/v1/comparisons/{erased.id}"))
    next(told)
    services(client).jobs.erase(erased.id)
    assert [*told] == []
    told = events(follow(client, f"/v1/comparisons/{job.id}"))
    next(told)
    redis_server.kill("redis")
    assert [*told] == []


def test_while_nothing_happens_there_are_comments_and_after_a_while_an_end() -> None:
    state = State("1", {"status": "queued"}, is_last=False)
    waits: list[float] = []
    beating = states(state, lambda: state, waits.append, told="1", heartbeat_s=0.0)
    assert [*islice(beating, 4)] == ["retry: 1000\n\n", *3 * [": nothing new\n\n"]]
    assert [*states(state, lambda: state, waits.append, told=None, longest_s=0.0)] == ["retry: 1000\n\n", state.text]

    def gone() -> State:
        raise RecordNotFound

    assert [*states(state, gone, waits.append, told="1")] == ["retry: 1000\n\n"]
    assert [*states(replace(state, is_last=True), gone, waits.append, told="1")] == ["retry: 1000\n\n"]


def test_the_client_follows_through_gunicorn_while_it_happens(stack: Stack) -> None:
    with stack.client() as client:
        job = client.submit(photograph(), photograph())
        told = [*client.events(job.id)]
        assert [one.status for one in told] == sorted({one.status for one in told}, key="queued running succeeded".find)
        assert told[-1].document == client.get(job.id).document
        assert [one.status for one in client.events(job.id)] == ["succeeded"]
        with pytest.raises(ApiRefused, match="no job has the id"):
            next(client.events("cmp_0"))
        client.erase(job.id)
