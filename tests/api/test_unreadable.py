"""A record that this version cannot read: said to its owner, hidden from others, and erased when asked."""

import io
from typing import Any

import pytest
from flask.testing import FlaskClient

from api.app import create_app
from core.comparisons.store import JobStore
from core.evaluations.runs import RunRequest
from core.evaluations.store import RunStore
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.settings import Settings
from core.storage.connection import connect
from core.vocabulary import Policy, Track
from tests.support.keyed import nobody

DAMAGES: dict[str, dict[str, Any]] = {
    "a request of a later version": {"request": '{"form": "of a later version"}'},
    "a status that there is none of": {"status": "asleep"},
    "a time that is none": {"created_at": "yesterday"},
    "bytes that are no text": {"request": b"\xff\xfe", "attempts": b"\xff"},
}


class Caller:
    def __init__(self, settings: Settings) -> None:
        _, token = KeyStore(settings.redis).create("a test", [Scope.SUBMIT, Scope.READ, Scope.EVALUATE])
        self.client: FlaskClient = create_app(settings).test_client()
        self.headers = {"Authorization": f"Bearer {token}"}

    def ask(self, method: str, path: str, **options: Any) -> Any:
        return self.client.open(path, method=method, headers=self.headers, **options)

    def submits(self) -> str:
        form = {side: (io.BytesIO(body), name) for side, (name, body) in nobody().items()}
        return str(self.ask("POST", "/v1/comparisons", data=form).json["id"])


@pytest.fixture
def settings(stores: Settings) -> Settings:
    return stores.but(auth="on")


@pytest.fixture
def ada(settings: Settings) -> Caller:
    return Caller(settings)


@pytest.mark.parametrize("damage", DAMAGES.values(), ids=DAMAGES)
def test_a_job_that_cannot_be_read_is_said_to_be_and_can_be_erased(
    ada: Caller, settings: Settings, damage: dict[str, Any]
) -> None:
    job_id, sound, here = ada.submits(), ada.submits(), "/v1/comparisons"
    images_key = JobStore.of(settings).get(job_id).request.images_key
    connect(settings.redis).hset(f"job:{job_id}", mapping=damage)
    for method, path in (("GET", ""), ("GET", "/receipt"), ("POST", "/cancel")):
        answer = ada.ask(method, f"{here}/{job_id}{path}")
        assert (answer.status_code, answer.json["code"]) == (409, "record_unreadable"), path
        assert f"this version cannot read the job '{job_id}'" in answer.json["detail"]
        assert f"DELETE {here}/{job_id} erases it" in answer.json["detail"]
    assert [job["id"] for job in ada.ask("GET", here).json["jobs"]] == [sound], "it hides no other"
    other = Caller(settings)
    for method in ("GET", "DELETE"):
        assert other.ask(method, f"{here}/{job_id}").status_code == 404, "to others it is not there"
    assert ada.ask("DELETE", f"{here}/{job_id}").status_code == 204
    assert JobStore.of(settings).due_erasures() == [images_key]
    for method in ("GET", "DELETE"):
        assert ada.ask(method, f"{here}/{job_id}").status_code == 404
    assert not connect(settings.redis).exists(f"job:{job_id}")


def test_a_job_whose_status_is_gone_is_erased_with_its_images(ada: Caller, settings: Settings) -> None:
    job_id = ada.submits()
    images_key = JobStore.of(settings).get(job_id).request.images_key
    connect(settings.redis).hdel(f"job:{job_id}", "status")
    assert ada.ask("GET", f"/v1/comparisons/{job_id}").json["code"] == "record_unreadable"
    assert ada.ask("DELETE", f"/v1/comparisons/{job_id}").status_code == 204
    assert JobStore.of(settings).due_erasures() == [images_key]


def test_a_run_that_cannot_be_read_is_said_to_be_and_hides_no_other(ada: Caller, settings: Settings) -> None:
    runs, request = (
        RunStore(settings.redis),
        RunRequest("own", "d", Track.RAW, "p", False, Policy.LARGEST, 640, 1, 1, 1),
    )
    bad, good = (runs.create(f"run_{name}", request).id for name in ("bad", "good"))
    connect(settings.redis).hset(f"run:{bad}", "request", "{}")
    answer = ada.ask("GET", f"/v1/evaluations/{bad}")
    assert (answer.status_code, answer.json["code"]) == (409, "record_unreadable")
    assert [run["id"] for run in ada.ask("GET", "/v1/evaluations").json["evaluations"]] == [good]
