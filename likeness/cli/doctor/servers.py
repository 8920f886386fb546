"""Redis, RabbitMQ and the object store: whether they answer, whether they are fit, and what their clocks say."""

from collections.abc import Iterator

from core.comparisons.store import JobStore
from core.deployment.finding import Finding, fail, ok, warn
from core.errors import LikenessError, StoreUnavailable
from core.messaging.broker import Queues
from core.messaging.counting import counting
from core.settings import Settings
from core.storage import fitness, patience
from core.storage.clocks import redis_ahead_s, store_ahead_s
from core.storage.lifecycle import new_id
from core.storage.objects import ObjectStore
from core.storage.readiness import ping_redis

#: From this part of its memory on, Redis is said to be nearly full, as `/ready` says it.
MEMORY_WARNING = 0.8
#: The second begun is all that a store's date tells. A lease lasts 15 s; S3 refuses signatures 15 min off.
SKEW_S, WRONG_S = 2.0, 60.0
NTP = "have both machines keep their clocks by NTP (`timedatectl`)"


def redis(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, and what it cannot promise."""
    try:
        ping_redis(settings.redis)
        shortcomings = fitness.examine(settings.redis)
    except LikenessError as error:
        yield fail(
            "redis",
            str(error),
            "start it, or correct LIKENESS_REDIS_URL (docs/running.md, Which Redis) and restart every process",
        )
        return
    where = ", ".join(str(host) for host in settings.redis.hosts)
    for shortcoming in shortcomings:
        yield warn("redis", shortcoming, "see docs/running.md, Which Redis")
    if not shortcomings:
        yield ok("redis", f"{where} answers, keeps an append-only file and forgets nothing when it is full")
    used = JobStore.of(settings).memory_used()
    if used is not None and used >= MEMORY_WARNING:
        yield warn(
            "redis memory",
            f"{used:.0%} of maxmemory is used: once it is full, nothing more is accepted",
            "raise maxmemory, or let LIKENESS_JOB_RETENTION_S and LIKENESS_WEBHOOK_RETENTION_S be shorter",
        )
    else:
        yield ok("redis memory", "has no limit of its own" if used is None else f"{used:.0%} of maxmemory is used")
    yield clock("redis clock", redis_ahead_s(settings.redis))


def broker(settings: Settings) -> Iterator[Finding]:
    """Whether RabbitMQ answers, where it is the broker, and lets its user declare the queues."""
    if not settings.broker.url:
        return
    where = ", ".join(str(host) for host in settings.broker.hosts)
    try:
        waiting = counting(settings).waiting(*Queues.ALL)
    except LikenessError as error:
        yield fail(
            "rabbitmq",
            str(error),
            "start it, or correct LIKENESS_BROKER_URL (docs/deployment.md, RabbitMQ) and restart every process",
        )
    else:
        yield ok("rabbitmq", f"{where} answers and has the queues; {waiting} messages wait")


def store(settings: Settings) -> Iterator[Finding]:
    """Whether it answers, and an object can be written, read and deleted."""
    patience.begin()  # somebody waits
    objects, bucket = ObjectStore(settings.objects), settings.objects.bucket
    endpoint = settings.objects.credentials[0]
    remedy = (
        f"see that {endpoint} runs, that LIKENESS_S3_ENDPOINT, _ACCESS_KEY, _SECRET_KEY, _REGION and _BUCKET are its "
        "own, and restart every process"
    )
    try:
        objects.ping()
    except StoreUnavailable as error:
        missing = "does not exist" in str(error)
        made = "make it, or let `likeness up` or `python -m infra.local.servers wait` make it"
        yield fail("object store", str(error), made if missing else remedy)
        return
    key, body = f"doctor/{new_id('try')}", b"likeness doctor"
    try:
        objects.put(key, body)
        if objects.get(key) != body:
            yield fail("object store", f"{endpoint} gave back another object than was stored", remedy)
            return
        objects.delete([key])
    except LikenessError as error:
        yield fail(
            "object store",
            f"{error}: the bucket {bucket} is there, and an object cannot be stored, read and deleted in it",
            "let the keys put, get, list and delete in the bucket; see that the store's disk is not full",
        )
        return
    yield ok("object store", f"{endpoint} stores, returns and deletes in the bucket {bucket}")
    ahead_s = store_ahead_s(settings.objects)
    if ahead_s is None:
        yield warn("store clock", "its answers have no date", "see that its clock is right: signatures depend on it")
    else:
        yield clock("store clock", ahead_s)


def clock(part: str, ahead_s: float) -> Finding:
    """A server's clock, so many seconds ahead of this machine's."""
    found = f"{abs(ahead_s):.1f} s {'ahead of' if ahead_s > 0 else 'behind'} this machine's"
    if abs(ahead_s) <= SKEW_S:
        return ok(part, f"within {SKEW_S:g} s of this machine's")
    return (warn if abs(ahead_s) <= WRONG_S else fail)(part, found, NTP)
