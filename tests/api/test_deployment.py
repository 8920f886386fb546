"""`/v1/system`, `/v1/me`, `/v1/datasets`: what the caller may know of the deployment, and of themself."""

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.messaging.broker import Queues
from core.messaging.presence import Presence, WorkerFacts
from core.settings import Settings
from core.storage.connection import connect
from core.vocabulary import EngineFacts, PackIdentity
from evaluator.datasets import import_dataset, sample_benchmark
from tests.support.keyed import nobody
from tests.support.servers import PASSWORD, Servers
from tests.support.stack import Stack

ENGINE = EngineFacts(PackIdentity("opencv-zoo", "d" * 64), "CPUExecutionProvider", 640, 0.6, 32)
IDLE = {
    f"{status}{what}": value
    for status in ("queued", "running")
    for what, value in (("", 0), ("_oldest_s", None), ("_oldest_id", None))
}


@pytest.fixture
def keyed(stores: Settings) -> Iterator[tuple[KeyStore, FlaskClient]]:
    with create_app(stores.but(auth="on")).test_client() as client:
        yield KeyStore(stores.redis), client


def ask(client: FlaskClient, path: str, token: object = None) -> Any:
    answer = client.get(path, headers={"Authorization": f"Bearer {token}"} if token else {})
    assert answer.status_code == 200, answer.text
    return answer.get_json()


def submit(client: FlaskClient, token: object) -> None:
    form = {name: (io.BytesIO(body), filename) for name, (filename, body) in nobody().items()}
    answer = client.post("/v1/comparisons", data=form, headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code == 202, answer.text


def test_an_operator_is_told_of_queues_workers_and_what_is_wrong(stores: Settings) -> None:
    Presence(stores.redis).show(WorkerFacts("engine@one", 1, 1.0, Queues.LANES, (ENGINE,), version="9.9"))
    with create_app(stores).test_client() as client:
        found = ask(client, "/v1/system")
        again = ask(client, "/v1/system")
    assert again["at"] == found["at"], "a moment later it is told again what was found"
    assert (found["keys"], found["checks"]["object_store"]["ok"]) == (False, True)
    assert found["engines"] == [
        {"pack": "opencv-zoo", "pack_digest": "d" * 64, "provider": "CPUExecutionProvider", "workers": 1}
    ]
    deployment = found["deployment"]
    (worker,) = deployment["workers"]
    assert (worker["name"], worker["answers"], worker["version"]) == ("engine@one", False, "9.9")
    assert worker["started_at"] == "1970-01-01T00:00:01.000Z"
    assert {"name": "comparisons", "waiting": 0, "oldest_s": 0.0, "workers": []} in deployment["queues"]
    failed = {finding["part"] for finding in deployment["findings"] if finding["verdict"] == "fail"}
    assert {"worker engine@one", "queue comparisons"} <= failed
    assert "nobody takes from comparisons (0 wait): no worker runs that answers" in deployment["why"]
    assert set(deployment["versions"]) == {"python", "celery", "redis"}


def test_a_key_is_told_of_its_own_and_not_of_others_nor_where_the_servers_are(
    keyed: tuple[KeyStore, FlaskClient], stores: Settings
) -> None:
    keys, client = keyed
    adas, bobs, admins = (
        keys.create("a", scopes)[1] for scopes in (2 * [[Scope.SUBMIT, Scope.READ]] + [[Scope.ADMIN]])
    )
    for _ in range(2):
        submit(client, adas)
    hers, his, theirs = (ask(client, "/v1/system", token) for token in (adas, bobs, admins))
    assert hers["deployment"] is None
    assert hers["own"]["comparisons"]["queued"] == 2
    assert hers["own"]["comparisons"]["queued_oldest_id"].startswith("cmp_")
    assert 0 <= hers["own"]["comparisons"]["queued_oldest_s"] < 60
    assert (his["deployment"], his["own"]["comparisons"]) == (None, IDLE)
    assert theirs["deployment"]["comparisons"]["queued"] == 2
    assert {queue["name"]: queue["waiting"] for queue in theirs["deployment"]["queues"]}["comparisons"] == 2
    secret = (PASSWORD, "127.0.0.1", str(stores.objects.endpoint))
    assert [one for one in secret if one in json.dumps([hers, his, theirs])] == []


def test_where_redis_is_away_the_answer_says_so(redis_server: Servers, stores: Settings) -> None:
    with create_app(stores).test_client() as client:
        assert ask(client, "/v1/system")["deployment"]
        redis_server.kill("redis")
        found = ask(client, "/v1/system")
    assert (found["ready"], found["engines"], found["own"], found["deployment"]) == (False, None, None, None)


def test_asking_workers_again_and_again_leaves_no_more_behind(stores: Settings) -> None:
    with create_app(stores).test_client() as client:
        standings = client.application.extensions["likeness"].standings
        kept = []
        for _ in range(2):
            standings.now()
            standings._began = float("-inf")
            broker = connect(stores.redis, 0)
            kept.append(sorted((key, broker.type(key)) for key in broker.scan_iter()))
    assert kept[0] == kept[1]


@pytest.mark.parametrize("scope", [*Scope])
def test_every_key_learns_what_it_may_and_what_is_left(keyed: tuple[KeyStore, FlaskClient], scope: Scope) -> None:
    keys, client = keyed
    key, token = keys.create("ada", [scope], requests_per_minute=7, comparisons_per_day=5)
    me = ask(client, "/v1/me", token)
    assert me["key"] | {"created_at": None} == {
        **{"id": key.id, "owner": key.owner, "name": "ada", "created_at": None, "expires_at": None}
    }
    assert (me["keys"], me["scopes"], me["sees"]) == (True, [scope], "all" if scope is Scope.ADMIN else "own")
    assert (me["limits"]["requests_per_minute"]["limit"], me["limits"]["requests_per_minute"]["remaining"]) == (7, 6)
    assert (me["limits"]["comparisons_per_day"]["limit"], me["limits"]["comparisons_per_day"]["remaining"]) == (5, 5)
    if scope in (Scope.SUBMIT, Scope.ADMIN):
        submit(client, token)
        limits = ask(client, "/v1/me", token)["limits"]
        assert limits["comparisons_per_day"]["remaining"] == 4
        assert limits["queued"] == {"limit": 1000, "remaining": 999, "reset_s": None}
        assert limits["open_batches"] == {"limit": 10, "remaining": 10, "reset_s": None}


def test_a_key_without_limits_has_none(keyed: tuple[KeyStore, FlaskClient]) -> None:
    keys, client = keyed
    _, token = keys.create("ada", [Scope.READ], requests_per_minute=0, comparisons_per_day=0)
    limits = ask(client, "/v1/me", token)["limits"]
    none = {"limit": None, "remaining": None, "reset_s": None}
    assert (limits["requests_per_minute"], limits["comparisons_per_day"]) == (none, none)
    assert client.get("/v1/me").status_code == 401


def test_without_keys_nobody_in_particular_asks_and_the_data_sets_are_listed(
    stores: Settings, samples: dict[str, Any]
) -> None:
    with create_app(stores).test_client() as client:
        me = ask(client, "/v1/me")
        assert (me["keys"], me["key"], me["scopes"]) == (False, None, sorted(Scope))
        assert me["limits"]["queued"]["limit"] == stores.limits.max_queued
        assert ask(client, "/v1/datasets") == {"datasets": []}
        objects = client.application.extensions["likeness"].objects
        imported = import_dataset(objects, "sample", sample_benchmark(next(iter(samples.values())).parent))
        objects.put("datasets/by-name/broken.json", b"[]")
        (listed,) = ask(client, "/v1/datasets")["datasets"]
    facts = ("name", "digest", "images", "pairs", "mated", "folds", "people")
    assert {name: listed[name] for name in facts} == {name: getattr(imported, name) for name in facts}


def test_the_command_asks_the_api_where_it_is_told_to(stack: Stack) -> None:
    done = stack.likeness("status", "--url", stack.url)
    assert done.returncode == 0, done.stderr
    assert "holds      opencv-zoo on " in done.stdout
    assert "all        comparisons: " in done.stdout
    assert "fail       queue maintenance: nobody takes from it" in done.stdout
    (worker,) = json.loads(stack.likeness("status", "--url", stack.url, "--json").stdout)["deployment"]["workers"]
    assert worker["packs"][0]["name"] == "opencv-zoo"
    assert worker["version"]
    assert "does not go with --url" in stack.likeness("status", "--url", stack.url, "--watch").stderr
