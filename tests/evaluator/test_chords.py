"""A chord that Redis does not take is an outage, not the end of its run; and what is there of it is sent for again."""

from typing import Any

import pytest

from core.errors import BrokerUnavailable
from core.evaluations.messages import ShardMessage
from core.evaluations.pipeline import Pipeline
from core.messaging.broker import BROKER_DATABASE, Queues, celery_app
from core.messaging.counting import counting
from core.storage.connection import connect
from core.vocabulary import Policy, Track
from evaluator.runs.chords import Chords
from tests.support.faults import REFUSALS, Fault
from tests.support.servers import Servers


@pytest.fixture
def chords(redis_server: Servers) -> Chords:
    return Chords(celery_app("test", redis_server.settings), counting(redis_server.settings))


@pytest.fixture
def broker(redis_server: Servers) -> Any:
    return connect(redis_server.settings.redis, BROKER_DATABASE)


PIPELINE = Pipeline("a-pack", "d", Track.RAW, False, Policy.LARGEST, 320, 0.7, 24, "cpu")
SHARDS = [ShardMessage("run_1", shard, "a shard", "d" * 64, "a part", 1, PIPELINE) for shard in range(3)]


@pytest.mark.parametrize(("word", "fault"), REFUSALS.items())
def test_a_chord_that_is_refused_is_an_outage(
    redis_server: Servers, chords: Chords, broker: Any, word: str, fault: Fault
) -> None:
    chords.send("run_1", SHARDS)
    assert broker.llen(Queues.EVALUATIONS) == 3
    with fault(broker, redis_server.home), pytest.raises(BrokerUnavailable):
        chords.send("run_1", SHARDS)
    chords.send("run_1", SHARDS)
    assert broker.llen(Queues.EVALUATIONS) == 6


def test_a_chord_that_finds_redis_gone_after_another_is_an_outage(
    redis_server: Servers, chords: Chords, broker: Any
) -> None:
    """Celery would be subscribed to the results of the one before, and would try for 20 s to take that up again."""
    chords.send("run_1", SHARDS)
    redis_server.kill("redis")
    with pytest.raises(BrokerUnavailable):
        chords.send("run_1", SHARDS)
    redis_server.start_servers("redis")
    chords.send("run_1", SHARDS)
    assert broker.llen(Queues.EVALUATIONS) == 6
