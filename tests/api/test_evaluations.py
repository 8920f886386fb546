"""Runs are cheap to ask for and dear to make: so many may be open, and who asks for more is told what to do."""

from pathlib import Path

import pytest
from flask.testing import FlaskClient
from PIL import Image

from api.app import create_app
from api.routes.evaluations import policy_of
from core.evaluations.store import RunStore
from core.settings import Settings
from core.storage.objects import ObjectStore
from evaluator.datasets import import_dataset, read_benchmark

SHADES = {"dataset": "shades"}


@pytest.fixture
def client(stores: Settings, tmp_path: Path) -> FlaskClient:
    """An API that lets two runs be open, and a data set of one pair."""
    for shade in (10, 200):
        Image.new("L", (16, 16), shade).save(tmp_path / f"{shade}.png")
    (tmp_path / "pairs.csv").write_text("reference,probe,mated\n10.png,200.png,0\n")
    import_dataset(ObjectStore(stores.objects), "shades", read_benchmark("csv", tmp_path / "pairs.csv", tmp_path))
    return create_app(stores.but(max_open_runs=2)).test_client()


def test_runs_beyond_those_that_may_be_open_are_refused_until_one_has_ended(
    client: FlaskClient, stores: Settings
) -> None:
    named = {"Idempotency-Key": "once"}
    first = client.post("/v1/evaluations", json=SHADES, headers=named)
    second = client.post("/v1/evaluations", json=SHADES)
    assert (first.status_code, second.status_code) == (202, 202)
    runs = RunStore(stores.redis)
    runs.start(second.get_json()["id"])

    refused = client.post("/v1/evaluations", json=SHADES, headers={"Idempotency-Key": "another"})
    assert (refused.status_code, refused.get_json()["code"]) == (429, "too_many_runs")
    assert "2 evaluation runs wait or run; at most 2 may (LIKENESS_MAX_OPEN_RUNS)" in refused.get_json()["detail"]
    assert int(refused.headers["Retry-After"]) >= 1
    assert runs.open() == 2, "nothing was kept of it"
    again = client.post("/v1/evaluations", json=SHADES, headers=named)
    assert (again.status_code, again.get_json()["id"]) == (202, first.get_json()["id"]), "it was accepted before"

    runs.cancel(second.get_json()["id"])
    assert client.post("/v1/evaluations", json=SHADES, headers={"Idempotency-Key": "another"}).status_code == 202


def test_a_report_may_do_as_a_page_what_it_says_itself_and_in_an_origin_of_its_own() -> None:
    said = b"default-src &#39;none&#39;; script-src &#39;sha256-x&#39;"
    page = b'<meta http-equiv="Content-Security-Policy" content="' + said + b'"><script>1</script>'
    policy = "default-src 'none'; script-src 'sha256-x'; frame-ancestors 'none'; sandbox allow-scripts"
    assert policy_of(page) == policy
    assert "script-src" not in policy_of(b"<script>1</script>")
