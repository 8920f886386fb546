"""`/ready` is true only where a comparison submitted now would be served, whoever else is up."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from pydantic import TypeAdapter

from api.app import create_app
from core.messaging.presence import Presence, WorkerFacts
from core.settings import Settings
from core.storage.connection import connect
from core.vocabulary import EngineFacts, PackIdentity
from tests.support.servers import Servers

ENGINE = EngineFacts(PackIdentity("opencv-zoo", "d" * 64), "CPUExecutionProvider", 640, 0.6, 32)
WORKER = WorkerFacts("engine@here", 1, 0.0, ("comparisons", "comparisons-busy"), (ENGINE,))


@pytest.fixture
def settings(redis_server: Servers) -> Settings:
    return redis_server.settings.but(s3_endpoint="http://127.0.0.1:1", s3_access_key="k", s3_secret_key="s")


def worker_check(settings: Settings) -> dict[str, object]:
    """What an API process says that has just begun: one says the same for a second."""
    with create_app(settings).test_client() as client:
        return dict(client.get("/ready").get_json()["checks"]["worker"])


@pytest.mark.parametrize(
    ("worker", "why"),
    [
        (replace(WORKER, name="embedder@here", queues=("evaluations",)), "no worker takes comparisons"),
        (replace(WORKER, engines=()), "no warm worker that takes comparisons holds the pack 'opencv-zoo'"),
        (replace(WORKER, silent_s=61.0), "up but deaf, taking no message from the broker: engine@here (61 s)"),
    ],
    ids=["an embedder that holds the pack after a run", "a worker without the pack", "a deaf worker"],
)
def test_nobody_who_would_not_serve_a_comparison_makes_it_ready(
    settings: Settings, worker: WorkerFacts, why: str
) -> None:
    presence = Presence(settings.redis)
    presence.show(worker)
    assert worker_check(settings) == {"ok": False, "detail": why}
    presence.show(replace(WORKER, name="engine2@here"))
    assert worker_check(settings) == {"ok": True, "detail": "engine2@here holds 'opencv-zoo'"}
    presence.leave("engine2@here")
    assert worker_check(settings)["ok"] is False


def test_with_keys_on_somebody_must_take_what_busy_keys_have_beyond_their_share(settings: Settings) -> None:
    presence = Presence(settings.redis)
    first, second = (replace(WORKER, name=f"{queue}@here", queues=(queue,)) for queue in WORKER.queues)
    presence.show(first)
    assert worker_check(settings)["ok"] is True
    secured = settings.but(auth="on")
    why = "no worker takes comparisons-busy, where jobs of busy keys wait"
    assert worker_check(secured) == {"ok": False, "detail": why}
    presence.show(second)
    assert worker_check(secured) == {"ok": True, "detail": "comparisons@here holds 'opencv-zoo'"}


def test_a_worker_of_the_version_before_that_keeps_no_list_is_seen_beside_new_ones(settings: Settings) -> None:
    records = connect(settings.redis)
    Presence(settings.redis).show(replace(WORKER, name="evaluator@here", queues=("reports",), engines=()))
    records.set("worker:engine@here", TypeAdapter(WorkerFacts).dump_json(WORKER), px=60_000)
    assert worker_check(settings)["ok"] is True


def test_who_asks_often_costs_the_server_little_whatever_else_it_holds(settings: Settings) -> None:
    records, presence = connect(settings.redis), Presence(settings.redis)
    presence.show(WORKER)
    records.mset({f"job:cmp_{number}": "x" for number in range(5000)})

    def commands(ask: Callable[[], object]) -> int:
        before = records.info("stats")["total_commands_processed"]
        ask()
        return int(records.info("stats")["total_commands_processed"] - before)

    assert commands(presence.workers) > 10, "once a minute it looks for workers that keep no list"
    assert commands(presence.workers) < 5
    with create_app(settings).test_client() as client:
        client.get("/ready")
        assert commands(lambda: [client.get("/ready") for _ in range(50)]) < 20
