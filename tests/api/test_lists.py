"""Lists that are filtered: what is wanted, page by page, of one's own, and never a look at everything."""

import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from core.batches.batch import Batch, BatchRequest
from core.batches.store import BatchStore
from core.comparisons.store import JobStore
from core.evaluations.runs import RunRequest
from core.evaluations.store import RunStore
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.quality import QualityRule
from core.storage.connection import connect
from core.storage.lifecycle import Status, new_id
from core.storage.search import LOOKED_AT
from core.times import rfc3339
from core.vocabulary import (
    Compared,
    EngineFacts,
    FailureToAcquire,
    NotAcquired,
    PackIdentity,
    Policy,
    Reason,
    Result,
    Side,
    Threshold,
    Track,
)
from tests.support.receivers import job_that_calls_back
from tests.support.servers import Servers

ENGINE = EngineFacts(PackIdentity("opencv-zoo", "d" * 64), "CPUExecutionProvider", 640, 0.6, 32)
MATCH, NON_MATCH = Compared(0.9), Compared(0.1)
NO_FACE = NotAcquired((FailureToAcquire(Side.PROBE, Reason.NO_FACE, "no face"),))


@pytest.fixture
def client(redis_server: Servers) -> Iterator[FlaskClient]:
    settings = redis_server.settings.but(s3_endpoint="http://127.0.0.1:1", s3_access_key="a", s3_secret_key="b")
    with create_app(settings).test_client() as client:
        yield client


@pytest.fixture
def jobs(redis_server: Servers) -> JobStore:
    return JobStore.of(redis_server.settings)


def made(
    jobs: JobStore,
    outcome: Compared | NotAcquired | None = None,
    *,
    owner: str | None = None,
    at: float | None = None,
    **request: Any,
) -> str:
    """The id of a job that ended so, or is queued, and was created then."""
    plain = job_that_calls_back(None, owner)
    created_at = at or time.time()
    job = replace(
        plain,
        id=f"cmp_{int(created_at * 1000):012x}{plain.id[-20:]}",
        created_at=created_at,
        request=replace(plain.request, **request),
    )
    jobs.create(job)
    if outcome:
        decision = outcome.decide(0.5) if isinstance(outcome, Compared) else None
        jobs.start(job.id, "a worker")
        jobs.succeed(job, Result(outcome, decision, Threshold(0.5, "a test"), Policy.LARGEST, ENGINE, {}, {}))
    return job.id


def listed(client: FlaskClient, path: str, **query: object) -> tuple[list[str], int]:
    """The ids on all pages, and how many pages there were."""
    ids: list[str] = []
    asked: dict[str, Any] = {name.replace("__", "."): value for name, value in query.items()}
    for pages in range(1, 100):
        answer = client.get(path, query_string=asked)
        assert answer.status_code == 200, answer.text
        body = answer.get_json()
        cursor, (records,) = body.pop("next_cursor"), body.values()
        ids += [record["id"] for record in records]
        assert ("Link" in answer.headers) == (cursor is not None)
        if cursor is None:
            return ids, pages
        asked["cursor"] = cursor
    raise AssertionError("there is no end to the pages")


def test_jobs_are_found_by_what_became_of_them_and_by_what_was_asked(client: FlaskClient, jobs: JobStore) -> None:
    queued = made(jobs)
    match = made(jobs, MATCH)
    other_pack = made(jobs, NON_MATCH, pack="buffalo_l")
    faceless = made(jobs, NO_FACE, metadata={"case": "43", "a.b": "c=d"})
    everything = [faceless, other_pack, match, queued]
    for query, wanted in (
        ({}, everything),
        ({"decision": "match"}, [match]),
        ({"decision": "non_match"}, [other_pack]),
        ({"outcome": "compared"}, [other_pack, match]),
        ({"outcome": "not_acquired"}, [faceless]),
        ({"reason": "no_face"}, [faceless]),
        ({"reason": "face_too_small"}, []),
        ({"pack": "buffalo_l"}, [other_pack]),
        ({"pack": "nothing"}, []),
        ({"metadata__case": "42"}, [other_pack, match, queued]),
        ({"metadata__case": "43", "metadata__a.b": "c=d"}, [faceless]),
        ({"metadata__case": "43", "metadata__none": ""}, []),
        ({"metadata__case": "42", "outcome": "compared", "pack": "opencv-zoo"}, [match]),
        ({"status": "queued", "metadata__case": "42"}, [queued]),
        ({"status": "succeeded", "decision": "match"}, [match]),
        ({"status": "queued", "decision": "match"}, []),
    ):
        for limit in (1, 2, 100):
            assert listed(client, "/v1/comparisons", limit=limit, **query)[0] == wanted, (query, limit)


def test_jobs_are_found_by_when_they_were_created_to_the_millisecond(client: FlaskClient, jobs: JobStore) -> None:
    now = int(time.time())
    old, middle, new = (made(jobs, at=now + seconds) for seconds in (-7200.0, -3600.25, -1.0))

    def found(**query: object) -> list[str]:
        return listed(client, "/v1/comparisons", limit=1, **query)[0]

    assert found(created_after=rfc3339(now - 4000)) == [new, middle]
    assert found(created_after=rfc3339(now - 3600.25)) == [new, middle], "what was created then is taken"
    assert found(created_before=rfc3339(now - 3600.25)) == [old], "and is not, where it is the end"
    assert found(created_after=rfc3339(now - 7200), created_before=rfc3339(now - 3600)) == [middle, old]
    assert found(created_after=rfc3339(now - 10), created_before=rfc3339(now - 3600)) == []
    assert found(created_before="1960-01-01T00:00:00Z") == []
    assert found(created_after="9999-12-31T23:59:59Z") == []
    assert found(created_after="2026-01-01T00:00:00+01:00", status="queued") == [new, middle, old]


def test_a_record_that_says_that_it_was_made_after_its_id_is_found_by_what_it_says(
    client: FlaskClient, jobs: JobStore
) -> None:
    job = job_that_calls_back(None)
    jobs.create(replace(job, created_at=job.created_at + 5))
    assert listed(client, "/v1/comparisons", created_after=rfc3339(job.created_at + 4))[0] == [job.id]


def test_a_page_looks_at_so_many_jobs_and_goes_on_from_there(client: FlaskClient, jobs: JobStore) -> None:
    """As many records as that are made in one go: only the two that are looked for are whole jobs."""
    now = time.time()
    first, last = made(jobs, MATCH, at=now - 100), made(jobs, MATCH, at=now)
    pattern = connect_to(client).hgetall(f"job:{first}")
    pipeline = connect_to(client).pipeline(transaction=False)
    for number in range(2 * LOOKED_AT):
        between = f"cmp_{int(1000 * (now - 90)) + number:012x}{number:020x}"
        pipeline.hset(f"job:{between}", mapping={**pattern, "created_at": now - 90})
        pipeline.zadd("jobs:status:succeeded", {between: 0})
        pipeline.zadd("jobs:all", {between: 0})
    pipeline.execute()
    client.get("/v1/comparisons")
    ids, pages = listed(client, "/v1/comparisons", created_after=rfc3339(now - 200), metadata__case="none")
    assert (ids, pages) == ([], 2)
    began = time.monotonic()
    answer = client.get("/v1/comparisons", query_string={"reason": "no_face"}).get_json()
    assert time.monotonic() - began < 5
    assert answer["jobs"] == []
    assert answer["next_cursor"]
    assert listed(client, "/v1/comparisons", created_before=rfc3339(now - 95), decision="match") == ([first], 1)
    assert listed(client, "/v1/comparisons", created_after=rfc3339(now - 50)) == ([last], 1), "time is looked up"


def connect_to(client: FlaskClient) -> Any:
    return connect(client.application.extensions["likeness"].settings.redis)


def test_what_is_asked_for_wrongly_is_refused_by_name(client: FlaskClient) -> None:
    for query, code in (
        ("decision=maybe", "decision_unknown"),
        ("outcome=failed", "outcome_unknown"),
        ("reason=none", "reason_unknown"),
        ("created_after=yesterday", "time_invalid"),
        ("created_before=", "time_invalid"),
        ("metadata=42", "parameter_unknown"),
        ("metadata.case=1&metadata.case=2", "parameter_twice"),
        ("meta.case=1", "parameter_unknown"),
    ):
        answer = client.get(f"/v1/comparisons?{query}")
        assert (answer.status_code, answer.get_json()["code"]) == (422, code), query
    assert "metadata.<name>" in client.get("/v1/comparisons?a=1").get_json()["detail"]
    assert client.get("/v1/evaluations?metadata.case=1").get_json()["code"] == "parameter_unknown"


def test_a_key_finds_its_own(redis_server: Servers, jobs: JobStore) -> None:
    settings = redis_server.settings.but(
        auth="on", s3_endpoint="http://127.0.0.1:1", s3_access_key="a", s3_secret_key="b"
    )
    keys = KeyStore(settings.redis)
    (ada, adas), (_, bobs) = (keys.create(name, [Scope.READ]) for name in "ab")
    _, admins = keys.create("root", [Scope.ADMIN])
    made(jobs, MATCH)
    hers = made(jobs, MATCH, owner=ada.owner)
    with create_app(settings).test_client() as client:
        for token, count in ((adas, 1), (bobs, 0), (admins, 2)):
            answer = client.get(
                "/v1/comparisons?decision=match&metadata.case=42", headers={"Authorization": f"Bearer {token}"}
            ).get_json()
            assert len(answer["jobs"]) == count
            assert token is not adas or answer["jobs"][0]["id"] == hers


def test_the_link_to_the_next_page_has_the_filters(client: FlaskClient, jobs: JobStore) -> None:
    older, newer = made(jobs, MATCH, at=time.time() - 1), made(jobs, MATCH)
    first = client.get("/v1/comparisons?limit=1&decision=match&metadata.case=42")
    assert [job["id"] for job in first.get_json()["jobs"]] == [newer]
    link = first.headers["Link"].partition(">")[0].removeprefix("<")
    assert [job["id"] for job in client.get(link).get_json()["jobs"]] == [older]


def test_batches_and_runs_are_found_by_what_fits_them(client: FlaskClient, redis_server: Servers) -> None:
    batches, runs = BatchStore.of(redis_server.settings), RunStore(redis_server.settings.redis)
    ids = []
    for pack, case in (("opencv-zoo", "1"), ("buffalo_l", "2")):
        request = BatchRequest(
            pack, Policy.LARGEST, Threshold(0.3, "a test"), QualityRule.REPORT, "batches/none", 1, 2, 1, {"case": case}
        )
        batch = Batch(new_id("bat"), Status.QUEUED, 1, time.time(), request)
        batches.create(batch, [])
        run = RunRequest(f"set-{case}", "d" * 64, Track.RAW, pack, False, Policy.LARGEST, 640, 1, 1, 1)
        runs.create(run_id := new_id("run"), run)
        ids.append((batch.id, run_id))
    (first_batch, first_run), (second_batch, second_run) = ids
    assert listed(client, "/v1/batches", limit=1) == ([second_batch, first_batch], 2)
    assert listed(client, "/v1/batches", metadata__case="1")[0] == [first_batch]
    assert listed(client, "/v1/batches", pack="buffalo_l", status="queued")[0] == [second_batch]
    assert listed(client, "/v1/batches", pack="buffalo_l", status="running")[0] == []
    assert listed(client, "/v1/batches", created_before=rfc3339(time.time() - 60))[0] == []
    assert listed(client, "/v1/evaluations", limit=1)[0] == [second_run, first_run]
    assert listed(client, "/v1/evaluations", dataset="set-1")[0] == [first_run]
    assert listed(client, "/v1/evaluations", pack="buffalo_l", created_after=rfc3339(time.time() - 60))[0] == [
        second_run
    ]
