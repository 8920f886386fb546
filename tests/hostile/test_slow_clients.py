"""Clients that send byte by byte, or do not close: nobody else waits for them."""

import json
import select
import socket
import threading
import time
from contextlib import ExitStack

import httpx
import pytest

from tests.hostile.wire import END, FORM, PROBE, REFERENCE, connect, first_answer, post, status_of
from tests.support.stack import Stack


def dribbling(stack: Stack, beginning: bytes, crowd: ExitStack, count: int = 80) -> list[socket.socket]:
    """Clients that have sent a beginning, and go on byte by byte until the crowd leaves."""
    clients = [crowd.enter_context(connect(stack)) for _ in range(count)]
    for client in clients:
        client.sendall(beginning)
    over = threading.Event()

    def dribble() -> None:
        while not over.wait(0.3):
            for client in clients:
                try:
                    client.send(b"x")
                except OSError:
                    continue

    thread = threading.Thread(target=dribble)
    thread.start()
    crowd.callback(thread.join)
    crowd.callback(over.set)
    return clients


@pytest.mark.parametrize(
    "beginning",
    [
        b"",
        b"GET /health HTTP/1.1\r\nHost: localhost\r\nX: ",
        post("/v1/comparisons", FORM + b"Content-Length: 1000000\r\n", b"--b\r\n"),
        post("/v1/comparisons", FORM + b"Transfer-Encoding: chunked\r\n", b"fffff\r\n--b\r\n"),
    ],
    ids=["nothing", "headers", "body", "chunks"],
)
def test_clients_that_dribble_hold_up_nobody_for_long(stack: Stack, beginning: bytes) -> None:
    """More of them than the API has threads."""
    with ExitStack() as crowd:
        dribbling(stack, beginning, crowd, count=80)
        start = time.monotonic()
        for _ in range(3):
            assert httpx.get(f"{stack.url}/health", timeout=60).status_code == 200
        assert time.monotonic() - start < 15


def test_a_slow_client_is_served_while_nobody_waits_for_its_thread(stack: Stack) -> None:
    request = post("/v1/comparisons", FORM, REFERENCE + PROBE + END)
    with connect(stack) as client:
        client.sendall(request[:-4])
        slow_enough = threading.Event()
        assert not slow_enough.wait(3.5), "longer than its bytes would have taken"
        client.sendall(request[-4:])
        assert status_of(first_answer(client)) == 202


def test_a_client_that_was_cut_off_is_told_so(stack: Stack) -> None:
    beginning = post("/v1/comparisons", FORM + b"Content-Length: 1000000\r\n", b"--b\r\n")
    with ExitStack() as crowd:
        # As many are cut off as others wait for a thread; which ones, nobody can say beforehand.
        answered, _, _ = select.select(dribbling(stack, beginning, crowd), [], [], 60)
        answer = first_answer(answered[0])
    assert status_of(answer) == 408
    assert json.loads(answer.partition(b"\r\n\r\n")[2])["code"] == "body_too_slow"


def test_clients_that_do_not_close_hold_up_nobody(stack: Stack) -> None:
    """gunicorn alone waits two seconds for each of them, in the one thread that serves all connections."""
    with ExitStack() as crowd:
        clients = [crowd.enter_context(connect(stack)) for _ in range(30)]
        for client in clients:
            client.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        start = time.monotonic()
        assert httpx.get(f"{stack.url}/health", timeout=90).status_code == 200
        assert time.monotonic() - start < 10
