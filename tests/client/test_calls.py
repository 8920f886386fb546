"""How both clients ask: when again, under which key, and for how long; against a server that answers as it is told."""

import asyncio
import json
import socket
import threading
from collections.abc import Callable, Coroutine, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest

from likeness import ApiForeign, ApiRefused, ApiSilent, ApiUnreachable, AsyncClient, Client, ComparisonJob
from likeness.calls import RETRIES_S, Calls
from likeness.transports import Awaiting, Blocking

JOB: dict[str, Any] = {"id": "cmp_1", "outcome": None, "score": None, "decision": None, "threshold": 0.3, "reasons": []}
RUNNING, ENDED = ({**JOB, "status": status} for status in ("running", "succeeded"))
BUSY = {"code": "queue_full", "status": 503, "detail": "too many wait", "request_id": "req_7"}
#: Closes the connection without an answer.
LOST = None
Answer = tuple[int, Mapping[str, Any], Mapping[str, str]] | None


@dataclass
class Scripted:
    """The last answer is given for ever."""

    answers: list[Answer]
    requests: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)
    url: str = ""


@contextmanager
def serving(*answers: Answer) -> Iterator[Scripted]:
    scripted = Scripted(list(answers))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", 0)))
            scripted.requests.append((self.path, dict(self.headers)))
            answer = scripted.answers[min(len(scripted.requests), len(scripted.answers)) - 1]
            if answer is None:
                self.close_connection = True
                return
            status, document, headers = answer
            body = json.dumps(document).encode()
            self.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **headers}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        do_POST = do_GET

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads, server.block_on_close = True, False
        scripted.url = f"http://127.0.0.1:{server.server_address[1]}"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        thread.start()
        try:
            yield scripted
        finally:
            server.shutdown()
            thread.join()


class Hurried(Blocking):
    """Notes a pause in place of making it."""

    def __init__(self, http: httpx.Client, pauses_s: list[float]) -> None:
        super().__init__(http)
        self._pauses_s = pauses_s

    async def pause(self, seconds: float) -> None:
        self._pauses_s.append(seconds)


class HurriedAwaiting(Awaiting):
    """The same, with a turn for others."""

    def __init__(self, http: httpx.AsyncClient, pauses_s: list[float]) -> None:
        super().__init__(http)
        self._pauses_s = pauses_s

    async def pause(self, seconds: float) -> None:
        self._pauses_s.append(seconds)
        await asyncio.sleep(0)


Asked = Callable[[Client | AsyncClient], Any]
Ask = Callable[..., tuple[Any, list[float]]]


def by_blocking(url: str, call: Asked, patience_s: float = 0.0) -> tuple[Any, list[float]]:
    pauses_s: list[float] = []
    with Client(url) as client:
        client._calls = Calls(url, Hurried(httpx.Client(base_url=url), pauses_s), patience_s=patience_s)
        return call(client), pauses_s


def by_awaiting(url: str, call: Asked, patience_s: float = 0.0) -> tuple[Any, list[float]]:
    pauses_s: list[float] = []

    async def ask() -> Any:
        async with AsyncClient(url) as client:
            transport = HurriedAwaiting(httpx.AsyncClient(base_url=url), pauses_s)
            client._calls = Calls(url, transport, patience_s=patience_s)
            asked: Coroutine[Any, Any, Any] = call(client)
            return await asked

    return asyncio.run(ask()), pauses_s


@pytest.fixture(params=[by_blocking, by_awaiting])
def ask(request: pytest.FixtureRequest) -> Ask:
    """One call of a client of either kind: its result, and the pauses it made."""
    asked: Ask = request.param
    return asked


def test_who_waits_asks_no_sooner_than_told(ask: Ask) -> None:
    told = (200, RUNNING, {"Retry-After": "7"})
    with serving(told, told, (200, ENDED, {})) as api:
        job, pauses_s = ask(api.url, lambda client: client.wait("cmp_1"))
    assert (job.status, pauses_s) == ("succeeded", [7, 7])
    assert [path for path, _ in api.requests] == ["/v1/comparisons/cmp_1?wait=20.0"] * 3


def test_a_busy_api_does_not_end_the_waiting(ask: Ask) -> None:
    with serving((503, BUSY, {"Retry-After": "5"}), (200, ENDED, {})) as api:
        job, pauses_s = ask(api.url, lambda client: client.wait("cmp_1"))
    assert (job.status, pauses_s) == ("succeeded", [5])


def test_what_is_not_there_ends_the_waiting(ask: Ask) -> None:
    with (
        serving((404, {"code": "job_not_found", "status": 404}, {})) as api,
        pytest.raises(ApiRefused) as refused,
    ):
        ask(api.url, lambda client: client.wait("cmp_1"))
    assert (refused.value.code, refused.value.retryable, len(api.requests)) == ("job_not_found", False, 1)


def test_waiting_is_over_where_asking_again_would_be_too_late(ask: Ask) -> None:
    with serving((200, RUNNING, {"Retry-After": "60"})) as api:
        job, pauses_s = ask(api.url, lambda client: client.wait("cmp_1", timeout_s=30))
    assert (job.status, pauses_s, len(api.requests)) == ("running", [], 1)


def test_a_connection_that_breaks_while_waiting_is_made_again(ask: Ask) -> None:
    with serving((200, RUNNING, {"Retry-After": "1"}), LOST, (200, ENDED, {})) as api:
        job, pauses_s = ask(api.url, lambda client: client.wait("cmp_1"))
    assert (job.status, pauses_s) == ("succeeded", [1, RETRIES_S[0]])


def test_a_lost_answer_is_asked_for_again_under_one_key(ask: Ask) -> None:
    with serving(LOST, LOST, (202, RUNNING, {})) as api:
        job, pauses_s = ask(api.url, lambda client: client.submit(b"one", b"two"))
    assert (job.id, pauses_s) == ("cmp_1", [*RETRIES_S[:2]])
    keys = {headers["Idempotency-Key"] for _, headers in api.requests}
    assert (len(api.requests), len(keys)) == (3, 1)


def test_answers_that_stay_lost_are_an_error(ask: Ask) -> None:
    with serving(LOST) as api, pytest.raises(ApiUnreachable) as unreachable:
        ask(api.url, lambda client: client.submit(b"one", b"two"))
    assert unreachable.value.retryable
    assert len(api.requests) == 1 + len(RETRIES_S)


def test_who_is_refused_is_told_when_to_ask_again(ask: Ask) -> None:
    with serving((503, BUSY, {"Retry-After": "5"})) as api, pytest.raises(ApiRefused, match="too many wait") as refused:
        ask(api.url, lambda client: client.submit(b"one", b"two"))
    error = refused.value
    assert (error.code, error.status, error.retryable, error.retry_after_s) == ("queue_full", 503, True, 5.0)
    assert (error.request_id, error.faults, len(api.requests)) == ("req_7", (), 1)


def test_the_patient_submit_again_when_told_and_give_up_where_it_takes_longer(ask: Ask) -> None:
    busy = (503, BUSY, {"Retry-After": "5"})
    with serving(busy, (202, RUNNING, {})) as api:
        job, pauses_s = ask(api.url, lambda client: client.submit(b"one", b"two"), patience_s=30)
    assert (job.id, pauses_s) == ("cmp_1", [5])
    with serving((503, BUSY, {"Retry-After": "31"})) as api, pytest.raises(ApiRefused):
        ask(api.url, lambda client: client.submit(b"one", b"two"), patience_s=30)
    assert len(api.requests) == 1


@pytest.mark.parametrize("answer", [(200, {}, {}), (404, {}, {}), (503, BUSY, {}), LOST])
def test_a_greeting_asks_for_nothing_but_a_sign_of_life(answer: Answer, ask: Ask) -> None:
    with serving(answer) as api:
        ask(api.url, lambda client: client.greet(5))
    assert [path for path, _ in api.requests] == ["/health"]


def test_who_does_not_answer_a_greeting_is_silent(ask: Ask) -> None:
    with (
        socket.create_server(("127.0.0.1", 0), backlog=2) as silent,
        pytest.raises(ApiSilent, match="nothing was asked"),
    ):
        ask(f"http://127.0.0.1:{silent.getsockname()[1]}", lambda client: client.greet(0.1))


def test_an_image_is_bytes_or_a_path_and_anything_else_is_refused_before_it_is_sent(ask: Ask, tmp_path: Path) -> None:
    image = tmp_path / "one.jpg"
    image.write_bytes(b"x" * 1000)
    with serving((202, RUNNING, {})) as api:
        ask(api.url, lambda client: client.submit(image, b"x" * 1000))
        with (
            image.open("rb") as file,
            pytest.raises(TypeError, match=r"probe: .* found BufferedReader"),
        ):
            ask(api.url, lambda client: client.submit(image, file))
    assert [int(headers["Content-Length"]) > 2000 for _, headers in api.requests] == [True]


def test_what_is_no_answer_of_this_api_says_so(ask: Ask) -> None:
    with serving((200, {"hello": "world"}, {})) as api, pytest.raises(ApiForeign, match="is not this API"):
        ask(api.url, lambda client: client.get("cmp_1"))


def test_pages_are_fetched_as_they_are_asked_for() -> None:
    def page(*ids: str, more: str | None) -> Answer:
        return 200, {"jobs": [{**ENDED, "id": one} for one in ids], "next_cursor": more}, {}

    async def newest(url: str) -> list[ComparisonJob]:
        async with AsyncClient(url) as client:
            return [job async for job in client.jobs(limit=3)]

    with serving(page("a", "b", more="c1"), page("c", more=None)) as api:
        with Client(api.url) as client:
            assert next(client.jobs(limit=3)).id == "a"
        assert len(api.requests) == 1
        api.requests.clear()
        assert [job.id for job in asyncio.run(newest(api.url))] == ["a", "b", "c"]
    assert [path for path, _ in api.requests] == ["/v1/comparisons?limit=3", "/v1/comparisons?limit=1&cursor=c1"]


def test_a_key_of_the_environment_goes_only_where_the_environment_says(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving((200, ENDED, {})) as here, serving((200, ENDED, {})) as elsewhere:
        monkeypatch.setenv("LIKENESS_API_URL", here.url)
        monkeypatch.setenv("LIKENESS_API_KEY", "lk_secret")
        for client in (Client(), Client(elsewhere.url)):
            with client:
                client.get("cmp_1")
    assert [headers.get("Authorization") for _, headers in here.requests] == ["Bearer lk_secret"]
    assert [headers.get("Authorization") for _, headers in elsewhere.requests] == [None]
