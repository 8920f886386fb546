"""A message that is composed is the one that Celery would have sent."""

import json
import sys
from base64 import b64decode
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from celery.app.task import Context
from kombu import Connection

from core.messaging.broker import BROKER_DATABASE, Queues, Tasks, celery_app, enqueue
from core.messaging.composing import Composer
from core.messaging.place import PRIORITIES
from core.storage.connection import connect
from tests.support.servers import Servers

JOB = "cmp_0123456789abcdef0123456789abcdef"


@pytest.mark.parametrize(
    ("task", "queue", "priority"),
    [
        *((Tasks.COMPARE, Queues.COMPARISONS_BUSY, priority) for priority in PRIORITIES),
        (Tasks.FETCH_IMAGES, Queues.IMAGES, 0),
    ],
)
def test_it_is_what_celery_sends_where_celery_sends_it_but_for_what_differs_each_time(
    redis_server: Servers, task: str, queue: str, priority: int
) -> None:
    app = celery_app("test", redis_server.settings)
    enqueue(app, task, JOB, queue=queue, priority=priority)
    composed = Composer(app).compose(task, JOB, queue=queue, priority=priority)
    (sent,) = connect(redis_server.settings.redis, BROKER_DATABASE).lrange(composed.queue, 0, -1)
    assert without_ids(json.loads(composed.text)) == without_ids(json.loads(sent))
    assert JOB in composed.text, "by which the reaper finds that it is enqueued"


def test_what_it_is_told_is_in_its_request(redis_server: Servers) -> None:
    app = celery_app("test", redis_server.settings)
    composed = json.loads(Composer(app).compose(Tasks.COMPARE, JOB, queue="lane", images_key="a key").text)
    assert Context(composed["headers"]).get("images_key") == "a key"


def test_no_two_messages_are_one(redis_server: Servers) -> None:
    composer = Composer(celery_app("test", redis_server.settings))
    first, second = (json.loads(composer.compose(Tasks.COMPARE, JOB, queue="lane").text) for _ in range(2))
    for name in ("correlation_id", "delivery_tag"):
        assert first["properties"][name] != second["properties"][name]
    assert first["headers"]["id"] != second["headers"]["id"]
    assert first["headers"]["id"] == first["headers"]["root_id"] == first["properties"]["correlation_id"]


@pytest.fixture
def crowded_memory() -> Iterator[None]:
    """What walks over the queues in kombu's memory takes so long that other threads come between."""
    usual_s = sys.getswitchinterval()
    with Connection("memory://") as connection, connection.channel() as channel:
        names = [f"crowd-{number}" for number in range(2000)]
        for name in names:
            channel.queue_declare(name)
        sys.setswitchinterval(1e-5)
        yield
        sys.setswitchinterval(usual_s)
        for name in names:
            channel.queue_delete(name)


@pytest.mark.usefixtures("crowded_memory")
def test_the_first_requests_of_a_process_may_all_come_at_once(redis_server: Servers) -> None:
    app = celery_app("test", redis_server.settings)
    with ThreadPoolExecutor(8) as threads:
        for _ in range(10):
            composer = Composer(app)
            asked = [threads.submit(composer.compose, Tasks.COMPARE, JOB, queue="lane") for _ in range(8)]
            assert len({one.result().text for one in asked}) == len(asked)


def without_ids(message: dict[str, Any]) -> dict[str, Any]:
    """The message, with its body in clear and the ids of chance as no more than that they are there."""
    body = json.loads(b64decode(message["body"]))
    headers = {**message["headers"], **{name: len(message["headers"][name]) for name in ("id", "root_id")}}
    properties = message["properties"]
    chance = {name: len(properties[name]) for name in ("correlation_id", "delivery_tag", "reply_to")}
    return {**message, "body": body, "headers": headers, "properties": {**properties, **chance}}
