"""Queues, tasks and the Celery settings every process shares. Messages are JSON and carry keys, never images."""

from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any, Final, Protocol

from celery import Celery
from celery.exceptions import BackendError
from celery.exceptions import OperationalError as CeleryOperationalError
from celery.utils.nodenames import worker_direct
from kombu import Exchange, Queue
from kombu.exceptions import OperationalError

from core.errors import BrokerUnavailable
from core.messaging import rabbit, transport
from core.settings import Settings
from core.settings.groups import RedisSettings
from core.settings.rabbit import SCHEMES
from core.storage import messages
from core.storage.connection import ANSWER_S, CONNECT_S, asking, connect, is_silence, translated
from core.storage.patience import note_silence

BROKER_DATABASE = messages.DATABASE
#: A worker's own queue on RabbitMQ is gone so long after its worker; one on Redis is a list, and gone when it is empty.
OWN_QUEUE_S = 86400
RESULT_DATABASE = 1


class Queues:
    """One name in one place; a test holds the Procfile to this list."""

    COMPARISONS: Final = "comparisons"
    #: Where the jobs of a key wait that has more than its fair share waiting; workers take from both by turns.
    COMPARISONS_BUSY: Final = "comparisons-busy"
    #: Shards of batches: a process of its own takes them, so that comparisons come first.
    BATCHES: Final = "batches"
    BATCHES_BUSY: Final = "batches-busy"
    EVALUATIONS: Final = "evaluations"
    REPORTS: Final = "reports"
    CALLBACKS: Final = "callbacks"
    CALLBACKS_RETRY: Final = "callbacks-retry"
    MAINTENANCE: Final = "maintenance"
    #: Jobs whose images are to be fetched. Others decide how long that takes, so it has a process of its own.
    IMAGES: Final = "images"

    LANES: Final = (COMPARISONS, COMPARISONS_BUSY)
    BATCH_LANES: Final = (BATCHES, BATCHES_BUSY)
    ENGINE: Final = (*LANES, *BATCH_LANES, EVALUATIONS)
    EVALUATOR: Final = (REPORTS,)
    COURIER: Final = (CALLBACKS, CALLBACKS_RETRY, MAINTENANCE)
    FETCHER: Final = (IMAGES,)
    ALL: Final = (*ENGINE, *EVALUATOR, *COURIER, *FETCHER)


class Tasks:
    """Explicit names: moving a function never breaks a message in flight."""

    COMPARE: Final = "likeness.compare"
    COMPARE_SHARD: Final = "likeness.compare_shard"
    EMBED_SHARD: Final = "likeness.embed_shard"
    PLAN_RUN: Final = "likeness.plan_run"
    ASSEMBLE_RUN: Final = "likeness.assemble_run"
    RUN_BROKE: Final = "likeness.run_broke"
    REPAIR_RUNS: Final = "likeness.repair_runs"
    ANSWER_INQUIRY: Final = "likeness.answer_inquiry"
    CANARY: Final = "likeness.canary"
    FETCH_IMAGES: Final = "likeness.fetch_images"
    REAP: Final = "likeness.reap"
    EXPIRE: Final = "likeness.expire"
    SWEEP_ORPHANS: Final = "likeness.sweep_orphans"
    ERASE_DUE: Final = "likeness.erase_due"
    FORGET_EXPIRED: Final = "likeness.forget_expired"
    DELIVER: Final = "likeness.deliver"
    SWEEP_DELIVERIES: Final = "likeness.sweep_deliveries"


ROUTES: Final = {
    Tasks.COMPARE: {"queue": Queues.COMPARISONS},
    Tasks.COMPARE_SHARD: {"queue": Queues.BATCHES},
    Tasks.EMBED_SHARD: {"queue": Queues.EVALUATIONS},
    Tasks.PLAN_RUN: {"queue": Queues.REPORTS},
    Tasks.ASSEMBLE_RUN: {"queue": Queues.REPORTS},
    Tasks.RUN_BROKE: {"queue": Queues.REPORTS},
    Tasks.REPAIR_RUNS: {"queue": Queues.REPORTS},
    Tasks.ANSWER_INQUIRY: {"queue": Queues.REPORTS},
    Tasks.FETCH_IMAGES: {"queue": Queues.IMAGES},
    Tasks.REAP: {"queue": Queues.MAINTENANCE},
    Tasks.EXPIRE: {"queue": Queues.MAINTENANCE},
    Tasks.SWEEP_ORPHANS: {"queue": Queues.MAINTENANCE},
    Tasks.ERASE_DUE: {"queue": Queues.MAINTENANCE},
    Tasks.FORGET_EXPIRED: {"queue": Queues.MAINTENANCE},
    Tasks.DELIVER: {"queue": Queues.CALLBACKS},
    Tasks.SWEEP_DELIVERIES: {"queue": Queues.MAINTENANCE},
}


#: Every queue is bound under its own name; the default binding would copy each message to all of them.
EXCHANGE: Final = Exchange("likeness", type="direct")


def celery_app(name: str, settings: Settings, *, answer_s: float = ANSWER_S) -> Celery:
    """A Celery app with our settings. Nothing connects until it is used.

    `answer_s`: the broker may be silent for so long; less where a client waits.
    """
    transport.use()
    rabbit.use()
    app = Celery(name, set_as_current=False)
    options: dict[str, Any] = {
        "visibility_timeout": settings.jobs.visibility_timeout_s,
        # kombu's default looks for abandoned messages every 10 x 10 s; ours every 5 s.
        "unacked_restore_interval": 5,
        "unacked_restore_throttle": 1,
        # A worker killed while it looks leaves this lock behind; kombu's default would block the others for 300 s.
        "unacked_mutex_expire": 10,
        # Half-open connections are noticed, and a broker that is away fails a publish within seconds.
        "socket_timeout": answer_s,
        "socket_connect_timeout": CONNECT_S,
        "socket_keepalive": True,
        "health_check_interval": 25,
    }
    sentinels = settings.redis.sentinels
    found = {"master_name": sentinels.service, "sentinel_kwargs": asking(sentinels)} if sentinels else {}
    app.conf.update(
        broker_url=_url(settings.redis, BROKER_DATABASE),
        result_backend=f"core.messaging.results:{'SentinelResults' if sentinels else 'Results'}"
        f"+{_url(settings.redis, RESULT_DATABASE)}",
        broker_transport_options={**options, **found},
        result_backend_transport_options={
            "visibility_timeout": settings.jobs.visibility_timeout_s,
            # A result that a demoted or full server refuses is offered again, like one that found it away.
            "additional_connection_errors": ["redis.exceptions:ResponseError"],
            **found,
        },
        redis_socket_timeout=ANSWER_S,
        redis_socket_connect_timeout=CONNECT_S,
        visibility_timeout=settings.jobs.visibility_timeout_s,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        task_serializer="json",
        result_serializer="json",
        accept_content=["json"],
        task_queues=[Queue(name, EXCHANGE, routing_key=name) for name in Queues.ALL],
        task_default_queue=Queues.MAINTENANCE,
        task_create_missing_queues=False,
        task_routes=ROUTES,
        # A message is acknowledged when its work is done, so a killed worker's message comes back.
        task_acks_late=True,
        # Rejecting on a lost worker would redeliver a crashing image without end; the job counts its attempts.
        task_reject_on_worker_lost=False,
        worker_prefetch_multiplier=1,
        worker_consumer="core.messaging.consumer:ReconnectingConsumer",
        # Cancelling would lose the task for good on Redis (measured on 5.7.0).
        worker_cancel_long_running_tasks_on_connection_loss=False,
        # A busy worker that is stopped sleeps this long, to the end, then hands back what still runs.
        worker_soft_shutdown_timeout=settings.worker.shutdown_grace_s,
        # Three more messages a job, a fifth of what a worker does beside the model. Flower turns them on if it is to.
        worker_send_task_events=False,
        task_send_sent_event=False,
        worker_hijack_root_logger=False,
        task_ignore_result=True,
        result_expires=3600,
        result_chord_expires=86400,
        task_publish_retry_policy={
            "max_retries": 2,
            "interval_start": 0.05,
            "interval_step": 0.2,
            "interval_max": 0.5,
            "errback": _give_up_on_silence,
        },
        timezone="UTC",
        enable_utc=True,
    )
    if settings.broker.url:
        app.conf.update(rabbit.celery_options(settings.broker, answer_s))
        app.conf.task_queues = [rabbit.quorum_queue(name, EXCHANGE) for name in Queues.ALL]
    return app


def own_queue(worker: str) -> Queue:
    """That to which messages for this worker alone go."""
    queue = worker_direct(worker)
    queue.expires = OWN_QUEUE_S
    return queue


def _give_up_on_silence(error: Exception, interval_s: float) -> None:
    """Called by kombu before it tries again: what was not answered in time would not be the second time either."""
    rabbit.give_up_on_silence(error, interval_s)
    if is_silence(error):
        raise OperationalError(str(error)) from error


class Enqueue(Protocol):
    """`enqueue` on one app: what those are handed who publish and know no Celery."""

    def __call__(
        self, task: str, *args: str, queue: str | None = None, priority: int = 0, expires_s: float | None = None
    ) -> None:
        """Publish a task by name, to its own queue or another. Raise BrokerUnavailable when the broker is away."""


def enqueue(
    app: Celery,
    task: str,
    *args: str,
    queue: str | Queue | None = None,
    priority: int = 0,
    expires_s: float | None = None,
) -> None:
    """Publish a task by name, to its own queue or another. Raise BrokerUnavailable when the broker is away."""
    with publishing(app):
        # Unless the message itself says that nobody wants its result, Celery subscribes to it, and takes that back.
        where = {"queue": queue} if queue else {}
        app.send_task(task, args=args, expires=expires_s, ignore_result=True, priority=priority, **where)


@contextmanager
def publishing(app: Celery) -> Iterator[None]:
    """Give the ways in which a message may not be taken, or its result not be expected, one name: BrokerUnavailable."""
    is_rabbit = str(app.conf.broker_url).startswith(SCHEMES)
    try:
        with translated(BrokerUnavailable), rabbit.translated() if is_rabbit else nullcontext():
            yield
    except (OperationalError, CeleryOperationalError, BackendError) as error:
        if is_silence(error.__cause__ or error):
            note_silence(BrokerUnavailable)
        raise BrokerUnavailable(f"the broker did not take the message: {error}") from error


def messages_waiting(server: RedisSettings, *queues: str) -> int:
    """How many messages no worker has taken yet. Raise BrokerUnavailable."""
    with translated(BrokerUnavailable):
        pipeline = connect(server, BROKER_DATABASE).pipeline(transaction=False)
        for queue in queues:
            pipeline.llen(queue)
        return sum(pipeline.execute())


def _url(server: RedisSettings, database: int) -> str:
    return server.sentinels.celery_url(database) if server.sentinels else server.database(database)
