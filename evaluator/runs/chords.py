"""What a run sends through Celery: its shards as a chord, or its plan once more. Nothing else here knows Celery."""

from collections.abc import Iterable

from celery import Celery, chord
from celery.utils import uuid

from core.evaluations.messages import ShardMessage
from core.messaging.broker import Queues, Tasks, enqueue, publishing
from core.messaging.counting import Counting


class Chords:
    """The chords of runs. The header's tasks belong to the engine workers and are known here by name only."""

    def __init__(self, app: Celery, counting: Counting) -> None:
        self._app = app
        self._counting = counting

    def send(self, run_id: str, messages: Iterable[ShardMessage]) -> None:
        """A task a message; when all are answered, the run is assembled. Raise BrokerUnavailable."""
        signature = self._app.signature
        header = [signature(Tasks.EMBED_SHARD, args=(message.to_json(),)) for message in messages]
        body = signature(Tasks.ASSEMBLE_RUN, args=(run_id,), task_id=f"{run_id}.{uuid()}")
        body.link_error(signature(Tasks.RUN_BROKE))
        with publishing(self._app):
            chord(header, body, app=self._app).apply_async()

    def plan_again(self, run_id: str) -> None:
        """For a run whose chord is lost. Raise BrokerUnavailable."""
        enqueue(self._app, Tasks.PLAN_RUN, run_id)

    def waiting(self) -> int:
        """How many messages of runs nobody has taken yet. Raise BrokerUnavailable."""
        return self._counting.waiting(Queues.EVALUATIONS, Queues.REPORTS)


def run_of_body(body_id: str) -> str:
    """The run a chord's body belongs to: its task id, all that an error callback gets, begins with it."""
    return body_id.partition(".")[0]
