"""A job's whole life on real servers, driven at random while requests to Redis and their answers are lost.

Hypothesis plays the client, who repeats what was not answered; the workers, some of which die; the reaper, the courier,
and a network that delivers a script again, much later. What must hold whatever happens is in the invariants and in
`teardown`.
"""

import io
import json
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any, cast

import pytest
from flask import Flask
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from PIL import Image
from redis.exceptions import ResponseError

from api.app import create_app
from core.comparisons.erasure import erase_due
from core.comparisons.store import JobStore
from core.errors import BrokerUnavailable, JobHeld, LikenessError, RecordsUnavailable, StoreUnavailable
from core.evaluations.calibrations import CalibrationStore
from core.evaluations.standings import Standings
from core.messaging.broker import BROKER_DATABASE, Tasks, celery_app, enqueue
from core.settings import Settings
from core.storage.connection import connect
from core.storage.lifecycle import Status, new_id
from core.storage.objects import ObjectStore
from core.webhooks.deliveries import DeliveryStore
from core.webhooks.endpoints import EndpointStore
from core.webhooks.signers import Signers
from core.webhooks.signing import Keyring
from courier.delivery import Deliveries
from courier.lost_jobs import LostJobs
from courier.reaper import reap
from courier.sender import Answer, Sender
from tests.support.lossy import Fate, LossyProxy
from tests.support.servers import Servers
from tests.support.uploads import sealing
from worker.comparing import Comparisons
from worker.engines import Engines
from worker.leases import Leases
from worker.quarantine import Quarantine
from worker.sleeping import SleepingEngine

pytestmark = pytest.mark.promise

#: redis-py and kombu try three times: with three answers lost, who asked knows nothing.
TRIES = 3
PASSED, UNANSWERED, UNSENT = [Fate.PASSED], [Fate.UNANSWERED] * TRIES, [Fate.UNSENT] * TRIES
FATES = st.sampled_from(
    [
        [],
        [Fate.UNANSWERED],
        UNANSWERED,
        UNSENT,
        # A submission with a key is claimed first, then recorded, enqueued, and undone where that failed.
        [*PASSED, *UNANSWERED],
        [*PASSED, *UNANSWERED, *UNANSWERED],
        [*PASSED, *UNANSWERED, *UNSENT],
        [*PASSED, *UNSENT, *UNSENT],
        [*PASSED, *PASSED, *UNSENT, *UNANSWERED],
        [*PASSED, *PASSED, *UNSENT, *UNSENT],
    ]
)
#: Of what there is when the rule is carried out: what is drawn must not depend on ids, which differ each time.
PICK = st.integers(0, 999)
KEYS = st.sampled_from([None, "order-1", "order-2"])
CALLBACK = "https://receiver.example/events"


def photograph() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (32, 32)).save(file, "JPEG")
    return file.getvalue()


PHOTOGRAPH = photograph()


class OneEngine:
    """Holds every pack, and draws a score: a second result would differ from the first."""

    def __init__(self, engine: SleepingEngine) -> None:
        self._engine = engine

    def get(self, name: str) -> SleepingEngine:
        return self._engine


class Consumer:
    """Takes every event, and remembers them by the id that they came under."""

    def __init__(self) -> None:
        self.events: dict[str, set[str]] = defaultdict(set)

    def send(self, url: str, event_id: str, body: str, keyring: Keyring) -> Answer:
        self.events[event_id].add(body)
        return Answer(time.time(), 1.0, 204)


class Life(RuleBasedStateMachine):
    """`lossy` are settings that lead through the proxy, as `api` goes, `direct` around it."""

    proxy: LossyProxy
    lossy: Settings
    direct: Settings
    api: Flask

    def __init__(self) -> None:
        super().__init__()
        self.redis: Any = connect(self.direct.redis)
        self.broker: Any = connect(self.direct.redis, BROKER_DATABASE)
        self.redis.flushall()
        self.proxy.scripts.clear()
        self.objects = ObjectStore(self.direct.objects)
        self.objects.delete([*self.objects.keys("comparisons/")])
        self.client, self.silences = self.api.test_client(), self.api.extensions["likeness"].silences
        self.jobs = JobStore.of(self.lossy)
        self.app = celery_app("exactly-once", self.lossy)
        self.consumer = Consumer()
        webhooks = self.direct.webhooks
        self.deliveries = DeliveryStore(self.lossy.redis, webhooks)
        self.courier = Deliveries(
            self.deliveries,
            EndpointStore(self.lossy.redis),
            cast(Sender, self.consumer),
            Signers.of(self.direct.signing),
            schedule_s=[0.0],
        )
        self.lost_jobs = LostJobs(
            self.lossy.redis, self.direct.jobs, self.direct.courier.model_copy(update={"reaper_patience_s": 0.0})
        )
        self.worker = Comparisons(
            self.jobs,
            self.objects,
            cast(Engines, OneEngine(SleepingEngine("opencv-zoo", self.direct.engine))),
            Leases(self.jobs, 60),
            Quarantine(60),
            worker="engine@test",
            max_attempts=100,
            erase=lambda key: None,
            standings=Standings(CalibrationStore(self.lossy.redis)),
            uploads=sealing(self.lossy, self.objects, lambda key: None),
        )
        #: What clients know: jobs that were accepted, those that they asked to be erased, and those that then were;
        #: and which job a key stands for.
        self.accepted: set[str] = set()
        self.to_erase: set[str] = set()
        self.erased: set[str] = set()
        self.of_key: dict[str, str] = {}
        #: Keys of the photographs of every job that was ever recorded.
        self.recorded: set[str] = set()
        #: How ended jobs looked when they were first seen so.
        self.ended: dict[str, dict[str, str]] = {}

    @contextmanager
    def dealing(self, fates: list[Fate]) -> Iterator[None]:
        self.proxy.fates.extend(fates)
        # A request that has just waited in vain would have the next one refused before it says anything.
        self.silences.end(RecordsUnavailable, BrokerUnavailable, StoreUnavailable)
        try:
            yield
        finally:
            self.proxy.fates.clear()

    @rule(key=KEYS, fates=FATES)
    def submit(self, key: str | None, fates: list[Fate]) -> None:
        """A client submits; one with a key may have done so before."""
        form = {name: (io.BytesIO(PHOTOGRAPH), f"{name}.jpg") for name in ("reference", "probe")}
        with self.dealing(fates):
            answer = self.client.post(
                "/v1/comparisons",
                data={**form, "callback_url": CALLBACK, "metadata": json.dumps({"key": key or "none"})},
                headers={"Idempotency-Key": key} if key else {},
            )
        told = answer.get_json()
        if answer.status_code in (200, 202):
            self.accepted.add(told["id"])
            if key:
                assert self.of_key.setdefault(key, told["id"]) == told["id"], "a key makes one job"
        elif answer.status_code == 404:
            assert key, told
            assert self.of_key.pop(key, None) in {*self.erased, None}, "what it stood for was erased"
        else:
            assert answer.status_code in (409, 503), told

    @rule(pick=PICK, fates=FATES, twice=st.booleans())
    def work(self, pick: int, fates: list[Fate], twice: bool) -> None:
        """A worker takes a message; one that was delivered twice is run twice."""
        if job_id := self.any_job(pick):
            with self.dealing(fates):
                for _ in range(1 + twice):
                    self.worker.run(job_id)

    @rule(pick=PICK)
    def start_and_die(self, pick: int) -> None:
        """A worker starts a job and is killed; its lease runs out."""
        if job_id := self.any_job(pick):
            with suppress(LikenessError):
                self.jobs.start(job_id, f"engine@gone {new_id('x')}")
                self.redis.delete(f"job-lease:{job_id}")

    @rule(pick=PICK)
    def hear_all_again(self, pick: int) -> None:
        """Every script about a job once more, as a server hears them that stalled while their senders gave up."""
        if job_id := self.any_job(pick):
            connection = self.redis.connection_pool.get_connection()
            try:
                for said in [said for said in self.proxy.scripts if job_id.encode() in said]:
                    connection.send_packed_command([said])
                    with suppress(ResponseError):
                        connection.read_response()
            finally:
                self.redis.connection_pool.release(connection)
            self.note_erasure(job_id)

    @rule(pick=PICK, fates=FATES)
    def cancel(self, pick: int, fates: list[Fate]) -> None:
        if job_id := self.any_job(pick):
            with self.dealing(fates):
                answer = self.client.post(f"/v1/comparisons/{job_id}/cancel")
            assert answer.status_code in (200, 404, 409, 503), answer.get_json()

    @rule(pick=PICK, fates=FATES)
    def erase(self, pick: int, fates: list[Fate]) -> None:
        if job_id := self.any_job(pick):
            with self.dealing(fates):
                answer = self.client.delete(f"/v1/comparisons/{job_id}")
            assert answer.status_code in (204, 404, 503), answer.get_json()
            self.to_erase.add(job_id)
            self.note_erasure(job_id)

    @rule(fates=FATES)
    def look_for_lost_jobs(self, fates: list[Fate]) -> None:
        with self.dealing(fates), suppress(LikenessError):
            reap(self.lost_jobs, lambda task, *args, **more: enqueue(self.app, Tasks.COMPARE, *args))

    @rule(fates=FATES)
    def deliver(self, fates: list[Fate]) -> None:
        """Every delivery that there is, due or not; what is handed to nobody comes again when its lease is over."""
        self.make_everything_due()
        for event_id in self.redis.zrange("deliveries-due", 0, -1):
            with self.dealing(fates), suppress(LikenessError):
                self.courier.attempt(event_id)

    @rule(fates=FATES)
    def erase_what_is_due(self, fates: list[Fate]) -> None:
        with self.dealing(fates), suppress(LikenessError):
            erase_due(self.jobs, self.objects)

    @invariant()
    def a_record_is_in_the_lists_of_its_status_and_in_no_other(self) -> None:
        records = self.records()
        self.recorded |= {record["images_key"] for record in records.values()}
        assert set(self.redis.zrange("jobs:all", 0, -1)) == {*records}
        for status in Status:
            listed = set(self.redis.zrange(f"jobs:status:{status}", 0, -1))
            assert listed == {job_id for job_id, record in records.items() if record["status"] == status}

    @invariant()
    def what_has_ended_never_changes(self) -> None:
        for job_id, record in self.records().items():
            if Status(record["status"]).is_terminal:
                assert self.ended.setdefault(job_id, record) == record

    @invariant()
    def an_accepted_job_is_there_until_it_is_erased(self) -> None:
        assert self.accepted - self.erased <= {*self.records()}

    @invariant()
    def a_key_stands_for_one_job(self) -> None:
        made = Counter(json.loads(record["request"])["metadata"]["key"] for record in self.records().values())
        assert all(count == 1 for key, count in made.items() if key != "none"), made

    @invariant()
    def an_event_says_one_thing(self) -> None:
        for event_id, bodies in self.consumer.events.items():
            assert len(bodies) == 1, event_id

    def teardown(self) -> None:
        """Nothing is lost any more: now everything must come to its end, be told once, and leave no photograph."""
        for _ in range(3):
            self.redis.delete(*[f"job-lease:{job_id}" for job_id in self.records()], "nothing")
            for job_id in self.records():
                with suppress(JobHeld):
                    self.worker.run(job_id)
        self.make_everything_due()
        for event_id in self.redis.zrange("deliveries-due", 0, -1):
            self.courier.attempt(event_id)
        erase_due(self.jobs, self.objects)
        for job_id, record in self.records().items():
            assert Status(record["status"]).is_terminal, job_id
            assert "images_lost" not in record.get("failure", ""), "its photographs went before their time"
            assert len(self.consumer.events[record["event_id"]]) == 1
        # What was never recorded lies there until it is swept by age.
        assert not {*self.objects.keys("comparisons/")} & self.recorded
        self.an_event_says_one_thing()
        self.what_has_ended_never_changes()

    def note_erasure(self, job_id: str) -> None:
        """That a job is gone counts only where a client has asked for it, answered or not."""
        if job_id in self.to_erase and not self.redis.exists(f"job:{job_id}"):
            self.erased.add(job_id)

    def any_job(self, pick: int) -> str | None:
        """One that clients know, or that was made although they were told 503."""
        ids = sorted(self.records())
        return ids[pick % len(ids)] if ids else None

    def records(self) -> dict[str, dict[str, str]]:
        return {key.removeprefix("job:"): self.redis.hgetall(key) for key in self.redis.keys("job:*")}

    def make_everything_due(self) -> None:
        """As if time had passed: what a courier has taken without settling it is free again."""
        for key in self.redis.keys("delivery:*"):
            if self.redis.hget(key, "status") == "pending":
                self.redis.hset(key, "due_at", 0)
                self.redis.hset(key, "lease_until", 0)
        for busy in self.redis.keys("deliveries-busy:*"):
            self.redis.delete(busy)


def test_a_job_lives_exactly_once_whatever_answers_are_lost(redis_server: Servers, stores: Settings) -> None:
    logging.disable(logging.CRITICAL)
    direct = stores.but(sleep_ms=1, webhook_secrets="whsec_" + "C2FVsBQIhrscChlQIMV+b5sSYspob7oD")
    url = redis_server.settings.redis.database(0).removesuffix("/0")
    proxy = LossyProxy(int(url.rpartition(":")[2]))
    lossy = direct.but(redis_url=f"{url.rpartition(':')[0]}:{proxy.port}")
    given = {"proxy": proxy, "lossy": lossy, "direct": direct, "api": create_app(lossy)}
    machine = type("LifeOnThisServer", (Life,), given)
    try:
        rounds = 0
        while rounds < 2 or min(proxy.dealt[fate] for fate in Fate) <= 10:  # how much is lost in ten lives is chance
            rounds += 1
            assert rounds < 20, proxy.dealt
            run_state_machine_as_test(
                machine,
                settings=settings(
                    max_examples=10,
                    stateful_step_count=25,
                    deadline=None,
                    database=None,
                    suppress_health_check=list(HealthCheck),
                ),
            )
    finally:
        logging.disable(logging.NOTSET)
        proxy.close()
