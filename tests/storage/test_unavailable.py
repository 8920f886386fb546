"""A server that is away is called after what was asked of it, under the one code that HTTP knows."""

import socket
from collections.abc import Callable, Iterator

import pytest

from core.comparisons.store import JobStore
from core.errors import BrokerUnavailable, RecordsUnavailable, RedisUnavailable
from core.messaging.broker import Queues, Tasks, celery_app, enqueue, messages_waiting
from core.settings import Settings, load_settings
from courier.lost_jobs import LostJobs


@pytest.fixture
def away(monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """Settings that name a port on which nobody listens; it is bound, so that nobody can."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        monkeypatch.setenv("LIKENESS_REDIS_URL", f"redis://127.0.0.1:{bound.getsockname()[1]}")
        yield load_settings()


@pytest.mark.parametrize(
    ("call", "kind", "server"),
    [
        (lambda away: JobStore.of(away).ping(), RecordsUnavailable, "the server of the records"),
        (lambda away: JobStore.of(away).get("cmp_0"), RecordsUnavailable, "the server of the records"),
        (lambda away: LostJobs.of(away).find(), RecordsUnavailable, "the server of the records"),
        (lambda away: messages_waiting(away.redis, *Queues.LANES), BrokerUnavailable, "the broker"),
        (lambda away: enqueue(celery_app("test", away), Tasks.COMPARE, "cmp_0"), BrokerUnavailable, "the broker"),
    ],
    ids=["ping", "get", "lost jobs", "messages waiting", "enqueue"],
)
def test_a_server_that_is_away_is_named(
    away: Settings, call: Callable[[Settings], object], kind: type[RedisUnavailable], server: str
) -> None:
    with pytest.raises(RedisUnavailable) as raised:
        call(away)
    assert type(raised.value) is kind
    assert str(raised.value).startswith(f"{server} did not ")
    assert (raised.value.code, raised.value.retryable) == ("broker_unavailable", True)
