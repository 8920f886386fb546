"""For each alert one fault that must fire it, brought about on a real stack and mended at the end of its block."""

import socket
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from functools import partial

from core.messaging.broker import Queues, celery_app
from tests.alerts.load import nobody, smeared
from tests.alerts.scene import Scene
from tests.support.servers import REDIS, S3


@dataclass(frozen=True)
class Drill:
    """An alert and what is to fire it."""

    alert: str
    #: In words.
    fault: str
    made: Callable[[Scene], AbstractContextManager[None]]
    #: What the durations of the rules are divided by; 1: they are as they stand.
    times: float = 12
    #: How long it may take to fire, and to be resolved.
    within_s: float = 120


@contextmanager
def killed(name: str, scene: Scene) -> Iterator[None]:
    """With -9; it comes back."""
    scene.stack.kill(name)
    try:
        yield
    finally:
        scene.start(name)
        if name in (REDIS, S3):
            scene.stack.wait_for_servers()
        if name == REDIS:
            scene.limit_memory()


@contextmanager
def killed_with_queue(scene: Scene) -> Iterator[None]:
    with killed("worker", scene):
        scene.submit(10)
        yield


@contextmanager
def killed_with_run(scene: Scene) -> Iterator[None]:
    with killed("evaluator", scene):
        scene.ask_for_run()
        yield


@contextmanager
def killed_with_batch(scene: Scene) -> Iterator[None]:
    with killed("embedder", scene):
        scene.load.batch()
        yield


@contextmanager
def deaf(scene: Scene) -> Iterator[None]:
    """As a lost consumer would make it: it takes from no queue any more, and everything else goes on."""
    control, name = celery_app("test", scene.stack.settings).control, f"engine@{socket.gethostname()}"
    for queue in (*Queues.LANES, f"{name}.dq2"):
        control.cancel_consumer(queue, destination=[name], reply=True, timeout=5)
    try:
        yield
    finally:
        scene.stack.kill("worker")
        scene.start("worker")


@contextmanager
def images_lost(scene: Scene) -> Iterator[None]:
    """Somebody empties the bucket while jobs wait."""
    with killed("worker", scene):
        scene.submit(40)
        scene.objects.delete(scene.objects.keys("comparisons/"))
    yield


@contextmanager
def refusing(scene: Scene) -> Iterator[None]:
    """The consumer says 400 to every callback, which is final."""
    before = scene.receiver.answer
    scene.receiver.answer = lambda number: 400
    try:
        yield
    finally:
        scene.receiver.answer = before


@contextmanager
def unswept(scene: Scene) -> Iterator[None]:
    """The consumer is busy, and nobody sends for the retries."""
    before = scene.receiver.answer
    scene.receiver.answer = lambda number: 503
    try:
        with killed("beat", scene):
            yield
    finally:
        scene.receiver.answer = before


@contextmanager
def nearly_full(scene: Scene) -> Iterator[None]:
    """A limit just above what is used."""
    redis = scene.redis
    before = int(redis.config_get("maxmemory")["maxmemory"])
    redis.config_set("maxmemory", int(redis.info("memory")["used_memory"] / 0.85))
    try:
        yield
    finally:
        redis.config_set("maxmemory", before)


#: In the order of the rules.
DRILLS = (
    Drill("LikenessNoWarmWorker", "the worker is killed", partial(killed, "worker")),
    Drill("LikenessStateUnknown", "Redis is killed", partial(killed, REDIS)),
    Drill("LikenessProcessDown", "the evaluator is killed, and a run is asked for", killed_with_run),
    Drill("LikenessComparisonsWait", "the worker is killed, and 10 comparisons are submitted", killed_with_queue),
    Drill("LikenessBatchesWait", "the embedder is killed, and a batch is submitted", killed_with_batch, times=60),
    Drill("LikenessWorkerDeaf", "the worker's consumers are cancelled; it lives on", deaf, times=1),
    Drill("LikenessComparisonsFail", "40 comparisons wait while the bucket is emptied", images_lost),
    Drill(
        "LikenessManyNotAcquired",
        "the probe's camera is covered",
        lambda scene: scene.load.through(nobody),
        times=60,
    ),
    Drill(
        "LikenessScoresDrifted",
        "the probe's camera has a smeared lens",
        lambda scene: scene.load.through(smeared),
        times=300,
        within_s=600,
    ),
    Drill("LikenessDeliveriesDead", "the consumer says 400", refusing, times=60),
    Drill("LikenessDeliveriesWait", "beat is killed while the consumer says 503", unswept),
    Drill("LikenessPhotographsPastRetention", "the object store is killed", partial(killed, S3)),
    Drill("LikenessRedisNearlyFull", "`maxmemory` is just above what is used", nearly_full),
)
