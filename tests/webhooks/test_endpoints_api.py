"""Endpoints over HTTP and by command: registered, tested, rotated, removed; and nothing lost when all is killed."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result
from flask.testing import FlaskClient
from standardwebhooks.webhooks import Webhook

from api.app import create_app
from core.keys.keys import Scope
from core.keys.store import KeyStore
from likeness.cli.webhooks import webhooks
from tests.support.receivers import receiving
from tests.support.stack import Stack, eventually

HERE = "/v1/webhook-endpoints"
URL = "https://consumer.example/events"


@pytest.fixture
def clean(post: Stack) -> Iterator[Stack]:
    """The stack; what a test registers with it is removed."""
    yield post
    with post.client() as client:
        for endpoint in list(client.endpoints()):
            client.remove_endpoint(endpoint["id"])


def command(stack: Stack, *arguments: str) -> Result:
    return CliRunner().invoke(webhooks, ["endpoints", *arguments], env=stack.environment)


def test_an_endpoint_is_registered_shown_changed_and_removed(clean: Stack) -> None:
    with httpx.Client(base_url=clean.url) as client:
        made = client.post(HERE, json={"url": URL, "event_types": ["comparison.failed"], "description": "mine"})
        endpoint = made.json()
        assert (made.status_code, made.headers["Location"]) == (201, f"{HERE}/{endpoint['id']}")
        Webhook(endpoint.pop("secret"))
        assert client.get(made.headers["Location"]).json() == endpoint, "without its secret"
        assert client.get(HERE).json() == {"endpoints": [endpoint], "next_cursor": None}
        changed = client.patch(f"{HERE}/{endpoint['id']}", json={"enabled": False, "url": f"{URL}2"}).json()
        fields = {"enabled": False, "url": f"{URL}2", "changed_at": changed["changed_at"]}
        assert changed == {**endpoint, **fields}
        assert client.post(f"{HERE}/{endpoint['id']}/test").json()["code"] == "endpoint_disabled"
        assert client.delete(f"{HERE}/{endpoint['id']}").status_code == 204
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/rotate-secret")):
            gone = client.request(method, f"{HERE}/{endpoint['id']}{path}", json={} if method != "GET" else None)
            assert (gone.status_code, gone.json()["code"]) == (404, "endpoint_not_found")


def test_endpoints_are_listed_in_pages(clean: Stack) -> None:
    with httpx.Client(base_url=clean.url) as client:
        made = [client.post(HERE, json={"url": URL}).json()["id"] for _ in range(5)]
        seen: list[str] = []
        query: dict[str, str] = {"limit": "2"}
        while True:
            page = client.get(HERE, params=query).json()
            seen += [endpoint["id"] for endpoint in page["endpoints"]]
            if page["next_cursor"] is None:
                break
            query["cursor"] = page["next_cursor"]
        assert seen == made[::-1]
        refused = client.post(HERE, json={"url": URL})
        assert (refused.status_code, refused.json()["code"]) == (422, "too_many_endpoints")
        assert "LIKENESS_WEBHOOK_MAX_ENDPOINTS" in refused.json()["detail"]


@pytest.mark.parametrize(
    ("body", "pointer", "code"),
    [
        ({}, "/url", "url_missing"),
        ({"url": 7}, "/url", "url_invalid"),
        ({"url": "ftp://example.com/"}, "/url", "callback_scheme_refused"),
        ({"url": "https://169.254.169.254/"}, "/url", "callback_address_refused"),
        ({"url": f"https://example.com/{'a' * 3000}"}, "/url", "callback_url_too_long"),
        ({"url": URL, "event_types": []}, "/event_types", "event_types_empty"),
        ({"url": URL, "event_types": ["comparison.lost"]}, "/event_types/0", "event_type_unknown"),
        ({"url": URL, "event_types": ["comparison.failed"] * 2}, "/event_types", "event_types_repeated"),
        ({"url": URL, "event_types": "comparison.failed"}, "/event_types", "event_types_invalid"),
        ({"url": URL, "description": "x" * 201}, "/description", "description_too_long"),
        ({"url": URL, "description": "\ud800"}, "/description", "description_invalid"),
        ({"url": URL, "description": "a\nb"}, "/description", "description_invalid"),
        ({"url": URL, "enabled": "yes"}, "/enabled", "enabled_invalid"),
        ({"url": URL, "secret": "whsec_mine"}, "/secret", "field_unknown"),
    ],
)
def test_what_is_wrong_is_named(post: Stack, body: dict[str, Any], pointer: str, code: str) -> None:
    answer = httpx.post(f"{post.url}{HERE}", content=json.dumps(body), headers={"Content-Type": "application/json"})
    problem = answer.json()
    assert (answer.status_code, problem["code"], problem["errors"][0]["pointer"]) == (422, code, pointer), problem


@pytest.mark.parametrize("grace", [-1, 7 * 86400 + 1, "a day", None])
def test_a_grace_that_cannot_be_is_refused(clean: Stack, grace: object) -> None:
    with httpx.Client(base_url=clean.url) as client:
        endpoint = client.post(HERE, json={"url": URL}).json()
        answer = client.post(endpoint["urls"]["rotate_secret"], json={"grace_s": grace})
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (422, "/grace_s")


def test_a_test_event_goes_the_way_of_all_events(clean: Stack) -> None:
    with receiving() as receiver, httpx.Client(base_url=clean.url) as client:
        endpoint = client.post(HERE, json={"url": receiver.url, "event_types": ["comparison.failed"]}).json()
        sent = client.post(endpoint["urls"]["test"])
        assert (sent.status_code, sent.json()["endpoint_id"], sent.json()["job_id"]) == (202, endpoint["id"], None)

        def delivered() -> None:
            shown = client.get(sent.json()["urls"]["self"]).json()
            assert shown["status"] == "delivered", shown
            assert set(shown["urls"]) == {"self", "replay", "endpoint"}

        eventually(delivered)
        event = Webhook(endpoint["secret"]).verify(receiver.requests[0].body, dict(receiver.requests[0].headers))
    assert event["type"] == "webhook.test"
    assert event["data"] == {"message": "This is a test.", "owner": None, "endpoint_id": endpoint["id"]}


def test_a_delivery_to_a_disabled_endpoint_is_replayed_once_it_is_enabled(clean: Stack) -> None:
    with receiving(lambda number: 410 if number == 1 else 204) as receiver, clean.client() as client:
        endpoint = client.add_endpoint(receiver.url)
        event_id = client.test_endpoint(endpoint["id"])["id"]
        eventually(lambda: _assert(client.delivery(event_id)["status"] == "disabled"))
        assert not client.endpoint(endpoint["id"])["enabled"]
        answer = httpx.post(f"{clean.url}/v1/webhook-deliveries/{event_id}/replay")
        assert (answer.status_code, answer.json()["code"]) == (409, "endpoint_disabled")
        client.change_endpoint(endpoint["id"], enabled=True)
        client.replay(event_id)
        eventually(lambda: _assert(client.delivery(event_id)["status"] == "delivered"))


def test_the_command_registers_lists_tests_rotates_changes_and_removes(clean: Stack) -> None:
    with receiving() as receiver:
        added = command(clean, "add", receiver.url, "--type", "comparison.failed", "--description", "a receiver")
        secret, endpoint_id = added.stdout.strip(), added.stderr.split(",")[0]
        listed = command(clean, "list")
        assert endpoint_id in listed.stdout
        assert "a receiver" in listed.stdout
        tested = command(clean, "test", endpoint_id)
        assert (tested.exit_code, "delivered, answered 204" in tested.output) == (0, True), tested.output
        Webhook(secret).verify(receiver.requests[0].body, dict(receiver.requests[0].headers))
        new = command(clean, "rotate", endpoint_id).stdout.strip()
        assert command(clean, "test", endpoint_id).exit_code == 0
        for either in (secret, new):
            Webhook(either).verify(receiver.requests[1].body, dict(receiver.requests[1].headers))
        receiver.answer = lambda number: 404
        assert command(clean, "test", endpoint_id).exit_code == 1
        assert json.loads(command(clean, "change", endpoint_id, "--disable").stdout)["enabled"] is False
        assert command(clean, "change", endpoint_id).exit_code == 2
        assert "is removed" in command(clean, "remove", endpoint_id).stdout
        assert command(clean, "list", "--json").stdout == ""


def test_a_key_has_endpoints_of_its_own(post: Stack) -> None:
    keys, app = KeyStore(post.settings.redis), create_app(post.settings.but(auth="on"))
    (ada, adas), (_, bobs), (_, admins) = (
        keys.create("a test", scopes)
        for scopes in ([Scope.READ, Scope.SUBMIT], [Scope.READ, Scope.SUBMIT], [Scope.ADMIN])
    )

    def as_(token: object) -> dict[str, str]:
        return {"Authorization": f"Bearer {token}"}

    with app.test_client() as client:
        made = client.post(HERE, json={"url": URL}, headers=as_(adas)).get_json()
        assert made["owner"] == ada.owner
        assert listed(client, as_(bobs)) == []
        assert listed(client, as_(adas)) == listed(client, as_(admins)) == [made["id"]]
        for method, path in (("GET", ""), ("PATCH", ""), ("DELETE", ""), ("POST", "/test"), ("POST", "/rotate-secret")):
            answer = client.open(f"{HERE}/{made['id']}{path}", method=method, json={}, headers=as_(bobs))
            assert answer.status_code == 404, (method, path)
        _, rotated = keys.rotate(ada.id)
        assert listed(client, as_(rotated)) == [made["id"]], "they are the owner's, whichever key of the row asks"
        assert client.delete(f"{HERE}/{made['id']}", headers=as_(admins)).status_code == 204


def listed(client: FlaskClient, headers: dict[str, str]) -> list[str]:
    return [endpoint["id"] for endpoint in client.get(HERE, headers=headers).get_json()["endpoints"]]


def test_every_ending_is_told_to_an_endpoint_though_all_that_work_are_killed(
    clean: Stack, samples: dict[str, Path]
) -> None:
    image = samples["obama.jpg"].read_bytes()
    with receiving() as receiver, clean.client() as client:
        endpoint = client.add_endpoint(receiver.url)
        jobs = {client.submit(image, image).id for _ in range(20)}
        eventually(lambda: _assert(len(receiver.requests) >= 3))
        for name in ("worker", "courier"):
            clean.kill(name)  # -9, in the middle of whatever they do
        jobs |= {client.submit(image, image).id for _ in range(5)}
        clean.start("worker", "courier")

        def all_told() -> None:
            assert {request.event["data"]["id"] for request in receiver.requests} == jobs

        eventually(all_told)
        told = {(request.event["data"]["id"], request.id) for request in receiver.requests}
        assert Counter(job for job, _ in told) == dict.fromkeys(jobs, 1), "each under one id, however often it came"
        for request in receiver.requests:
            Webhook(endpoint["secret"]).verify(request.body, dict(request.headers))


def _assert(condition: bool) -> None:
    assert condition
