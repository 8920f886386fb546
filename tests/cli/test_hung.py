"""Servers that take a command's connections and say nothing: it says which one hangs, while one still looks."""

import socket
import time
from pathlib import Path

import pytest

from core.errors import RedisUnavailable, StoreUnavailable
from core.storage import patience
from core.storage.connection import ANSWER_S
from core.storage.patience import AFTERWARDS_S, COMMAND_S
from core.storage.readiness import ping_redis
from likeness.cli.api import GREETING_S
from tests.support.busyness import measured
from tests.support.command import likeness
from tests.support.servers import Servers


@pytest.mark.parametrize(
    ("command", "part"),
    [(("evaluate", "datasets"), "the object store at 127.0.0.1:"), (("keys", "list"), "the server of the records")],
)
def test_a_command_names_the_part_that_hangs_within_five_seconds(
    command: tuple[str, ...], part: str, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        where = f"127.0.0.1:{silent.getsockname()[1]}"
        environment = {
            "LIKENESS_HOME": str(tmp_path),
            "LIKENESS_REDIS_URL": f"redis://{where}",
            "LIKENESS_S3_ENDPOINT": f"http://{where}",
            "LIKENESS_S3_ACCESS_KEY": "a",
            "LIKENESS_S3_SECRET_KEY": "b",
        }
        began = time.monotonic()
        with measured() as busyness:
            done = likeness(*command, **environment)
        took_s = time.monotonic() - began
    assert done.returncode == 1
    assert part in done.stderr
    assert "did not answer" in done.stderr
    assert COMMAND_S <= took_s < busyness.stretched(5)


def test_a_command_names_an_api_that_hangs_within_five_seconds(tmp_path: Path) -> None:
    image = tmp_path / "one.jpg"
    image.write_bytes(b"no image")
    with socket.create_server(("127.0.0.1", 0), backlog=16) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        began = time.monotonic()
        with measured() as busyness:
            done = likeness("compare", str(image), str(image), LIKENESS_HOME=str(tmp_path), LIKENESS_API_URL=url)
        took_s = time.monotonic() - began
    assert done.returncode == 1
    assert f"the API at {url} did not answer within {GREETING_S:g} s" in done.stderr
    assert "nothing was asked of it" in done.stderr
    assert GREETING_S <= took_s < busyness.stretched(GREETING_S + 1)


def test_a_server_that_has_answered_a_command_may_be_slow(redis_server: Servers) -> None:
    def granted_s(server: type[RedisUnavailable | StoreUnavailable]) -> float:
        return patience.granted_s(ANSWER_S, first_s=1, server=server)

    with patience.of_command():
        assert granted_s(RedisUnavailable) == COMMAND_S
        ping_redis(redis_server.settings.redis)
        assert (granted_s(RedisUnavailable), granted_s(StoreUnavailable)) == (ANSWER_S, COMMAND_S)
        patience.note_silence(StoreUnavailable)
        assert (granted_s(RedisUnavailable), granted_s(StoreUnavailable)) == (AFTERWARDS_S, AFTERWARDS_S)
        ping_redis(redis_server.settings.redis)
        assert granted_s(RedisUnavailable) == ANSWER_S, "it goes on"
    assert granted_s(RedisUnavailable) in (ANSWER_S, 1), "no command runs"
