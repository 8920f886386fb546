"""`likeness status`: what runs, what waits, and why."""

import json
import time
from pathlib import Path

from core.deployment.standing import Standing, Worker, standing
from core.messaging.backlog import Backlog, backlog
from core.messaging.broker import Queues, Tasks, celery_app, enqueue
from core.messaging.presence import WorkerFacts
from core.storage.counts import Count
from core.storage.lifecycle import made_at, new_id
from tests.support.command import likeness
from tests.support.servers import Servers
from tests.support.stack import Stack


def test_without_servers_it_is_one_sentence(tmp_path: Path) -> None:
    done = likeness("status", LIKENESS_HOME=str(tmp_path))
    assert done.returncode == 1
    assert "LIKENESS_REDIS_URL is not set and no local stack is running" in done.stderr
    done = likeness("status", LIKENESS_HOME=str(tmp_path), LIKENESS_REDIS_URL="redis://127.0.0.1:9")
    assert done.returncode == 1
    assert "the Redis server at 127.0.0.1:9 does not answer" in done.stderr


def test_messages_of_every_priority_are_counted_and_nobody_takes_them(redis_server: Servers) -> None:
    app = celery_app("test-status", redis_server.settings)
    for priority in (0, 3, 9):
        enqueue(app, Tasks.COMPARE, "cmp_1", priority=priority)
    app.close()
    assert backlog(redis_server.settings.redis, Queues.REPORTS, Queues.COMPARISONS).waiting == {
        Queues.REPORTS: 0,
        Queues.COMPARISONS: 3,
    }
    done = likeness("status", **redis_server.where)
    assert done.returncode == 0
    assert "nobody takes from comparisons (3 wait): no worker runs that answers" in done.stdout


def test_beside_a_stack_it_tells_workers_packs_queues_and_the_oldest(stack: Stack) -> None:
    done = stack.likeness("status", "--json")
    assert done.returncode == 0
    found = json.loads(done.stdout)
    (worker,) = found["workers"]
    assert worker["answers"]
    assert worker["packs"][0]["name"] == "opencv-zoo"
    assert found["comparisons"]["queued"] == 0
    assert found["comparisons"]["queued_oldest_s"] is None
    assert {queue["name"]: queue["workers"] for queue in found["queues"]}["comparisons"] == [worker["name"]]
    assert worker["name"] in stack.likeness("status").stdout


def test_why_names_who_is_paused_what_waits_and_what_is_dead() -> None:
    facts = WorkerFacts("engine@one", 1, time.time() - 90, Queues.LANES, ())
    waits = new_id("cmp")
    counts = {(kind, status): Count(0, None) for kind in ("job", "batch", "run") for status in ("queued", "running")}
    counts |= {("delivery", status): Count(0, None) for status in ("pending", "dead", "disabled")}
    counts |= {("job", "queued"): Count(2, waits), ("delivery", "dead"): Count(1, "evt_x")}
    workers = (
        Worker("engine@one", Queues.LANES, answers=False, facts=facts),
        Worker("rest@two", Queues.ALL[2:], answers=True, facts=None),
    )
    found = Standing(time.time() + 60, workers, Backlog(dict.fromkeys(Queues.ALL, 0), 0), {}, counts, image_urls=False)
    assert found.takers(Queues.COMPARISONS) == ()
    assert 60 <= (found.waits_s("job", "queued") or 0) < 62
    assert found.waits_s("delivery", "dead") is None
    assert [*found.why()] == [
        "engine@one does not answer: it is paused, hangs, or died within the last 15 s",
        "nobody takes from comparisons (0 wait): no worker runs that answers",
        "nobody takes from comparisons-busy (0 wait): no worker runs that answers",
        "1 deliveries are dead: `likeness webhooks list --status dead` says why, `replay` sends them",
    ]


def test_an_id_says_when_it_was_made_and_another_does_not() -> None:
    assert abs((made_at(new_id("cmp")) or 0) - time.time()) < 1
    assert made_at("mine") is None


def test_a_standing_is_asked_of_the_servers(redis_server: Servers) -> None:
    found = standing(redis_server.settings)
    assert found.workers == ()
    assert Queues.IMAGES not in found.queues
