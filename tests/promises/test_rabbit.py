"""RabbitMQ in Redis's place as the broker: what is promised after a 202 holds there too, and what it does not tell."""

import re
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import httpx
import pytest

from core.comparisons.images import inspect
from core.comparisons.jobs import ComparisonRequest, Job, new_images_key
from core.comparisons.store import JobStore
from core.deployment.document import document
from core.deployment.standing import standing
from core.errors import BrokerUnavailable, SettingsInvalid
from core.messaging.broker import Queues, Tasks, celery_app, enqueue
from core.messaging.counting import counting
from core.messaging.lines import Line
from core.settings import Settings
from core.storage.connection import connect
from core.storage.lifecycle import Status, new_id
from core.vocabulary import Policy, Threshold
from courier.lost_jobs import LostJobs
from courier.reaper import reap
from tests.support.busyness import measured
from tests.support.keyed import nobody
from tests.support.rabbit import Rabbit, rabbit
from tests.support.servers import Servers, Store
from tests.support.stack import Stack, eventually, running
from tests.support.submitting import photograph
from tests.support.tls import with_tls

#: What a client waits at most.
LONGEST_S = 5.0
#: A server that nobody asks.
NOWHERE = "redis://127.0.0.1:1"
SLEEPING = {"LIKENESS_ENGINE": "sleeping", "LIKENESS_SLEEP_MS": "150", "LIKENESS_WORKER_THREADS": "2"}


@pytest.fixture(scope="module")
def node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rabbit]:
    with rabbit(tmp_path_factory.mktemp("rabbit") / "node") as node:
        yield node


@pytest.fixture
def stack(tmp_path: Path, zoo_directory: Path, object_store: Store, node: Rabbit) -> Iterator[Stack]:
    packs = zoo_directory.parent
    with running(tmp_path / "stack", packs, object_store, LIKENESS_BROKER_URL=node.url) as stack:
        stack.settings = stack.settings.but(broker_url=node.url, reaper_patience_s=1.0, lease_s=3.0)
        yield stack


def submit(stack: Stack) -> httpx.Response:
    return httpx.post(f"{stack.url}/v1/comparisons", files=nobody(), timeout=60)


def accepted(stack: Stack, count: int) -> list[str]:
    answers = [submit(stack) for _ in range(count)]
    assert {answer.status_code for answer in answers} == {202}, answers[-1].text
    return [answer.json()["id"] for answer in answers]


def is_refused(stack: Stack) -> None:
    began = time.monotonic()
    with measured() as busyness:
        answer = submit(stack)
    assert time.monotonic() - began < busyness.stretched(LONGEST_S)
    assert (answer.status_code, answer.json()["code"]) == (503, "broker_unavailable"), answer.text
    assert answer.headers["Retry-After"]


def only_the_broker_is_away(stack: Stack) -> None:
    answer = httpx.get(f"{stack.url}/ready", timeout=10)
    assert answer.status_code == 503
    assert [name for name, check in answer.json()["checks"].items() if not check["ok"]] == ["broker"]


def test_every_job_ends_once_though_its_worker_and_rabbitmq_hang_and_are_killed(stack: Stack, node: Rabbit) -> None:
    """And nothing that waits for RabbitMQ ends for good."""
    stack.start("api", "worker", "courier", **SLEEPING)
    stack.wait_until_ready()
    jobs, lost = JobStore.of(stack.settings), LostJobs.of(stack.settings)
    ids = accepted(stack, 12)
    stack.kill("worker")
    stack.start("worker", **SLEEPING)
    ids += accepted(stack, 6)

    with node.hanging():
        is_refused(stack)
        is_refused(stack)
        eventually(lambda: only_the_broker_is_away(stack))
        there = httpx.get(f"{stack.url}/v1/comparisons/{ids[0]}", timeout=60)
        assert there.status_code == 200, "the records are elsewhere"
    stack.wait_until_ready()
    ids += accepted(stack, 6)

    node.kill()
    is_refused(stack)
    eventually(lambda: only_the_broker_is_away(stack))
    node.start()
    node.wait()
    stack.wait_until_ready()
    ids += accepted(stack, 6)
    send = partial(enqueue, celery_app("test", stack.settings))

    def ended() -> None:
        reap(lost, send)
        assert Counter(jobs.get(job_id).status for job_id in ids) == {Status.SUCCEEDED: len(ids)}

    eventually(ended)
    assert len(jobs.page(limit=100).jobs) == len(ids), "what was refused is not kept"
    for name in ("api", "worker", "courier"):
        assert stack.processes[name].poll() is None, f"{name} lived through it\n{stack.log(name)[-2000:]}"

    def each_was_ended_once() -> None:
        written = [line for line in stack.log("worker").splitlines() if "comparison_ended" in line]
        ends = Counter(found[0] for line in written if (found := re.search(r"cmp_[0-9a-f]{32}", line)))
        assert ends == dict.fromkeys(ids, 1)

    eventually(each_was_ended_once)


def recorded(settings: Settings) -> Job:
    """What an API process that is killed before it publishes leaves behind."""
    facts = inspect(photograph(), max_bytes=10_000_000, max_pixels=40_000_000)
    threshold = Threshold(0.3, "a test")
    request = ComparisonRequest("opencv-zoo", Policy.LARGEST, threshold, new_images_key(), facts, facts, metadata={})
    job = Job(new_id("cmp"), Status.QUEUED, 1, time.time(), request)
    JobStore.of(settings).create(job)
    return job


def looking(settings: Settings, patience_s: float) -> LostJobs:
    """With less patience than a setting may have."""
    courier = settings.courier.model_copy(update={"reaper_patience_s": patience_s})
    return LostJobs(settings.redis, settings.jobs, courier, count=counting(settings).waiting)


def test_as_many_of_the_oldest_jobs_are_enqueued_again_as_messages_are_missing(
    redis_server: Servers, node: Rabbit
) -> None:
    settings = redis_server.settings.but(broker_url=node.url)
    app, broker, patient = celery_app("test", settings), counting(settings), looking(settings, 0.01)
    send = partial(enqueue, app)

    def waits(messages: int) -> None:
        assert broker.waiting(Queues.COMPARISONS) == messages

    with app.connection_for_write() as connection:
        queue = app.amqp.queues[Queues.COMPARISONS](connection.default_channel)
        queue.declare()
        queue.purge()  # what another test has left
        jobs = [recorded(settings) for _ in range(3)]
        for job in jobs:
            send(Tasks.COMPARE, job.id)
        eventually(lambda: waits(3))
        assert patient.find() == [], "as many messages as jobs"
        queue.get(no_ack=True)
    eventually(lambda: waits(2))
    assert [job.job_id for job in patient.find()] == [jobs[0].id]
    assert reap(patient, send) == 1
    eventually(lambda: waits(3))
    assert reap(patient, send) == 0

    found = document(standing(settings))
    [comparisons] = [one for one in found["queues"] if one["name"] == Queues.COMPARISONS]
    assert (comparisons["waiting"], comparisons["oldest_s"], found["taken"]) == (3, None, None)
    assert broker.lines()[Queues.COMPARISONS] == Line(3, None)
    assert connect(settings.redis, 0).dbsize() == 0, "nothing of the broker's lies on Redis"


def test_over_tls_a_certificate_is_asked_for_that_can_be_trusted(
    node: Rabbit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with with_tls(node.port, tmp_path) as (port, certificate):
        settings = Settings(redis_url=NOWHERE, broker_url=f"amqps://guest:guest@127.0.0.1:{port}")
        with pytest.raises(BrokerUnavailable, match="certificate verify failed"):
            enqueue(celery_app("test", settings), Tasks.CANARY, queue=Queues.IMAGES)
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        before = counting(settings).waiting(Queues.IMAGES)
        enqueue(celery_app("test", settings), Tasks.CANARY, queue=Queues.IMAGES)
        eventually(lambda: _expect(counting(settings).waiting(Queues.IMAGES), before + 1))


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("redis://127.0.0.1:6379", "it must begin with amqp:// or amqps://"),
        ("amqp://one,two", "it names several hosts"),
        ("amqp://user:a/secret@host", "it must name a host and, unless that is 5672"),
        ("amqp://host:5672/vhost?heartbeat=3", "it must end after the virtual host"),
    ],
)
def test_any_other_broker_is_refused_in_a_sentence_that_shows_no_secret(url: str, said: str) -> None:
    with pytest.raises(SettingsInvalid, match=re.escape(said)) as refused:
        celery_app("test", Settings(redis_url=NOWHERE, broker_url=url))
    assert "LIKENESS_BROKER_URL" in str(refused.value)
    assert "secret@" not in str(refused.value)


def test_without_a_url_the_broker_is_the_redis_of_the_records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "broker_url"
    file.write_text("amqp://host\n")
    assert celery_app("test", Settings(redis_url=NOWHERE)).conf.broker_url == f"{NOWHERE}/0"
    monkeypatch.setenv("LIKENESS_BROKER_URL_FILE", str(file))
    assert celery_app("test", Settings(redis_url=NOWHERE)).conf.broker_url == "amqp://host"


def _expect(found: int, wanted: int) -> None:
    assert found == wanted
