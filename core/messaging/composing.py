"""Messages as Celery and kombu write them, composed and not sent: the step that records a job enqueues its message."""

import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from functools import cache
from threading import Lock
from typing import Any
from uuid import uuid4

from celery import Celery
from kombu import Connection, Queue

from core.messaging.broker import EXCHANGE, publishing
from core.messaging.place import list_of
from core.storage.messages import Message

#: kombu's memory is one for the whole process, and two threads of a fresh one may both want a pattern: whichever closes
#: its channel would walk over queues that the other makes.
_MEMORY = Lock()


class Composer:
    """Composes what `enqueue` would send. kombu itself writes one message of each task, in memory: the pattern."""

    def __init__(self, app: Celery) -> None:
        self._app = app
        self._pattern = cache(self._written)

    def compose(self, task: str, subject: str, *, queue: str, priority: int = 0, **told: str) -> Message:
        """The message that has `task` done for `subject`, an id, by whoever takes from `queue`: 0 comes before 9.

        What it is `told` beside that it finds in its request, and can do without.
        """
        pattern = self._pattern(task)
        task_id = str(uuid4())
        headers = {**pattern["headers"], "id": task_id, "root_id": task_id, "argsrepr": repr((subject,)), **told}
        properties = {
            **pattern["properties"],
            "correlation_id": task_id,
            "delivery_tag": str(uuid4()),
            "priority": priority,
            "delivery_info": {**pattern["properties"]["delivery_info"], "routing_key": queue},
        }
        _, *options = json.loads(b64decode(pattern["body"]))
        body = b64encode(json.dumps([[subject], *options]).encode()).decode()
        return Message(
            list_of(queue, priority),
            json.dumps({**pattern, "body": body, "headers": headers, "properties": properties}),
        )

    def publish(self, message: Message) -> None:
        """Send a message of priority 0 that was composed, and wait until it is kept. Raise BrokerUnavailable."""
        written = json.loads(message.text)
        with publishing(self._app), self._app.producer_pool.acquire(block=True) as producer:
            producer.publish(
                b64decode(written["body"]),
                exchange="",  # RabbitMQ's own, which knows a queue by its name
                routing_key=message.queue,
                declare=[self._app.amqp.queues[message.queue]],
                headers=written["headers"],
                content_type=written["content-type"],
                content_encoding=written["content-encoding"],
                correlation_id=written["properties"]["correlation_id"],
                retry=True,
                retry_policy=self._app.conf.task_publish_retry_policy,
            )

    def _written(self, task: str) -> Mapping[str, Any]:
        """A message of this task as it lies in a queue."""
        name = f"pattern-{uuid4()}"
        with _MEMORY, Connection("memory://") as connection, connection.channel() as channel:
            queue = Queue(name, EXCHANGE, routing_key=name)
            self._app.send_task(task, args=("",), ignore_result=True, queue=queue, connection=connection)
            written: dict[str, Any] = channel._get(name)
            channel.queue_delete(name)
        return written
