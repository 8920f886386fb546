"""Callback URLs and the delivery log over HTTP."""

import io
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from api.app import create_app
from core.errors import SettingsInvalid
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.webhooks.deliveries import DeliveryStatus, DeliveryStore
from tests.support.receivers import receiving
from tests.support.stack import Stack, eventually


def submit(stack: Stack, samples: dict[str, Path], callback_url: str) -> httpx.Response:
    image = samples["obama.jpg"].read_bytes()
    files = {"reference": ("r", image), "probe": ("p", image)}
    return httpx.post(f"{stack.url}/v1/comparisons", files=files, data={"callback_url": callback_url}, timeout=30)


@pytest.mark.parametrize(
    ("url", "code"),
    [
        ("ftp://example.com/", "callback_scheme_refused"),
        ("https://user:secret@example.com/", "callback_credentials_refused"),
        ("https://169.254.169.254/latest/meta-data/", "callback_address_refused"),
        (f"https://example.com/{'a' * 3000}", "callback_url_too_long"),
        ("https://example.com/\n", "callback_url_invalid"),
        ("", "callback_url_invalid"),
    ],
)
def test_a_callback_url_that_cannot_be_right_is_refused_at_the_door(
    post: Stack, samples: dict[str, Path], url: str, code: str
) -> None:
    answer = submit(post, samples, url)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, code), problem
    assert problem["errors"][0]["pointer"] == "/callback_url"


def test_a_deployment_without_a_secret_calls_nobody_back(post: Stack) -> None:
    assert post.settings.signing.secrets is None, "the stack has some in its environment only"
    form = {name: (io.BytesIO(b"not looked at"), name) for name in ("reference", "probe")}
    with create_app(post.settings).test_client() as client:
        answer = client.post("/v1/comparisons", data={**form, "callback_url": "https://example.com/"})
        assert (answer.status_code, answer.get_json()["code"]) == (422, "callbacks_not_configured")


def test_an_api_whose_callbacks_nobody_could_sign_refuses_to_start(post: Stack) -> None:
    secrets = f"whsec_{'A' * 20}-{'A' * 23}"
    with pytest.raises(SettingsInvalid, match="secret 1 must be whsec_ and base64; character 27 is not"):
        create_app(post.settings.but(webhook_secrets=secrets))


def test_the_log_is_listed_in_pages_and_by_status(
    post: Stack, end_a_job: Callable[..., str], deliveries: DeliveryStore
) -> None:
    with receiving() as receiver:
        ids = [end_a_job(receiver.url) for _ in range(3)]

        def delivered() -> None:
            assert {deliveries.get(event_id).status for event_id in ids} == {DeliveryStatus.DELIVERED}

        eventually(delivered)
    seen: list[str] = []
    query: dict[str, str] = {"status": "delivered", "limit": "2"}
    while True:
        answer = httpx.get(f"{post.url}/v1/webhook-deliveries", params=query)
        page = answer.json()
        seen += [delivery["id"] for delivery in page["deliveries"]]
        assert {delivery["status"] for delivery in page["deliveries"]} <= {"delivered"}
        if page["next_cursor"] is None:
            break
        assert 'rel="next"' in answer.headers["Link"]
        query["cursor"] = page["next_cursor"]
    assert seen == sorted(seen, reverse=True)
    assert set(ids) <= set(seen)
    assert len(seen) == len(set(seen))
    one = httpx.get(f"{post.url}/v1/webhook-deliveries/{ids[0]}").json()
    assert [attempt["status"] for attempt in one["log"]] == [204]
    assert (one["attempts"], one["next_attempt_at"]) == (1, None)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "code"),
    [
        ("GET", "/evt_nobody", None, 404, "job_not_found"),
        ("POST", "/evt_nobody/replay", None, 404, "job_not_found"),
        ("GET", "?status=lost", None, 422, "status_unknown"),
        ("GET", "?cursor=bm90aGluZw", None, 422, "cursor_invalid"),
        ("POST", "/replay", {"status": "pending"}, 422, "status_unknown"),
        ("POST", "/replay", {"since": "yesterday"}, 422, "time_invalid"),
        ("POST", "/replay", {"from": "2026-01-01T00:00:00Z"}, 422, "field_unknown"),
    ],
)
def test_what_is_wrong_is_named(
    post: Stack, method: str, path: str, body: dict[str, str] | None, status: int, code: str
) -> None:
    answer = httpx.request(method, f"{post.url}/v1/webhook-deliveries{path}", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)


def test_a_replay_of_a_time_without_deliveries_replays_nothing(post: Stack) -> None:
    body = {"since": "2001-01-01T00:00:00Z", "until": "2001-01-02T00:00:00Z"}
    answer = httpx.post(f"{post.url}/v1/webhook-deliveries/replay", json=body)
    assert (answer.status_code, answer.json()) == (202, {"replayed": 0, "more": False})


def test_the_document_describes_the_event_and_an_event_fits_it(
    post: Stack, end_a_job: Callable[..., str], deliveries: DeliveryStore
) -> None:
    document = httpx.get(f"{post.url}/openapi.json").json()
    operation = document["webhooks"]["comparison"]["post"]
    reference = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"]
    assert reference == "#/components/schemas/Event"
    schemas = document["components"]["schemas"]
    with receiving() as receiver:
        end_a_job(receiver.url)

        def arrived() -> None:
            assert receiver.requests

        eventually(arrived)
        event = receiver.requests[0].event
    assert set(event) == set(schemas["Event"]["properties"])
    assert set(event["data"]) == set(schemas["EventData"]["properties"])
    assert event["type"] in schemas["Event"]["properties"]["type"]["enum"]


def test_a_key_sees_and_replays_its_own_deliveries_only(
    post: Stack, end_a_job: Callable[..., str], deliveries: DeliveryStore
) -> None:
    keys, app = KeyStore(post.settings.redis), create_app(post.settings.but(auth="on"))
    (mine, my_token), (theirs, _) = (keys.create("a test", [Scope.READ, Scope.SUBMIT]) for _ in range(2))
    with receiving(lambda number: 404) as receiver:
        my_event, their_event = end_a_job(receiver.url, mine.owner), end_a_job(receiver.url, theirs.owner)

        def dead() -> None:
            assert {deliveries.get(i).status for i in (my_event, their_event)} == {DeliveryStatus.DEAD}

        eventually(dead)
    as_me = {"Authorization": f"Bearer {my_token}"}
    with app.test_client() as client:
        here = "/v1/webhook-deliveries"
        listed = client.get(here, headers=as_me).get_json()["deliveries"]
        assert [delivery["id"] for delivery in listed] == [my_event]
        assert client.get(f"{here}/{my_event}", headers=as_me).status_code == 200
        assert client.get(f"{here}/{their_event}", headers=as_me).status_code == 404
        assert client.post(f"{here}/{their_event}/replay", headers=as_me).status_code == 404
        assert client.post(f"{here}/replay", headers=as_me, json={}).get_json() == {"replayed": 1, "more": False}
        assert client.get(here).status_code == 401
    assert deliveries.get(their_event).status is DeliveryStatus.DEAD
