"""The use case of a worker through its constructor: shards, real servers, an engine that does what the test says."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import Any, cast

import numpy as np
import pytest

from core.batches.batch import PHOTOGRAPHS, Batch
from core.batches.shard import ShardRequest, shard_id
from core.batches.shards import ShardStore
from core.batches.store import BatchStore
from core.batches.submission import AcceptedBatch, AcceptingBatches, BatchSubmission
from core.batches.submitting import SubmittingBatches
from core.comparisons.orphans import Orphans
from core.comparisons.store import JobStore
from core.comparisons.submission import Accepting, Rules, Submission
from core.errors import RecordNotFound, StoreUnavailable
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.scoring import Scoring
from core.messaging.presence import Presence
from core.packs.catalogue import load_catalogue
from core.settings import Settings
from core.storage.connection import connect
from core.storage.lifecycle import Status
from core.storage.objects import ObjectStore
from core.vocabulary import EngineFacts, Face, PackIdentity, Policy
from courier.reaper import settle
from tests.support.stack import eventually
from tests.support.submitting import photograph
from worker.batches import Batches
from worker.engine.contract import Acquired, FaceEngine, Image, Unusable
from worker.engines import Engines
from worker.leases import Leases
from worker.quarantine import Quarantine

NAMES = ("reference", "one", "two", "three", "four", "five")
FACTS = EngineFacts(PackIdentity("opencv-zoo", "d" * 64), "cpu", 640, 0.5, 24)


@dataclass
class ScriptedEngine:
    """Counts what it looks at, after whatever the test makes happen at that moment; it holds every pack."""

    meanwhile: Callable[[bytes], object] = lambda body: None
    looked_at: list[bytes] = field(default_factory=list)
    embedded: int = 0
    facts: EngineFacts = FACTS

    def get(self, name: str) -> FaceEngine:
        return cast(FaceEngine, self)

    def acquire(self, body: bytes, policy: Policy) -> Acquired | Unusable:
        self.looked_at.append(body)
        self.meanwhile(body)
        return Acquired(Face((0, 0, 1, 1), 1.0, 1, 640), np.zeros((112, 112, 3), np.uint8), {})

    def embed(self, crops: list[Image]) -> Any:
        self.embedded += len(crops)
        return np.ones((len(crops), 4), np.float32) / 2


@dataclass
class Bench:
    """Batches with what they were given, and what they told others."""

    settings: Settings
    engine: ScriptedEngine = field(default_factory=ScriptedEngine)
    told: list[Batch] = field(default_factory=list)
    erased: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.batches, self.shards = BatchStore.of(self.settings), ShardStore.of(self.settings)
        self.jobs, self.objects = JobStore.of(self.settings), ObjectStore(self.settings.objects)
        self.redis = connect(self.settings.redis)
        self.work = self.worker(self.objects)

    def worker(self, objects: ObjectStore) -> Batches:
        return Batches(
            self.batches,
            self.shards,
            objects,
            cast(Engines, self.engine),
            Leases(self.shards, 15.0),
            Quarantine(60),
            engine_settings=self.settings.engine,
            worker="embedder@test",
            max_attempts=3,
            erase=self.erased.append,
            announce=self.told.append,
        )

    def accepted(self) -> AcceptedBatch:
        settings = self.settings
        packs = load_catalogue(settings.home)
        rules = Rules(packs, "opencv-zoo", Policy.LARGEST, settings.images, None)
        scoring = Scoring(settings.engine, Presence(settings.redis).comparing)
        accepting = Accepting(rules, CalibrationStore(settings.redis), scoring)
        photographs = {name: photograph() + name.encode() for name in NAMES}
        asked = BatchSubmission(photographs, None, Submission(b"", b""))
        return AcceptingBatches(accepting, settings.images).accept(asked)

    def submitted(self, *, in_shards: int = 1) -> Batch:
        accepted = self.accepted()
        [shard] = accepted.shards
        many = tuple(
            ShardRequest(
                shard.batch_id,
                tuple(replace(p, is_shared=in_shards > 1) for p in shard.photographs),
                shard.pairs[n::in_shards],
            )
            for n in range(in_shards)
        )
        request = replace(accepted.batch.request, shards=in_shards)
        batch = replace(accepted.batch, request=request, shards_left=in_shards)
        submitting = SubmittingBatches(self.batches, self.jobs, self.objects, enqueue=lambda shard, queue: None)
        return submitting.submit(replace(accepted, batch=batch, shards=many), queue_of=lambda number: "batches")

    def codes(self, batch: Batch) -> dict[str, str]:
        """By the probe's name, `compared` or why it was not judged."""
        rows = self.batches.rows(self.batches.get(batch.id), limit=100).rows
        return {row.probe: getattr(row.outcome, "code", "compared") for row in rows}

    def dies(self, batch: Batch, *, at: int | None) -> None:
        """A worker takes the shard, and is killed: while it runs alone, at this photograph."""
        shard, holder = shard_id(batch.id, 0), f"another {time.time()}"
        begun = self.shards.start(shard, holder)
        if at is not None:
            suspects = begun.suspects if begun.at is None else (*begun.suspects, begun.at)
            self.shards.note(shard, holder, at=at, suspects=suspects)
        self.redis.delete(f"shard-lease:{shard}")


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
    body = accepted.photographs
    swapped = body[: one.offset] + body[two.offset :][: two.size_bytes] + body[one.offset :][: one.size_bytes]
    submitting = SubmittingBatches(bench.batches, bench.jobs, bench.objects, enqueue=lambda shard, queue: None)
    submitting.submit(replace(accepted, photographs=swapped + body[len(swapped) :]), queue_of=lambda number: "batches")
    bench.work.run(shard_id(accepted.batch.id, 0))
    failure = bench.batches.get(accepted.batch.id).failure
    assert failure is not None
    assert failure.code == "images_damaged"
