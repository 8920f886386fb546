"""Requests as bytes on a socket, and the first answer to them."""

import re
import socket
from contextlib import suppress
from urllib.parse import urlsplit

from tests.hostile.corpus.honest import whole
from tests.support.stack import Stack

FORM = b"Content-Type: multipart/form-data; boundary=b\r\n"


def connect(stack: Stack, timeout_s: float = 30) -> socket.socket:
    url = urlsplit(stack.url)
    return socket.create_connection((url.hostname, url.port), timeout_s)


def exchange(stack: Stack, request: bytes, *, hang_up: bool = False) -> bytes:
    """The first answer to bytes that may hold more than one request, or none."""
    with connect(stack) as client:
        with suppress(OSError):  # refused before it was all sent
            client.sendall(request)
            if hang_up:
                client.shutdown(socket.SHUT_WR)
        return first_answer(client)


def first_answer(client: socket.socket) -> bytes:
    answer = b""
    with suppress(ConnectionResetError):
        while not is_whole(answer) and (more := client.recv(65536)):
            answer += more
    return answer


def is_whole(answer: bytes) -> bool:
    head, found, body = answer.partition(b"\r\n\r\n")
    length = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
    return bool(found) and len(body) >= (int(length.group(1)) if length else 0)


def status_of(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1]) if answer else 0


def post(path: str, headers: bytes, body: bytes) -> bytes:
    length = b"" if b"ength:" in headers or b"chunked" in headers else b"Content-Length: %d\r\n" % len(body)
    return b"POST %s HTTP/1.1\r\nHost: localhost\r\n%s%s\r\n%s" % (path.encode(), headers, length, body)


def part(headers: str, body: bytes) -> bytes:
    return b"--b\r\nContent-Disposition: form-data; " + headers.encode() + b"\r\n\r\n" + body + b"\r\n"


JPEG = whole()["grey JPEG"]
REFERENCE, PROBE = (part(f'name="{name}"; filename="x"', JPEG) for name in ("reference", "probe"))
END = b"--b--\r\n"
