"""What is in the query, and requests that no route takes: nothing is ignored, and what there is instead is named."""

import io
import itertools
import re
from typing import Any

import pytest
from flask import Flask

from api.app import create_app
from api.door.access import routes
from api.routes.pages import PAGES
from core.comparisons.store import JobStore
from core.settings import Settings
from tests.support.keyed import nobody

#: Pages and probes take any.
OPEN = {
    *("/", "/assets/{path:name}", *(path.replace("<", "{").replace(">", "}") for path in PAGES)),
    *("/evaluations/frame", "/docs", "/docs/{name}", "/openapi.json", "/health", "/ready"),
}


@pytest.fixture
def app(stores: Settings) -> Flask:
    return create_app(stores)


@pytest.fixture
def client(app: Flask) -> Any:
    return app.test_client()


def submit(client: Any, query: str = "") -> Any:
    form = {side: (io.BytesIO(body), name) for side, (name, body) in nobody().items()}
    return client.post(f"/v1/comparisons{query}", data=form)


def test_every_route_refuses_a_parameter_that_it_does_not_know(app: Flask, client: Any) -> None:
    for method, path, _ in routes(app):
        answer = client.open(path.replace("{", "").replace("}", ""), method=method, query_string={"wiat": "1"})
        if path in OPEN:
            # `name` is none of the files behind /docs and the pages.
            assert answer.status_code in ((404,) if path.endswith("name}") else (200, 503)), path
            continue
        assert (answer.status_code, answer.json["code"]) == (422, "parameter_unknown"), (method, path)
        assert [error["pointer"] for error in answer.json["errors"]] == ["/wiat"]


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("/v1/comparisons/cmp_0?wiat=5", "wiat: no query parameter has this name; known here are wait"),
        (
            "/v1/comparisons?page=2&limit=5",
            "page: no query parameter has this name; known here are limit, cursor, status",
        ),
        ("/v1/webhook-endpoints?status=x", "known here are limit, cursor"),
        ("/v1/packs?name=x", "name: no query parameter has this name; this call takes none"),
        ("/v1/comparisons?limit=1&limit=2", "limit: this query parameter stands 2 times; send it once"),
    ],
)
def test_the_answer_names_it_and_the_known_ones(client: Any, path: str, says: str) -> None:
    assert says in client.get(path).json["detail"]


def test_what_is_refused_is_not_accepted(client: Any, stores: Settings) -> None:
    for query in ("?wiat=5", "?wait=5&wait=6", "?wait=soon", "?wait=-1", "?threshold=0.3"):
        assert submit(client, query).status_code == 422, query
    assert JobStore.of(stores).page(limit=1).jobs == ()
    accepted = submit(client, "?wait=0.1")
    assert (accepted.status_code, accepted.json["status"]) == (202, "queued")


@pytest.mark.parametrize(
    ("method", "path", "status", "says"),
    [
        ("GET", "/v1/comparision", 404, "nothing is at /v1/comparision; did you mean /v1/comparisons"),
        ("GET", "/v1/comparisons/", 404, "did you mean /v1/comparisons?"),
        ("GET", "/v1/comparison/cmp_1", 404, "/v1/comparisons/cmp_1"),
        ("GET", "/v1/comparisons/cmp_1/reciept", 404, "did you mean /v1/comparisons/cmp_1/receipt"),
        ("GET", "/wp-login.php", 404, "nothing is at /wp-login.php; all paths are in /openapi.json"),
        ("GET", "/compare", 405, "/compare takes POST, not GET"),
        ("PUT", "/v1/comparisons", 405, "/v1/comparisons takes GET and POST, not PUT"),
        ("PATCH", "/v1/comparisons/cmp_1", 405, "/v1/comparisons/cmp_1 takes DELETE and GET, not PATCH"),
    ],
)
def test_what_no_route_takes_is_answered_with_what_there_is(
    client: Any, method: str, path: str, status: int, says: str
) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "application/problem+json")
    assert says in answer.json["detail"]
    assert ("Allow" in answer.headers) == (status == 405)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"{", "the body is not JSON: it breaks off in line 1, column 2"),
        (b"x", "the body is not JSON: line 1, column 1 is not as JSON has it"),
        (b"[" * 60_000, "the body is not JSON: it is nested too deeply"),
        (b"[1]", "the body must be a JSON object; found a list"),
        (b"5", "the body must be a JSON object; found a number"),
        (b'"a"', "the body must be a JSON object; found a text"),
        (b"null", "the body must be a JSON object; found null"),
    ],
    ids=itertools.count(),
)
@pytest.mark.parametrize("path", ["/v1/evaluations", "/v1/webhook-endpoints"])
def test_a_body_that_is_no_object_is_told_in_words(client: Any, path: str, body: bytes, says: str) -> None:
    answer = client.post(path, data=body, content_type="application/json")
    assert (answer.status_code, answer.json["code"], answer.json["detail"]) == (422, "invalid", says)


@pytest.mark.parametrize(
    ("method", "path", "meant"),
    [
        ("GET", "/v1/comparison", ["/v1/comparisons"]),
        ("GET", "/v1/batch", ["/v1/batches"]),
        ("GET", "/v1/webhook-endpoint", ["/v1/webhook-endpoints"]),
        ("GET", "/v1/packs/opencv-zoo/calibratio", ["/v1/packs/opencv-zoo/calibration"]),
        ("GET", "/v1/comparisons/cmp_1/event", ["/v1/comparisons/cmp_1/events", "/v1/comparisons"]),
        ("POST", "/v1/comparisons/cmp_1/cancels", ["/v1/comparisons/cmp_1/cancel"]),
        ("POST", "/v1/compare", ["/compare", "/v1/comparisons"]),
        ("POST", "/comparisons", ["/v1/comparisons", "/compare"]),
        ("GET", "/healthz", ["/health"]),
        ("GET", "/job", ["/jobs"]),
        ("GET", "/static/x.js", []),
        ("GET", "/docs/x", ["/docs"]),
    ],
)
def test_what_may_have_been_meant_is_there_and_takes_that_method(
    client: Any, method: str, path: str, meant: list[str]
) -> None:
    said = client.open(path, method=method).json["detail"]
    found = re.search(r"did you mean (.*)\? All", said)
    assert (found[1].split(" or ") if found else []) == meant
    for one in meant:
        answer = client.open(one, method=method)
        assert answer.status_code != 405
        assert "nothing is at" not in answer.text


def test_a_path_of_any_length_is_answered_in_short(client: Any) -> None:
    assert len(client.get("/v1/" + "x" * 5000).json["detail"]) < 400
