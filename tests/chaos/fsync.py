"""What `appendfsync always` costs, and what `everysec` loses: `.venv/bin/python -m tests.chaos.fsync`.

Both in one run, by turns, on the embedded server. A write counts when it was acknowledged; then the server is killed
with -9 in the middle of the writing, started again, and asked for every acknowledged key.
"""

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from statistics import median

import redis

from infra.local.servers import RedisServer, free_port
from tests.support.stack import eventually

SECONDS = 2.0
ROUNDS = 3
WRITERS = 16
VALUE = b"x" * 1300  # about as much as a message of ours


def start(server: RedisServer) -> subprocess.Popen[bytes]:
    code = f"from infra.local.servers import RedisServer; from pathlib import Path; {server!r}.run()"
    code = code.replace("PosixPath", "Path")
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, env=dict(os.environ)
    )

    def up() -> None:
        try:
            redis.Redis.from_url(server.url).ping()
        except redis.RedisError as error:
            raise AssertionError from error

    eventually(up)
    return process


def write(server: RedisServer, writers: int, seconds: float, tag: str) -> list[str]:
    """Keys that were acknowledged, one request at a time from each writer, until time or the server is over."""
    deadline = time.monotonic() + seconds
    acknowledged: list[list[str]] = [[] for _ in range(writers)]

    def one(number: int) -> None:
        client = redis.Redis.from_url(server.url, retry=None)
        with suppress(redis.RedisError):
            while time.monotonic() < deadline:
                key = f"{tag}:{number}:{len(acknowledged[number])}"
                client.set(key, VALUE)
                acknowledged[number].append(key)

    threads = [threading.Thread(target=one, args=(number,)) for number in range(writers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return [key for keys in acknowledged for key in keys]


def lost_after_kill(server: RedisServer, tag: str) -> tuple[int, int]:
    """Acknowledged, and of these lost."""
    process = start(server)
    killer = threading.Timer(1.3, process.send_signal, [signal.SIGKILL])
    killer.start()
    acknowledged = write(server, WRITERS, 10, tag)
    process.wait()
    process = start(server)
    client = redis.Redis.from_url(server.url)
    found = sum(client.exists(*acknowledged[i : i + 500]) for i in range(0, len(acknowledged), 500))
    process.kill()
    process.wait()
    return len(acknowledged), len(acknowledged) - found


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="likeness-fsync-") as home:
        base = RedisServer(free_port(27_000), "a-password", Path(home))
        servers = {fsync: replace(base, directory=Path(home) / fsync, fsync=fsync) for fsync in ("everysec", "always")}
        rates: dict[tuple[str, int], list[float]] = {}
        for number in range(ROUNDS):
            for fsync, server in servers.items():
                process = start(server)
                for writers in (1, WRITERS):
                    done = len(write(server, writers, SECONDS, f"rate{number}"))
                    rates.setdefault((fsync, writers), []).append(done / SECONDS)
                process.kill()
                process.wait()
        for writers in (1, WRITERS):
            everysec, always = (median(rates[fsync, writers]) for fsync in servers)
            print(
                f"{writers:2} writers: everysec {everysec:6.0f} SET/s, always {always:6.0f} SET/s, "
                f"ratio {always / everysec:.2f}; a SET takes {1000 * writers / everysec:.2f} and "
                f"{1000 * writers / always:.2f} ms"
            )
        for fsync, server in servers.items():
            counts = [lost_after_kill(server, f"kill{number}") for number in range(ROUNDS)]
            said, lost = (sum(column) for column in zip(*counts, strict=True))
            print(f"{fsync}: {ROUNDS} times kill -9, {said} acknowledged, {lost} lost")


if __name__ == "__main__":
    main()
