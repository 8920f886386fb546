"""Real receivers of callbacks, small HTTP servers that remember what came, and jobs that call them back."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from core.comparisons.images import ImageFacts
from core.comparisons.jobs import ComparisonRequest, Job
from core.storage.lifecycle import Status, new_id
from core.vocabulary import Policy, Threshold

Reply = int | tuple[int, Mapping[str, str]]


@dataclass(frozen=True)
class Received:
    """One request as it came."""

    at: float
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def event(self) -> dict[str, Any]:
        return dict(json.loads(self.body))

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]


@dataclass
class Receiver:
    """Where it listens, and what has come so far. `answer` gets the number of the request, counted from 1."""

    port: int
    address: str
    answer: Callable[[int], Reply]
    scheme: str = "http"
    requests: list[Received] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"{self.scheme}://{self.address}:{self.port}/events"

    @property
    def ids(self) -> set[str]:
        return {request.id for request in self.requests}


@contextmanager
def receiving(
    answer: Callable[[int], Reply] = lambda number: 204,
    *,
    address: str = "127.0.0.1",
    port: int = 0,
    tls: ssl.SSLContext | None = None,
) -> Iterator[Receiver]:
    """A receiver, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.requests.append(
                Received(time.time(), self.path, {k.lower(): v for k, v in self.headers.items()}, body)
            )
            reply = receiver.answer(len(receiver.requests))
            status, headers = reply if isinstance(reply, tuple) else (reply, {})
            try:
                self.send_response(status)
                for name, value in {"Content-Length": "0", **headers}.items():
                    self.send_header(name, value)
                self.end_headers()
            except OSError:
                pass  # nobody waited for this answer

        do_GET = do_POST

        def log_message(self, *_: object) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True
        block_on_close = False

        def finish_request(self, request: Any, client_address: Any) -> None:
            if tls is None:
                super().finish_request(request, client_address)
                return
            try:
                with tls.wrap_socket(request, server_side=True) as stream:
                    super().finish_request(stream, client_address)
            except OSError:
                pass  # the other side did not like our certificate

    with Server((address, port), Handler) as server:
        receiver = Receiver(server.server_address[1], address, answer, "https" if tls else "http")
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()


@dataclass
class Served:
    """A server of images: by path a body, pieces of one, or a status with where it leads or how long it says it is."""

    port: int
    answers: dict[str, bytes | Iterator[bytes] | tuple[int, str]]
    paths: list[str] = field(default_factory=list)

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port}{path}"


@contextmanager
def serving_images(answers: Mapping[str, bytes | Iterator[bytes] | tuple[int, str]]) -> Iterator[Served]:
    """Images, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            served.paths.append(self.path)
            answer = served.answers.get(self.path, (404, ""))
            status, fact = answer if isinstance(answer, tuple) else (200, "")
            try:
                self.send_response(status)
                if isinstance(answer, bytes):
                    self.send_header("Content-Length", str(len(answer)))
                elif fact:
                    self.send_header("Content-Length" if status == 200 else "Location", fact)
                self.end_headers()
                for piece in [answer] if isinstance(answer, bytes) else () if isinstance(answer, tuple) else answer:
                    self.wfile.write(piece)
                    if not isinstance(answer, bytes) and len(piece) == 1:
                        time.sleep(0.05)
            except OSError:
                pass  # nobody waited for this answer

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        served = Served(server.server_address[1], dict(answers))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield served
        finally:
            server.shutdown()
            thread.join()


def job_that_calls_back(url: str | None, owner: str | None = None) -> Job:
    """A queued job that nobody will run: its images are nowhere."""
    facts = ImageFacts("image/jpeg", 1, 1, 1, "0" * 64)
    request = ComparisonRequest(
        "opencv-zoo", Policy.LARGEST, Threshold(0.3, "a test"), "comparisons/none", facts, facts, {"case": "42"}, url
    )
    event_id = new_id("evt") if url else None
    return Job(new_id("cmp"), Status.QUEUED, 1, time.time(), request, owner=owner, event_id=event_id)
