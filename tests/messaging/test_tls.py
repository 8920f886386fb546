"""Redis over TLS: the records, the broker and the results of tasks, to whoever has the right certificate only."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.errors import BrokerUnavailable, RedisUnavailable
from core.messaging.broker import Queues, Tasks, celery_app, enqueue, messages_waiting
from core.settings import Settings
from core.storage.readiness import ping_redis
from tests.support.servers import Servers, settings_of
from tests.support.tls import with_tls


@pytest.fixture
def tls(redis_server: Servers, tmp_path: Path) -> Iterator[tuple[str, Path]]:
    """The server's URL over TLS, and the certificate to be trusted."""
    url = urlsplit(redis_server.where["LIKENESS_REDIS_URL"])
    assert url.port
    with with_tls(url.port, tmp_path) as (port, certificate):
        yield f"rediss://:{url.password}@127.0.0.1:{port}", certificate


def settings(url: str) -> Settings:
    return settings_of({"LIKENESS_REDIS_URL": url})


def test_records_messages_and_results_go_over_tls(tls: tuple[str, Path]) -> None:
    url, certificate = tls
    trusting = settings(f"{url}?ssl_ca_certs={certificate}")
    ping_redis(trusting.redis)
    app = celery_app("tls", trusting)
    enqueue(app, Tasks.COMPARE, "cmp_1")
    assert messages_waiting(trusting.redis, Queues.COMPARISONS) == 1
    app.backend.store_result("a-task", "done", "SUCCESS")
    assert app.AsyncResult("a-task").get(timeout=10) == "done"
    with app.connection_for_read() as connection:
        message = connection.SimpleQueue(app.amqp.queues[Queues.COMPARISONS]).get(timeout=10)
        message.ack()
    assert messages_waiting(trusting.redis, Queues.COMPARISONS) == 0


def test_a_certificate_that_nobody_vouches_for_is_not_trusted(tls: tuple[str, Path]) -> None:
    url, _ = tls
    stranger = settings(url)
    with pytest.raises(RedisUnavailable, match="certificate verify failed"):
        ping_redis(stranger.redis)
    with pytest.raises(BrokerUnavailable):
        enqueue(celery_app("tls", stranger), Tasks.COMPARE, "cmp_1")


def test_who_expects_no_tls_is_not_served(tls: tuple[str, Path]) -> None:
    url, _ = tls
    with pytest.raises(RedisUnavailable, match="closed by server"):
        ping_redis(settings(url.replace("rediss://", "redis://")).redis)
