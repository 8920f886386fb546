"""The use case of a worker through its constructor: shards, real servers, an engine that does what the test says."""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import pytest

from core.batches.batch import PHOTOGRAPHS
from core.batches.shard import shard_id
from core.batches.submitting import SubmittingBatches
from core.comparisons.orphans import Orphans
from core.errors import EngineUnavailable, RecordNotFound, StoreUnavailable
from core.settings import Settings
from core.storage.lifecycle import Status
from core.storage.objects import ObjectStore
from courier.reaper import settle
from tests.support.batching import NAMES, Bench
from tests.support.stack import eventually
from tests.support.submitting import photograph


@pytest.fixture
def bench(stores: Settings) -> Bench:
    return Bench(stores)


def test_each_photograph_is_looked_at_once_and_the_end_is_told_once(bench: Bench) -> None:
    batch = bench.submitted()
    for _ in range(2):  # a message too many
        bench.work.run(shard_id(batch.id, 0))
    assert len(bench.engine.looked_at) == bench.engine.embedded == len(NAMES)
    assert sorted(bench.engine.looked_at) == sorted(photograph() + name.encode() for name in NAMES)
    after = bench.batches.get(batch.id)
    assert (after.status, after.counts.matches, after.shards_left) == (Status.SUCCEEDED, 5, 0)
    assert [ended.id for ended in bench.told] == [batch.id]
    assert bench.erased == [batch.request.images_key]


def test_a_photograph_that_many_shards_need_is_looked_at_once_in_a_process(bench: Bench) -> None:
    batch = bench.submitted(in_shards=3)
    with bench.work.memory.of(batch.id):  # another shard of it is in hand
        for number in range(3):
            bench.work.run(shard_id(batch.id, number))
    assert len(bench.engine.looked_at) == len(NAMES)
    assert bench.work.memory.known_batches == 0, "with the last shard it is forgotten"
    assert bench.batches.get(batch.id).status is Status.SUCCEEDED


def test_a_shard_that_waits_for_a_core_has_its_photographs_meanwhile(stores: Settings) -> None:
    bench, may_go_on = Bench(stores.but(engine_threads=1)), threading.Event()
    bench.engine.meanwhile = lambda body: may_go_on.wait(30)
    batch, asked = bench.submitted(in_shards=2), list[int]()

    class Counted(ObjectStore):
        def get_part(self, key: str, offset: int, size_bytes: int) -> bytes:
            body = super().get_part(key, offset, size_bytes)
            asked.append(offset)
            return body

    def both_have_theirs() -> None:
        assert len(asked) == 2
        assert len(bench.engine.looked_at) == 1, "one core, one photograph"

    work = bench.worker(Counted(stores.objects))
    with ThreadPoolExecutor(2) as pool:
        ran = [pool.submit(work.run, shard_id(batch.id, number)) for number in range(2)]
        try:
            eventually(both_have_theirs)
        finally:
            may_go_on.set()
        for one in ran:
            one.result(30)
    assert bench.batches.get(batch.id).status is Status.SUCCEEDED


def test_a_photograph_that_workers_die_at_is_given_up_and_the_other_pairs_are_judged(bench: Bench) -> None:
    batch = bench.submitted()
    bench.dies(batch, at=None)  # in company
    bench.dies(batch, at=3)
    bench.dies(batch, at=3)
    bench.work.run(shard_id(batch.id, 0))
    assert bench.codes(batch) == {name: "worker_lost" if name == "three" else "compared" for name in NAMES[1:]}
    after = bench.batches.get(batch.id)
    assert (after.status, after.counts.failed, after.counts.matches) == (Status.SUCCEEDED, 1, 4)


def test_a_worker_that_was_killed_once_condemns_no_photograph(bench: Bench) -> None:
    batch = bench.submitted()
    bench.dies(batch, at=None)
    bench.dies(batch, at=3)
    bench.work.run(shard_id(batch.id, 0))
    assert set(bench.codes(batch).values()) == {"compared"}


def test_a_shard_that_ends_its_workers_wherever_they_are_is_given_up(bench: Bench) -> None:
    batch = bench.submitted()
    for _ in range(3):
        bench.dies(batch, at=None)
    bench.work.run(shard_id(batch.id, 0))
    assert set(bench.codes(batch).values()) == {"worker_lost"}
    assert bench.batches.get(batch.id).status is Status.SUCCEEDED
    assert bench.engine.looked_at == []


def test_an_engine_that_fails_on_a_photograph_fails_its_pairs_alone(bench: Bench) -> None:
    def breaks(body: bytes) -> None:
        if body.endswith(b"two"):
            raise RuntimeError("of this photograph")

    bench.engine.meanwhile = breaks
    batch = bench.submitted()
    bench.work.run(shard_id(batch.id, 0))
    assert bench.codes(batch) == {name: "engine_error" if name == "two" else "compared" for name in NAMES[1:]}


def test_what_is_cancelled_while_a_shard_runs_gets_no_rows_any_more(bench: Bench) -> None:
    batch = bench.submitted()
    bench.engine.meanwhile = lambda body: bench.batches.cancel(batch.id)
    bench.work.run(shard_id(batch.id, 0))
    assert bench.codes(batch) == {}
    assert len(bench.engine.looked_at) <= 4, "it was noticed between photographs"
    assert bench.batches.get(batch.id).counts.done == 0


def test_what_is_erased_while_a_shard_runs_does_not_come_back(bench: Bench) -> None:
    batch = bench.submitted()

    def erases(body: bytes) -> None:
        if body.endswith(b"reference"):
            bench.batches.erase(batch.id)

    bench.engine.meanwhile = erases
    bench.work.run(shard_id(batch.id, 0))
    with pytest.raises(RecordNotFound):
        bench.batches.get(batch.id)
    assert [key for key in bench.redis.scan_iter(f"*{batch.id}*") if "lease" not in key] == []


def test_a_shard_without_a_batch_is_forgotten(bench: Bench) -> None:
    batch = bench.submitted()
    bench.redis.delete(f"batch:{batch.id}")
    bench.work.run(shard_id(batch.id, 0))
    assert bench.redis.zcard("shards:all") == 0
    assert bench.engine.looked_at == []


def test_photographs_that_are_gone_or_damaged_fail_the_batch(bench: Bench) -> None:
    gone, damaged = bench.submitted(), bench.submitted()
    bench.objects.delete([gone.request.images_key])
    bench.objects.put(damaged.request.images_key, bytes(100_000))
    for batch, code in ((gone, "images_lost"), (damaged, "images_damaged")):
        bench.work.run(shard_id(batch.id, 0))
        after = bench.batches.get(batch.id)
        assert after.status is Status.FAILED
        assert after.failure is not None
        assert after.failure.code == code
    assert bench.redis.zcard("shards:all") == 0


def test_a_store_that_is_away_puts_the_shard_back_and_does_not_count(bench: Bench) -> None:
    batch = bench.submitted()
    away = bench.worker(ObjectStore(bench.settings.but(s3_endpoint="http://127.0.0.1:1").objects))
    with pytest.raises(StoreUnavailable):
        away.run(shard_id(batch.id, 0))
    assert bench.redis.hmget(f"shard:{shard_id(batch.id, 0)}", "status", "attempts") == ["queued", "0"]
    away.give_up(shard_id(batch.id, 0), "store_unavailable", "it was tried often enough")
    failure = bench.batches.get(batch.id).failure
    assert failure is not None
    assert failure.code == "store_unavailable"


@pytest.mark.parametrize("away_at", ["acquire", "embed"])
def test_an_engine_that_is_away_puts_the_shard_back_and_does_not_count(bench: Bench, away_at: str) -> None:
    def is_away(*_: object) -> None:
        raise EngineUnavailable("Triton at http://triton:8000 did not do infer")

    batch = bench.submitted()
    bench.engine.meanwhile, bench.engine.before_embedding = (
        (is_away, lambda: None) if away_at == "acquire" else (lambda body: None, is_away)
    )
    with pytest.raises(EngineUnavailable):
        bench.work.run(shard_id(batch.id, 0))
    assert bench.redis.hmget(f"shard:{shard_id(batch.id, 0)}", "status", "attempts") == ["queued", "0"]
    bench.engine.meanwhile, bench.engine.before_embedding = lambda body: None, lambda: None
    bench.work.run(shard_id(batch.id, 0))
    assert set(bench.codes(batch).values()) == {"compared"}


def test_a_record_that_this_version_cannot_read_ends_and_is_not_begun_for_ever(bench: Bench) -> None:
    for key in ("batch:{}", "shard:{}.00000"):
        batch = bench.submitted()
        bench.redis.hset(key.format(batch.id), "request", '{"from": "the future"}')
        bench.work.run(shard_id(batch.id, 0))
        assert bench.redis.hget(f"batch:{batch.id}", "status") == "failed"
    assert bench.redis.zcard("shards:all") == 0


def test_a_batch_whose_last_worker_died_before_it_said_so_is_settled(bench: Bench) -> None:
    batch = bench.submitted()
    bench.batches.start(batch.id)
    work = bench.shards.start(shard_id(batch.id, 0), "another")
    bench.shards.finish(work.id, batch.id, [], {}, batch.counts)
    assert settle(bench.batches, lambda *_, **__: None) == 1
    assert bench.batches.get(batch.id).status is Status.SUCCEEDED
    assert settle(bench.batches, lambda *_, **__: None) == 0


def test_photographs_that_no_batch_names_are_orphans_and_those_of_an_open_one_are_not(bench: Bench) -> None:
    batch = bench.submitted()
    bench.objects.put("batches/of-nobody", b"its API process was killed")
    bench.objects.put("comparisons/of-nobody", b"likewise, and another's business")
    settings = bench.settings
    orphans = Orphans(settings.redis, settings.images, bench.objects, kind="batch", prefix=PHOTOGRAPHS)
    eventually(lambda: assert_finds(orphans, "batches/of-nobody"))  # S3 tells the time in whole seconds
    assert orphans.jobs_without_images() == []
    assert orphans.sweep(age_s=0) == 1
    assert [*bench.objects.keys(PHOTOGRAPHS)] == [batch.request.images_key]


def assert_finds(orphans: Orphans, key: str) -> None:
    assert [orphan.key for orphan in orphans.find(age_s=0)] == [key]


def test_photographs_of_a_batch_do_not_open_under_each_others_numbers(bench: Bench) -> None:
    accepted = bench.accepted()
    one, two = (p for p in accepted.shards[0].photographs if p.name in ("one", "two"))
    body = b"".join(accepted.photographs)
    swapped = body[: one.offset] + body[two.offset :][: two.size_bytes] + body[one.offset :][: one.size_bytes]
    submitting = SubmittingBatches(bench.batches, bench.jobs, bench.objects, enqueue=lambda shard, queue: None)
    submitting.submit(replace(accepted, photographs=(swapped, body[len(swapped) :])), queue_of=lambda number: "batches")
    bench.work.run(shard_id(accepted.batch.id, 0))
    failure = bench.batches.get(accepted.batch.id).failure
    assert failure is not None
    assert failure.code == "images_damaged"
