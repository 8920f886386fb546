"""What one key's images take from the others: bytes a minute, threads, turns at the store. None of it without keys."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any

import httpx
import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from api.app import create_app
from api.door.rates import Rates, Window
from api.door.services import Services
from api.door.uploads import LARGE_BYTES
from api.serving.refusals import HELD_S, Refusals
from core.comparisons.store import JobStore
from core.errors import StoreUnavailable
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.settings import Settings
from tests.support.keyed import Files, NewKey, nobody
from tests.support.stack import eventually

THREADS = 8
Door = tuple[Services, FlaskClient]


def large() -> Files:
    """Images with more behind them than passes without a turn."""
    return {name: (filename, body + bytes(LARGE_BYTES)) for name, (filename, body) in nobody().items()}


def form_of(files: Files) -> dict[str, Any]:
    """As bytes: werkzeug's client would write large files to the disk."""
    request = httpx.Request("POST", "http://localhost/", files=files)
    return {"data": request.read(), "content_type": request.headers["Content-Type"]}


def size_of(files: Files) -> int:
    return len(form_of(files)["data"])


@pytest.fixture
def door(stores: Settings) -> Iterator[Door]:
    app = create_app(stores.but(auth="on", api_threads=THREADS))
    with app.test_client() as client:
        yield app.extensions["likeness"], client


@pytest.fixture
def new_token(stores: Settings) -> Callable[..., tuple[str, str]]:
    """Makes a key: its owner, and what it sends."""

    def make(**limits: Any) -> tuple[str, str]:
        key, token = KeyStore(stores.redis).create("a test", [Scope.SUBMIT, Scope.READ], **limits)
        return key.owner, str(token)

    return make


def submit(client: FlaskClient, token: str, files: Files, path: str = "/v1/comparisons") -> TestResponse:
    return client.post(path, **form_of(files), headers={"Authorization": f"Bearer {token}"})


def code_of(answer: TestResponse) -> tuple[int, str | None]:
    return answer.status_code, answer.get_json().get("code")


def test_a_key_that_sends_too_many_bytes_is_told_when_to_come_back(
    door: Door, new_token: Callable[..., tuple[str, str]], stores: Settings
) -> None:
    _, client = door
    size = size_of(nobody())
    owner, token = new_token(upload_bytes_per_minute=2 * size + 10)
    for left in (size + 10, 10):
        answer = submit(client, token, nobody())
        assert answer.status_code == 202, answer.text
        assert f'"bytes";q={2 * size + 10};w=60' in answer.headers["RateLimit-Policy"]
        assert f'"bytes";r={left};' in answer.headers["RateLimit"]
    assert answer.headers["X-RateLimit-Limit"] == str(2 * size + 10), "no other limit lets through as few more like it"
    for path in ("/v1/comparisons", "/compare"):
        refused = submit(client, token, nobody(), path)
        assert code_of(refused) == (429, "upload_bytes_exceeded")
        assert 1 <= int(refused.headers["Retry-After"]) <= 120
        detail = refused.get_json()["detail"]
        assert f"{2 * size + 10} bytes" in detail
        assert f"10 are left; this body has {size}" in detail
    batch = client.post("/v1/batches", **form_of(nobody()), headers={"Authorization": f"Bearer {token}"})
    assert code_of(batch) == (429, "upload_bytes_exceeded")
    listed = client.get("/v1/comparisons", headers={"Authorization": f"Bearer {token}"})
    assert (listed.status_code, "bytes" in listed.headers["RateLimit"]) == (200, False), "what brings no image is free"
    assert JobStore.of(stores).waiting(owner).of_owner == 2, "nothing was accepted"
    assert submit(client, new_token()[1], nobody()).status_code == 202, "the limit is a key's own"


def test_a_key_without_a_limit_of_its_own_has_the_deployments(
    door: Door, new_token: Callable[..., tuple[str, str]]
) -> None:
    _, client = door
    assert f'"bytes";q={256 * 2**20};w=60' in submit(client, new_token()[1], nobody()).headers["RateLimit-Policy"]
    unlimited = submit(client, new_token(upload_bytes_per_minute=0)[1], nobody())
    assert '"bytes"' not in unlimited.headers["RateLimit-Policy"]


def test_a_body_that_no_minute_has_room_for_comes_in_alone(
    door: Door, new_token: Callable[..., tuple[str, str]]
) -> None:
    _, client = door
    _, token = new_token(upload_bytes_per_minute=100)
    assert submit(client, token, nobody()).status_code == 202
    assert code_of(submit(client, token, nobody())) == (429, "upload_bytes_exceeded")


def chunked(client: httpx.Client) -> httpx.Response:
    form = form_of(nobody())
    headers = {"Content-Type": form["content_type"], "Authorization": client.headers["Authorization"]}
    return client.post("/v1/comparisons", content=iter([form["data"]]), headers=headers)


def test_a_body_that_does_not_say_its_length_is_counted_by_what_came(new_key: NewKey) -> None:
    longest, size = 20 * 2**20 + 64 * 1024, size_of(nobody())
    _, client = new_key("submit", upload_bytes_per_minute=longest + size)
    for left in (longest, longest - size):
        answer = chunked(client)
        assert answer.status_code == 202, answer.text
        assert f'"bytes";r={left};' in answer.headers["RateLimit"]
    refused = chunked(client)
    assert (refused.status_code, refused.json()["code"]) == (429, "upload_bytes_exceeded")
    assert f"does not say its length, and may have {longest}" in refused.json()["detail"]
    accepted = client.post("/v1/comparisons", files=nobody())
    assert accepted.status_code == 202, "one that says it is short comes in"


def test_half_of_the_threads_read_large_bodies_of_one_key(
    door: Door, new_token: Callable[..., tuple[str, str]]
) -> None:
    services, client = door
    owner, token = new_token()
    with ExitStack() as taken:
        for _ in range(THREADS // 2):
            assert taken.enter_context(services.large_uploads.place(owner))
        refused = submit(client, token, large())
        assert code_of(refused) == (429, "too_many_uploads")
        assert int(refused.headers["Retry-After"]) >= 1
        assert "LIKENESS_API_THREADS" in refused.get_json()["detail"]
        assert submit(client, token, nobody()).status_code == 202, "small ones pass"
        assert submit(client, new_token()[1], large()).status_code == 202, "and another key's"


def test_a_place_and_a_turn_are_free_again_whatever_became_of_the_body(
    door: Door, new_token: Callable[..., tuple[str, str]]
) -> None:
    _, client = door
    _, token = new_token()
    broken = {**large(), "probe": ("p", bytes(LARGE_BYTES))}
    for _ in range(THREADS):
        assert submit(client, token, broken).status_code == 415
    assert submit(client, token, large()).status_code == 202


def test_a_large_body_waits_for_those_of_its_key_and_for_no_other(
    door: Door, new_token: Callable[..., tuple[str, str]]
) -> None:
    services, client = door
    owner, token = new_token()
    with ThreadPoolExecutor(1) as pool:
        with services.turns.turn(owner, services.settings.limits.key_bytes_at_once, within_s=1):
            waits = pool.submit(submit, client.application.test_client(), token, large())
            eventually(lambda: _waits(services, owner))
            assert submit(client.application.test_client(), new_token()[1], large()).status_code == 202
            assert submit(client.application.test_client(), token, nobody()).status_code == 202
            assert not waits.done()
        assert waits.result().status_code == 202


def test_who_waited_behind_a_store_that_hangs_does_not_wait_for_it_again(
    door: Door, new_token: Callable[..., tuple[str, str]], stores: Settings
) -> None:
    services, client = door
    owner, token = new_token()
    with ThreadPoolExecutor(1) as pool:
        with services.turns.turn(owner, services.settings.limits.key_bytes_at_once, within_s=1):
            waits = pool.submit(submit, client.application.test_client(), token, large())
            eventually(lambda: _waits(services, owner))
            services.silences.note(StoreUnavailable)
        assert code_of(waits.result()) == (503, "store_unavailable")
    assert JobStore.of(stores).waiting(owner).of_owner == 0


def _waits(services: Services, owner: str) -> None:
    assert services.turns.waiting(owner) == 1


def test_without_keys_nobody_is_held_to_bytes(stores: Settings) -> None:
    app = create_app(stores.but(auth="off", key_upload_bytes_per_minute=1, api_threads=2))
    with app.test_client() as client:
        for _ in range(3):
            answer = client.post("/v1/comparisons", **form_of(large()), base_url="http://localhost")
            assert (answer.status_code, "RateLimit" in answer.headers) == (202, False), answer.text


def test_when_so_many_bytes_are_free_is_reckoned_as_they_are_counted() -> None:
    """`weight` is what the library's script reckons, some seconds from now."""
    window_s, limit = 60, 1000

    def weight(window: Window, in_s: float) -> float:
        before, before_ttl = window.before, window.before_expires_in_s - in_s
        now, now_ttl = window.now, window.now_expires_in_s - in_s
        if now_ttl < window_s:
            before, before_ttl, now = now, now_ttl, 0
        return before * max(0.0, before_ttl) / window_s + now

    for window in (Window(900, 45, 300, 105), Window(0, 0, 990, 119), Window(990, 1, 10, 61), Window(10, 30, 1000, 90)):
        for cost in (1, 100, 999, 1000):
            assert window.weight(window_s) == weight(window, 0)
            free_in_s = window.free_in_s(cost, limit, window_s)
            assert weight(window, free_in_s) + cost <= limit + 1e-6
            assert free_in_s == 0 or weight(window, free_in_s - 0.5) + cost > limit
    assert Window(0, 0, 0, 0).free_in_s(1000, limit, window_s) == 0


def test_bytes_and_requests_of_one_number_are_counted_apart(stores: Settings) -> None:
    rates = Rates(stores.redis)
    assert rates.count_request("ada", 5)[1].remaining == 4
    assert rates.count_bytes("ada", 5, 3)[1].remaining == 2
    assert rates.count_request("ada", 5)[1].remaining == 3
    assert rates.has_room("ada", 5, 3)[0] is False
    assert rates.has_room("ada", 5, 2)[0] is True
    assert rates.count_bytes("ada", 5, 2) == (True, rates.has_room("ada", 5, 2)[1]), "asking counted nothing"


def test_whoever_is_refused_a_body_may_read_the_answer_and_is_told_of_the_end(new_key: NewKey) -> None:
    _, client = new_key("submit", upload_bytes_per_minute=100)
    assert client.post("/v1/comparisons", files=nobody()).status_code == 202
    for _ in range(2):
        refused = client.post("/v1/comparisons", files=large())
        assert (refused.status_code, refused.json()["code"]) == (429, "upload_bytes_exceeded")
        assert refused.headers["Connection"] == "close"
    assert client.get("/v1/comparisons").status_code == 403


def test_whoever_asks_too_much_is_heard_a_moment_later_and_nobody_else(new_key: NewKey) -> None:
    _, client = new_key("read", requests_per_minute=1)
    answers: list[httpx.Response] = [client.get("/v1/comparisons") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 429, 429]
    assert answers[2].elapsed.total_seconds() >= 0.5, "it asked again at once, on the same connection"


def test_connections_of_whoever_was_refused_are_held_and_come_in_their_order() -> None:
    now = 100.0
    refusals = Refusals[str](lambda: now)
    ada, bob = (b"GET / HTTP/1.1\r\nHost: a\r\nauthorization:  Bearer %s \r\n\r\n" % name for name in (b"ada", b"bob"))
    assert not refusals.hold("before", ada)
    refusals.note(b"Bearer ada", 60)
    assert refusals.hold("first", ada)
    assert refusals.hold("second", ada)
    assert [refusals.hold("another's", head) for head in (bob, b"", b"GET / HTTP/1.1\r\n\r\n")] == [False] * 3
    assert (refusals.next_in_s(5), refusals.next_in_s(0.5), [*refusals.due()]) == (HELD_S, 0.5, [])
    now += HELD_S
    assert (refusals.next_in_s(5), [*refusals.due()]) == (0, ["first", "second"])
    assert (refusals.next_in_s(5), refusals.hold("after", ada)) == (5, False)
    refusals.note(b"Bearer ada", 0.1)
    now += 0.2
    assert not refusals.hold("it need not wait longer than it was told", ada)
