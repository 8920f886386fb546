"""What a run leaves and tells: its end is called back, and erased it leaves nothing, unless thresholds rest on it."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from core.evaluations.calibrations import Calibration, CalibrationStore
from core.evaluations.runs import Run, RunKeys, RunRequest
from core.evaluations.store import RunStore
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.packs.catalogue import Pack, directory_identity
from core.settings import Settings
from core.storage.connection import connect
from core.storage.lifecycle import Failure, Status, new_id
from core.storage.objects import ObjectStore
from core.vocabulary import Policy, Track
from core.webhooks.deliveries import DeliveryStore
from core.webhooks.endpoints import EndpointStore
from core.webhooks.signing import new_secret
from evaluator.datasets import import_dataset, sample_benchmark
from tests.support.command import likeness
from tests.support.schema import unexplained

URL = "https://receiver.example/events"
REQUEST = RunRequest("lfw", "d" * 64, Track.RAW, "opencv-zoo", False, Policy.LARGEST, 640, 4, 2, 1)


@pytest.fixture
def settings(stores: Settings) -> Settings:
    return stores.but(webhook_secrets=new_secret())


@pytest.fixture
def client(settings: Settings) -> Iterator[FlaskClient]:
    with create_app(settings).test_client() as client:
        yield client


@pytest.fixture
def runs(settings: Settings) -> RunStore:
    return RunStore(settings.redis)


def finished(runs: RunStore, settings: Settings, **request: Any) -> Run:
    """A run that has succeeded, with its four files."""
    run = runs.create(new_id("run"), replace(REQUEST, **request))
    runs.start(run.id)
    runs.advance(run.id, 0, 4, whole=True)
    for key in RunKeys(run.id).all:
        ObjectStore(settings.objects).put(key, b"{}")
    return runs.succeed(run.id, {"accuracy": 1})


def calibrated_from(run: Run, settings: Settings, pack: Pack) -> None:
    digest = directory_identity(pack).digest
    CalibrationStore(settings.redis).put(Calibration(pack.name, digest, run.id, "lfw", "d" * 64, 640, 0.0, ()))


def told(settings: Settings) -> list[tuple[str, str, dict[str, Any]]]:
    """Of each delivery: where it goes, its type, its data."""
    page = DeliveryStore(settings.redis, settings.webhooks).page(limit=10)
    return [(one.url, one.type, json.loads(one.body)["data"]) for one in page.deliveries]


def test_the_end_of_a_run_is_told_to_its_callback_url_and_to_endpoints_that_want_it(
    settings: Settings, runs: RunStore
) -> None:
    endpoints = EndpointStore(settings.redis)
    endpoints.create(None, "https://all.example/", ["evaluation.failed", "evaluation.succeeded"])
    endpoints.create(None, "https://others.example/", ["comparison.succeeded"])
    done = finished(runs, settings, callback_url=URL)
    assert len(done.deliveries) == 2
    assert done.event_id in done.deliveries
    of_both = {url: (kind, data) for url, kind, data in told(settings)}
    assert of_both.keys() == {URL, "https://all.example/"}
    kind, data = of_both[URL]
    assert kind == "evaluation.succeeded"
    assert {name: data[name] for name in ("id", "status", "dataset", "pairs", "error", "url")} == {
        **{"id": done.id, "status": "succeeded", "dataset": "lfw", "pairs": 2, "error": None},
        **{"url": f"/v1/evaluations/{done.id}"},
    }
    failed = runs.fail(runs.create(new_id("run"), REQUEST).id, Failure("internal", "it broke"))
    assert failed.event_id is None
    assert len(failed.deliveries) == 1
    assert told(settings)[0][1:] == (
        "evaluation.failed",
        {**data, "id": failed.id, "status": "failed", "url": f"/v1/evaluations/{failed.id}"}
        | {"error": {"code": "internal", "message": "it broke"}},
    )
    assert unexplained(settings.redis) == []


def test_a_run_asked_for_with_a_key_is_told_in_its_name(
    settings: Settings, runs: RunStore, samples: dict[str, Path]
) -> None:
    key, token = KeyStore(settings.redis).create("ada", [Scope.EVALUATE, Scope.READ])
    objects = ObjectStore(settings.objects)
    import_dataset(objects, "sample", sample_benchmark(next(iter(samples.values())).parent))
    with create_app(settings.but(auth="on")).test_client() as client:
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {token}"
        refused = client.post("/v1/evaluations", json={"dataset": "sample", "callback_url": "ftp://x.example"})
        assert (refused.status_code, refused.get_json()["code"]) == (422, "callback_scheme_refused")
        asked = client.post("/v1/evaluations", json={"dataset": "sample", "callback_url": URL}).get_json()
        assert (asked["owner"], asked["callback_url"]) == (key.owner, URL)
        client.post(f"/v1/evaluations/{asked['id']}/cancel")
        (delivery,) = client.get("/v1/webhook-deliveries").get_json()["deliveries"]
    assert (delivery["id"], delivery["type"]) == (asked["event_id"], "evaluation.cancelled")
    assert delivery["urls"]["job"] == f"/v1/evaluations/{asked['id']}"
    assert DeliveryStore(settings.redis, settings.webhooks).get(delivery["id"]).owner == key.owner


def test_an_erased_run_leaves_nothing(client: FlaskClient, settings: Settings, runs: RunStore) -> None:
    run, other = finished(runs, settings, callback_url=URL), finished(runs, settings)
    assert client.delete(f"/v1/evaluations/{run.id}").status_code == 204
    assert client.get(f"/v1/evaluations/{run.id}").get_json()["code"] == "job_not_found"
    assert client.delete(f"/v1/evaluations/{run.id}").status_code == 404
    assert [key for key in connect(settings.redis).scan_iter() if run.id in key] == []
    assert told(settings) == [], "nor what was to be told"
    assert sorted(ObjectStore(settings.objects).keys("runs/")) == sorted(RunKeys(other.id).all)
    assert [one.id for one in runs.page(limit=10).runs] == [other.id]
    assert runs.advance(run.id, 0, 1, whole=False) is Status.CANCELLED, "and no shard brings it back"
    assert connect(settings.redis).exists(f"run:{run.id}", f"run:{run.id}:progress") == 0


def test_an_open_run_is_erased_only_by_force(client: FlaskClient, runs: RunStore, settings: Settings) -> None:
    run = runs.create(new_id("run"), REQUEST)
    runs.start(run.id)
    refused = client.delete(f"/v1/evaluations/{run.id}")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "run_in_use")
    assert "cancel it first" in refused.get_json()["detail"]
    assert client.delete(f"/v1/evaluations/{run.id}?force=perhaps").get_json()["code"] == "force_invalid"
    assert client.delete(f"/v1/evaluations/{run.id}?force=true").status_code == 204
    assert unexplained(settings.redis) == []


def test_a_run_that_thresholds_rest_on_is_erased_only_by_force_and_they_stay(
    client: FlaskClient, runs: RunStore, settings: Settings, zoo: Pack
) -> None:
    run = finished(runs, settings)
    calibrated_from(run, settings, zoo)
    refused = client.delete(f"/v1/evaluations/{run.id}")
    assert (refused.status_code, refused.get_json()["code"]) == (409, "run_in_use")
    assert "the thresholds of opencv-zoo rest on this run" in refused.get_json()["detail"]
    assert runs.get(run.id).status is Status.SUCCEEDED
    assert client.delete(f"/v1/evaluations/{run.id}?force=true").status_code == 204
    kept = CalibrationStore(settings.redis).get(directory_identity(zoo).digest)
    assert kept
    assert kept.run_id == run.id


def test_the_command_erases_a_run(runs: RunStore, settings: Settings, zoo: Pack) -> None:
    run = finished(runs, settings)
    calibrated_from(run, settings, zoo)
    where = {
        "LIKENESS_REDIS_URL": settings.redis.url.get_secret_value() if settings.redis.url else "",
        "LIKENESS_S3_ENDPOINT": str(settings.objects.endpoint),
        "LIKENESS_S3_ACCESS_KEY": settings.objects.credentials[1],
        "LIKENESS_S3_SECRET_KEY": settings.objects.credentials[2],
        "LIKENESS_S3_BUCKET": settings.objects.bucket,
        "LIKENESS_HOME": str(settings.home),
    }
    refused = likeness("evaluate", "erase", run.id, **where)
    assert refused.returncode == 1
    assert "rest on this run" in refused.stderr
    done = likeness("evaluate", "erase", run.id, "--force", **where)
    assert (done.returncode, done.stdout) == (0, f"{run.id} is erased\n")
    assert [*ObjectStore(settings.objects).keys("runs/")] == []
