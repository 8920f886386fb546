"""The use case of a worker through its constructor: one job, real servers, an engine that does what the test says."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from core.errors import EngineUnavailable, RecordUnreadable, StoreUnavailable
from core.evaluations.calibrations import Calibration, CalibrationStore
from core.evaluations.run_scores import RunScores
from core.evaluations.scoring import pipeline_of
from core.settings import Settings
from core.settings.groups import ObjectSettings
from core.standing import Standing, Tally
from core.storage.connection import connect
from core.storage.lifecycle import Status, new_id
from core.storage.objects import ObjectStore
from core.storage.records import Records
from core.vocabulary import Decision, Policy
from tests.support.comparing import LEASE_S, MAX_ATTEMPTS, PROBE, REFERENCE, Bench, ScriptedEngine, code_of
from tests.support.stack import eventually
from worker.eraser import Eraser
from worker.sleeping import SleepingEngine


@pytest.fixture
def settings(stores: Settings) -> Settings:
    return stores.but(sleep_ms=1)


@pytest.fixture
def away(settings: Settings) -> ObjectStore:
    """An object store where nobody answers."""
    return ObjectStore(settings.but(s3_endpoint="http://127.0.0.1:1").objects)


@pytest.fixture
def engine(settings: Settings) -> ScriptedEngine:
    return ScriptedEngine(SleepingEngine("opencv-zoo", settings.engine))


@pytest.fixture
def bench(settings: Settings, engine: ScriptedEngine) -> Bench:
    return Bench(settings, engine)


def test_a_queued_job_runs_to_its_result(bench: Bench) -> None:
    job = bench.submitted()
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    assert (ended.status, ended.attempts) == (Status.SUCCEEDED, 1)
    assert ended.result
    assert ended.score is not None
    assert ended.result.engine == bench.engine.facts
    assert ended.result.decision is (Decision.MATCH if ended.score >= 0 else Decision.NON_MATCH)
    assert ended.result.timings_ms.keys() == {"store", "queue", "fetch", "total"}
    assert str(ended.holder).startswith("engine@test ")
    assert bench.engine.compared == [(REFERENCE, PROBE)]


def test_a_job_that_was_to_be_begun_before_is_not_compared(bench: Bench) -> None:
    job = bench.submitted(expires_at=time.time() - 0.1)
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    assert (ended.status, code_of(ended)) == (Status.CANCELLED, "expired")
    assert bench.engine.compared == []


def test_a_job_that_was_begun_in_time_is_compared_by_the_next_worker_after_it(bench: Bench) -> None:
    job = bench.submitted(expires_at=time.time() + 1)
    bench.dies_with(job)

    def is_late() -> None:
        assert time.time() > (job.request.expires_at or 0)

    eventually(is_late)
    bench.comparisons().run(job.id)
    assert bench.ends(job).status is Status.SUCCEEDED


def test_where_the_score_lies_is_recorded_as_the_calibration_said_when_the_job_ended(bench: Bench) -> None:
    facts = bench.engine.facts
    store = CalibrationStore(bench.settings.redis)
    made = Calibration("opencv-zoo", facts.pack.digest, "run_x", "own", "d", facts.detection_size, 0.0, ())
    made = replace(made, pipeline=pipeline_of(facts, Policy.LARGEST))
    store.put(made, RunScores.of(non_mated=[-1.0, 1.0], mated=[1.0]))
    job = bench.submitted()
    bench.comparisons().run(job.id)
    store.put(replace(made, run_id="run_y"), RunScores.of(non_mated=[0.0], mated=[]))
    result = bench.ends(job).result
    assert result
    assert result.standing == Standing("run_x", "own", 0.0, non_mated=Tally(2, 1), mated=Tally(1, 0))


class CountingStore(ObjectStore):
    """Knows what it was asked for."""

    def __init__(self, store: ObjectSettings) -> None:
        super().__init__(store)
        self.asked: list[str] = []

    def get(self, key: str) -> bytes:
        self.asked.append(key)
        return super().get(key)


def test_images_that_the_message_names_are_fetched_once_while_the_job_is_started(bench: Bench) -> None:
    job, objects = bench.submitted(), CountingStore(bench.settings.objects)
    bench.comparisons(objects).run(job.id, images_key=job.request.images_key)
    assert bench.ends(job).status is Status.SUCCEEDED
    assert bench.engine.compared == [(REFERENCE, PROBE)]
    assert objects.asked == [job.request.images_key]


def test_a_job_is_compared_by_its_own_images_whatever_its_message_names(bench: Bench) -> None:
    job, other = bench.submitted(), bench.submitted()
    bench.comparisons().run(job.id, images_key=other.request.images_key)
    assert bench.ends(job).status is Status.SUCCEEDED
    assert bench.engine.compared == [(REFERENCE, PROBE)]


@pytest.mark.parametrize(("stored", "code"), [(False, "images_lost"), (True, "images_damaged")])
def test_images_that_were_fetched_ahead_may_be_lost_or_damaged_too(bench: Bench, stored: bool, code: str) -> None:
    job = bench.submitted(stored=stored)
    if stored:
        bench.objects.put(job.request.images_key, b"something else")
    bench.comparisons().run(job.id, images_key=job.request.images_key)
    assert code_of(bench.ends(job)) == code


def test_a_job_that_has_ended_is_not_run_again(bench: Bench) -> None:
    job = bench.submitted()
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    bench.comparisons().run(job.id)
    assert bench.ends(job) == ended
    assert len(bench.engine.compared) == 1


def test_a_job_that_another_is_at_is_left_to_it(bench: Bench) -> None:
    job = bench.submitted()
    running = bench.jobs.start(job.id, "engine@other 1 a")
    bench.comparisons().run(job.id)
    assert bench.jobs.get(job.id) == running
    bench.nothing_was_told()
    assert not bench.engine.compared


def test_a_job_that_nobody_knows_is_skipped(bench: Bench) -> None:
    bench.comparisons().run(new_id("cmp"))
    bench.nothing_was_told()


def test_a_job_whose_store_is_away_is_queued_again_and_the_attempt_does_not_count(
    bench: Bench, away: ObjectStore
) -> None:
    job = bench.submitted()
    for _ in range(MAX_ATTEMPTS + 1):
        with pytest.raises(StoreUnavailable):
            bench.comparisons(away).run(job.id)
        queued = bench.jobs.get(job.id)
        assert (queued.status, queued.attempts) == (Status.QUEUED, 0)
    bench.nothing_was_told()
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    assert (ended.status, ended.attempts) == (Status.SUCCEEDED, 1)


def test_a_job_that_was_tried_often_enough_is_given_up(bench: Bench) -> None:
    job = bench.submitted()
    bench.comparisons().give_up(job.id, "store_unavailable", "the object store did not answer")
    ended = bench.ends(job)
    assert (ended.status, code_of(ended)) == (Status.FAILED, "store_unavailable")


def test_a_job_whose_images_are_lost_fails(bench: Bench) -> None:
    job = bench.submitted(stored=False)
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    assert (ended.status, code_of(ended)) == (Status.FAILED, "images_lost")


def test_a_job_that_0_1_0_has_taken_runs_its_images_lie_there_as_they_came(bench: Bench) -> None:
    job = bench.submitted(sealed=False)
    bench.comparisons().run(job.id)
    assert bench.ends(job).status is Status.SUCCEEDED
    assert bench.engine.compared == [(REFERENCE, PROBE)]


@pytest.mark.parametrize("instead", [b"", b"\xff\xd8\xff no seal at all", REFERENCE + PROBE])
def test_a_job_whose_stored_images_are_not_what_was_sealed_fails_and_says_so(bench: Bench, instead: bytes) -> None:
    job = bench.submitted()
    bench.objects.put(job.request.images_key, instead)
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    assert (ended.status, code_of(ended)) == (Status.FAILED, "images_damaged")
    assert not bench.engine.compared


def test_the_images_of_another_job_in_place_of_ones_own_are_damaged(bench: Bench) -> None:
    job, other = bench.submitted(), bench.submitted()
    bench.objects.put(job.request.images_key, bench.objects.get(other.request.images_key))
    bench.comparisons().run(job.id)
    assert code_of(bench.ends(job)) == "images_damaged"


def test_a_job_that_this_version_cannot_read_fails_instead_of_being_started_for_ever(bench: Bench) -> None:
    job, sound = bench.submitted(), bench.submitted()
    records: Any = connect(bench.settings.redis)
    records.hset(f"job:{job.id}", "request", '{"form": "of a later version"}')
    bench.comparisons().run(job.id)
    bench.nothing_was_told()
    assert not bench.engine.compared
    record = records.hgetall(f"job:{job.id}")
    assert record["status"] == Status.FAILED
    assert json.loads(record["failure"])["code"] == "record_unreadable"
    assert bench.jobs.due_erasures() == [job.request.images_key]
    assert [found.id for found in bench.jobs.page(limit=10).jobs] == [sound.id], "it hides no other"
    with pytest.raises(RecordUnreadable, match=job.id):
        bench.jobs.get(job.id)


def test_an_engine_that_raises_fails_the_job_and_shows_nobody_its_words(bench: Bench) -> None:
    def raises() -> None:
        raise ZeroDivisionError("at an address inside")

    job = bench.submitted()
    bench.engine.meanwhile = raises
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    assert (ended.status, code_of(ended)) == (Status.FAILED, "engine_error")
    assert ended.failure
    assert ended.failure.message == "the engine failed on these images: ZeroDivisionError"


def test_a_job_whose_engine_is_away_is_queued_again_and_the_attempt_does_not_count(bench: Bench) -> None:
    def is_away() -> None:
        raise EngineUnavailable("Triton at http://triton:8000 did not do infer")

    job = bench.submitted()
    bench.engine.meanwhile = is_away
    with pytest.raises(EngineUnavailable):
        bench.comparisons().run(job.id)
    waiting = bench.jobs.get(job.id)
    assert (waiting.status, waiting.attempts) == (Status.QUEUED, 0)
    bench.nothing_was_told()
    bench.engine.meanwhile = lambda: None
    bench.comparisons().run(job.id)
    assert bench.ends(job).status is Status.SUCCEEDED


def test_a_job_that_is_cancelled_while_its_engine_is_away_stays_cancelled(bench: Bench) -> None:
    def is_away() -> None:
        bench.jobs.cancel(job.id)
        raise EngineUnavailable

    job = bench.submitted()
    bench.engine.meanwhile = is_away
    bench.comparisons().run(job.id)
    assert bench.jobs.get(job.id).status is Status.CANCELLED


def test_a_job_whose_workers_die_is_tried_so_often_and_no_more(bench: Bench) -> None:
    job = bench.submitted()
    for _ in range(MAX_ATTEMPTS):
        bench.dies_with(job)
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    assert (ended.status, code_of(ended)) == (Status.FAILED, "worker_lost")
    assert ended.failure
    assert f"workers died {MAX_ATTEMPTS} times" in ended.failure.message
    assert not bench.engine.compared


def test_the_last_attempt_that_is_allowed_runs(bench: Bench) -> None:
    job = bench.submitted()
    for _ in range(MAX_ATTEMPTS - 1):
        bench.dies_with(job)
    bench.comparisons().run(job.id)
    ended = bench.ends(job)
    assert (ended.status, ended.attempts) == (Status.SUCCEEDED, MAX_ATTEMPTS)


def test_jobs_that_died_with_a_worker_run_one_at_a_time_and_beside_nobody(bench: Bench) -> None:
    fresh, suspects = [bench.submitted() for _ in range(3)], [bench.submitted() for _ in range(3)]
    for job in suspects:
        bench.dies_with(job)
    records: Any = connect(bench.settings.redis)
    seen: list[tuple[int, ...]] = []

    def look() -> None:
        for _ in range(20):
            running = bench.jobs.page(limit=10, status=Status.RUNNING).jobs
            seen.append(tuple(job.attempts for job in running if records.exists(f"job-lease:{job.id}")))

    bench.engine.meanwhile = look
    comparisons = bench.comparisons()
    with ThreadPoolExecutor(6) as threads:
        list(threads.map(comparisons.run, [job.id for pair in zip(suspects, fresh, strict=True) for job in pair]))
    ended = [bench.jobs.get(job.id) for job in (*fresh, *suspects)]
    assert [(job.status, job.attempts) for job in ended] == [(Status.SUCCEEDED, n) for n in (1, 1, 1, 2, 2, 2)]
    assert (2,) in seen
    assert [attempts for attempts in seen if max(attempts, default=0) > 1 and len(attempts) > 1] == []


def test_a_job_that_is_cancelled_while_it_waits_to_be_alone_is_not_run(bench: Bench) -> None:
    job = bench.submitted()
    bench.dies_with(job)
    with ThreadPoolExecutor(1) as thread:
        with bench.quarantine.together():
            running = thread.submit(bench.comparisons().run, job.id)

            def waits() -> None:
                assert bench.quarantine.waiting == 1

            eventually(waits)
            assert bench.jobs.get(job.id).attempts == 1, "what ends the process meanwhile does not count"
            bench.jobs.cancel(job.id)
        running.result()
    assert not bench.engine.compared


def test_a_single_death_proves_nothing_whatever_the_setting_says(bench: Bench) -> None:
    job = bench.submitted()
    bench.dies_with(job)
    bench.comparisons(max_attempts=1).run(job.id)
    assert bench.ends(job).status is Status.SUCCEEDED


def test_of_a_job_that_is_cancelled_while_it_runs_the_first_ending_stands(bench: Bench) -> None:
    job = bench.submitted()
    bench.engine.meanwhile = lambda: bench.jobs.cancel(job.id)
    bench.comparisons().run(job.id)
    cancelled = bench.jobs.get(job.id)
    assert (cancelled.status, cancelled.result) == (Status.CANCELLED, None)
    assert cancelled.seal_key is None
    bench.nothing_was_told()
    assert len(bench.engine.compared) == 1


def test_a_job_keeps_its_lease_for_as_long_as_it_runs(settings: Settings, engine: ScriptedEngine) -> None:
    bench = Bench(settings, engine, LEASE_S)
    job = bench.submitted()
    client = connect(settings.redis)
    lease = Records(client, "job").lease_key(job.id)

    def runs_for_a_long_time() -> None:
        for _ in range(2):
            runs_out_at = client.pexpiretime(lease)

            def renewed(before: int = runs_out_at) -> None:
                assert client.pexpiretime(lease) > before

            eventually(renewed)

    engine.meanwhile = runs_for_a_long_time
    bench.leases.start()
    try:
        bench.comparisons().run(job.id)
    finally:
        bench.leases.stop()
    assert bench.ends(job).status is Status.SUCCEEDED


def test_what_is_due_when_the_eraser_stops_is_deleted(bench: Bench) -> None:
    job = bench.submitted()
    eraser = Eraser(bench.jobs, bench.objects)
    eraser.start()
    bench.jobs.cancel(job.id)
    eraser.add(job.request.images_key)
    eraser.stop()
    assert not bench.objects.exists(job.request.images_key)
    assert job.request.images_key not in bench.jobs.due_erasures()
