"""A store or a broker that takes connections and says nothing more: stopped, not killed."""

import os
import signal
import socket
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from core.comparisons.store import JobStore
from core.errors import BrokerUnavailable, RecordsUnavailable, StoreUnavailable
from core.messaging.broker import Tasks, celery_app, enqueue
from core.settings import Settings
from core.storage import patience
from core.storage.connection import CLIENT_ANSWER_S
from core.storage.objects import CLIENT_S, ObjectStore
from tests.support.busyness import Busyness, measured
from tests.support.keyed import nobody
from tests.support.servers import REDIS, S3, Servers
from tests.support.stack import Stack, eventually

#: What a client, and one who asks for readiness, waits at most.
LONGEST_S, READY_S, HEALTH_S = 5.0, 2.0, 1.0
#: More than an API process has threads.
CROWD = 80
CHECKS = {S3: ["object_store"], REDIS: ["job_store", "worker"]}
CODE = {S3: "store_unavailable", REDIS: "broker_unavailable"}


@contextmanager
def stopped(servers: Servers, name: str) -> Iterator[None]:
    pid = servers.processes[name].pid
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


@dataclass(frozen=True)
class Clients:
    """As many as one likes, and how long each of them waits. They share connections: a client costs 30 ms to make."""

    http: httpx.Client
    threads: ThreadPoolExecutor

    @classmethod
    @contextmanager
    def of(cls, stack: Stack) -> Iterator["Clients"]:
        with (
            httpx.Client(base_url=stack.url, timeout=60, limits=httpx.Limits(max_connections=None)) as http,
            ThreadPoolExecutor(CROWD + 2) as threads,
        ):
            yield cls(http, threads)

    def ask(self, method: str, path: str, **sent: Any) -> tuple[httpx.Response, float]:
        start = time.monotonic()
        answer = self.http.request(method, path, **sent)
        return answer, time.monotonic() - start

    def submit(self, count: int) -> list[Future[tuple[httpx.Response, float]]]:
        paths = ("/v1/comparisons", "/compare") * (count // 2)
        return [self.threads.submit(self.ask, "POST", path, files=nobody()) for path in paths]

    def names_what_hangs(self, busyness: Busyness) -> list[str]:
        """The checks that fail; what the last one to ask was told may be told for a second."""

        def not_ready() -> list[str]:
            answer, took_s = self.ask("GET", "/ready")
            assert took_s < busyness.stretched(READY_S)
            assert answer.status_code == 503
            return [check for check, said in answer.json()["checks"].items() if not said["ok"]]

        return eventually(not_ready)


def nothing_is_lost_or_left(stack: Stack) -> None:
    """What was recorded has ended, and no image lies about."""
    app, objects = celery_app("test", stack.settings), ObjectStore(stack.settings.objects)

    def none() -> None:
        enqueue(app, Tasks.ERASE_DUE)  # what beat does every 15 s
        jobs = httpx.get(f"{stack.url}/v1/comparisons", params={"limit": 100}).json()["jobs"]
        assert {job["status"] for job in jobs} == {"succeeded"}
        assert [*objects.keys("comparisons/")] == []

    eventually(none)


@pytest.mark.parametrize("name", [S3, REDIS])
def test_a_hung_server_costs_a_client_five_seconds_at_most_and_leaves_nothing(whole_stack: Stack, name: str) -> None:
    whole_stack.start("api", "worker", "courier", LIKENESS_ENGINE="sleeping")
    whole_stack.wait_until_ready()
    with Clients.of(whole_stack) as clients:
        accepted = [submitted.result()[0] for submitted in clients.submit(4)]
        assert {answer.status_code for answer in accepted} == {200, 202}
        with stopped(whole_stack, name), measured() as busyness:
            submitted = clients.submit(CROWD)
            ready = clients.threads.submit(clients.names_what_hangs, busyness)
            for _ in range(10):
                answer, took_s = clients.ask("GET", "/health")
                assert answer.status_code == 200
                assert took_s < busyness.stretched(HEALTH_S)
            assert ready.result() == CHECKS[name]
            for answer, took_s in (crowded.result() for crowded in submitted):
                assert (answer.status_code, answer.json().get("code")) == (503, CODE[name]), answer.text
                assert int(answer.headers["Retry-After"]) > 0
                assert took_s < busyness.stretched(LONGEST_S)
        whole_stack.wait_until_ready()
        assert clients.submit(2)[1].result()[0].status_code == 200
    nothing_is_lost_or_left(whole_stack)


@pytest.mark.promise
def test_a_store_that_is_slow_but_takes_one_piece_after_the_other_is_no_silent_one() -> None:
    """An upload that takes longer than a client would wait for a silence."""
    body = b"x" * 1_500_000
    with socket.create_server(("127.0.0.1", 0)) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 32 * 1024)

        def take_slowly() -> int:
            with listening.accept()[0] as client:
                taken = 0
                while taken < len(body):
                    taken += len(client.recv(16 * 1024))
                    time.sleep(0.05)
                client.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return taken

        where = {"s3_endpoint": f"http://127.0.0.1:{listening.getsockname()[1]}", "s3_access_key": "k"}
        objects = ObjectStore(Settings(**where, s3_secret_key="s").objects)
        with ThreadPoolExecutor(1) as threads:
            taken = threads.submit(take_slowly)
            patience.begin()
            start = time.monotonic()
            objects.put("a key", body)
            assert time.monotonic() - start > CLIENT_S + 0.5
            assert taken.result() > len(body)


def test_a_store_that_refuses_connections_is_asked_again_and_is_not_silent() -> None:
    where = {"s3_endpoint": "http://127.0.0.1:1", "s3_access_key": "k", "s3_secret_key": "s"}
    met = patience.begin()
    start = time.monotonic()
    with pytest.raises(StoreUnavailable) as away:
        ObjectStore(Settings(**where).objects).get("a key")
    assert type(away.value) is StoreUnavailable
    assert not met.silences
    assert time.monotonic() - start > 0.15, "it was asked again, after a while"


def test_who_has_waited_in_vain_waits_little_from_then_on(redis_server: Servers) -> None:
    jobs = JobStore.of(redis_server.settings)
    jobs.ping()
    with stopped(redis_server, REDIS), measured() as busyness:
        met = patience.begin()
        for longest_s in (CLIENT_ANSWER_S, patience.AFTERWARDS_S):
            start = time.monotonic()
            with pytest.raises(RecordsUnavailable):
                jobs.ping()
            assert longest_s <= time.monotonic() - start < busyness.stretched(longest_s + 0.4)
        assert met.silences == {RecordsUnavailable}
    patience.begin()
    jobs.ping()


@pytest.mark.parametrize("is_connected", [True, False])
def test_a_hung_broker_is_not_asked_twice(redis_server: Servers, is_connected: bool) -> None:
    app = celery_app("test", redis_server.settings, answer_s=CLIENT_ANSWER_S)
    if is_connected:
        enqueue(app, Tasks.COMPARE, "cmp_1")
    met = patience.begin()
    with stopped(redis_server, REDIS), measured() as busyness:
        start = time.monotonic()
        with pytest.raises(BrokerUnavailable):
            enqueue(app, Tasks.COMPARE, "cmp_2")
        assert time.monotonic() - start < busyness.stretched(CLIENT_ANSWER_S + 0.5)
    assert met.silences == {BrokerUnavailable}
    enqueue(app, Tasks.COMPARE, "cmp_3")
