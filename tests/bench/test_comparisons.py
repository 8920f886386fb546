"""What the benchmark counts, on servers that are real."""

import pytest
import redis

from bench.comparisons import redis_sent_per_job
from bench.photographs import Pair
from tests.support.servers import Servers


def test_commands_within_scripts_are_not_sent(redis_server: Servers) -> None:
    url = redis_server.settings.redis.database(0)
    with redis.Redis.from_url(url) as client:

        def compare(_: Pair) -> None:
            client.eval("redis.call('SET', 'a', '1') redis.call('INCR', 'a') return redis.call('GET', 'a')", 0)
            client.ping()

        sent = redis_sent_per_job(url, compare, [Pair(b"", b"")], for_s=0.3)
    assert sent == pytest.approx(2, rel=0.1)  # and what each new connection says first
