"""What a consumer has in hand: noted before it is worked on, struck off after, restored when the consumer is gone."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery
from kombu import Connection

from core.messaging.broker import BROKER_DATABASE, Queues, Tasks, celery_app, enqueue
from core.storage.connection import connect
from tests.support.servers import Servers

JOB = "cmp_0123456789abcdef0123456789abcdef"


@pytest.fixture
def app(redis_server: Servers) -> Celery:
    return celery_app("test", redis_server.settings)


@pytest.fixture
def broker(redis_server: Servers) -> Any:
    return connect(redis_server.settings.redis, BROKER_DATABASE)


@pytest.fixture
def connection(app: Celery) -> Iterator[Connection]:
    with app.connection_for_read() as connection:
        yield connection


def taken(app: Celery, connection: Connection) -> Any:
    """A message, taken as a worker takes it."""
    enqueue(app, Tasks.COMPARE, JOB)
    queue = next(queue for queue in app.conf.task_queues if queue.name == Queues.COMPARISONS)
    message = queue.bind(connection.default_channel).get(accept=["json"])
    assert JOB in str(message.payload)
    return message


def test_a_message_costs_four_commands_and_no_transaction(app: Celery, connection: Connection, broker: Any) -> None:
    taken(app, connection).ack()  # the queue is bound from here on
    broker.config_resetstat()
    message = taken(app, connection)
    assert (broker.hlen("unacked"), broker.zcard("unacked_index")) == (1, 1)
    message.ack()
    assert (broker.hlen("unacked"), broker.zcard("unacked_index")) == (0, 0)
    calls = {name.removeprefix("cmdstat_"): stat["calls"] for name, stat in broker.info("commandstats").items()}
    assert [calls.get(name) for name in ("zadd", "hset", "hdel", "zrem", "multi")] == [1, 1, 1, 1, None]


def test_what_a_consumer_that_is_gone_had_in_hand_is_on_the_queue_again(
    app: Celery, connection: Connection, broker: Any
) -> None:
    message = taken(app, connection)
    assert broker.llen(Queues.COMPARISONS) == 0
    connection.default_channel.qos.restore_by_tag(message.delivery_tag)
    assert broker.llen(Queues.COMPARISONS) == 1
    assert (broker.hlen("unacked"), broker.zcard("unacked_index")) == (0, 0)
    message.ack()  # by whoever was taken for gone
    assert broker.llen(Queues.COMPARISONS) == 1


def test_an_entry_that_no_message_belongs_to_is_dropped_when_its_time_has_come(
    connection: Connection, broker: Any
) -> None:
    broker.zadd("unacked_index", {"cut off between two commands": time.time() - 1_000_000})
    connection.default_channel.qos.restore_visible(interval=1)
    assert broker.zcard("unacked_index") == 0
    assert broker.llen(Queues.COMPARISONS) == 0


def test_after_its_connections_were_dropped_a_consumer_notes_and_strikes_off_on_new_ones(
    app: Celery, connection: Connection, broker: Any
) -> None:
    taken(app, connection).ack()
    connection.default_channel._disconnect_pools()
    message = taken(app, connection)
    assert (broker.hlen("unacked"), broker.zcard("unacked_index")) == (1, 1)
    connection.default_channel._disconnect_pools()
    message.ack()
    assert (broker.hlen("unacked"), broker.zcard("unacked_index")) == (0, 0)
