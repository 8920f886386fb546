"""Readiness, packs, and the OpenAPI document."""

import json
import re
from collections import Counter
from typing import Any

import httpx
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import validate
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from tests.support.stack import Stack, eventually

IS_JSON = re.compile(r"\{").match


def test_readiness_names_each_dependency(stack: Stack) -> None:
    answer = httpx.get(f"{stack.url}/ready").json()
    assert answer["ready"] is True
    assert set(answer["checks"]) == {"job_store", "object_store", "worker"}
    assert "opencv-zoo" in answer["checks"]["worker"]["detail"]


def test_packs_say_licence_digest_threshold_and_who_holds_them(stack: Stack) -> None:
    (pack,) = httpx.get(f"{stack.url}/v1/packs").json()["packs"]
    assert pack["name"] == "opencv-zoo"
    assert pack["is_default"] is True
    assert pack["commercial_use"] is True
    assert len(pack["digest"]) == 64
    assert pack["threshold"] == 0.363
    assert pack["calibration"] is None
    assert any(worker.startswith("engine@") for worker in pack["workers"])


def test_the_openapi_document_is_valid(stack: Stack) -> None:
    document = httpx.get(f"{stack.url}/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_every_route_is_in_the_document(stack: Stack) -> None:
    from api.app import create_app

    document = httpx.get(f"{stack.url}/openapi.json").json()
    app = create_app(stack.settings)
    routes = {
        str(rule).replace("<", "{").replace(">", "}")
        for rule in app.url_map.iter_rules()
        if not rule.endpoint.startswith(("api-docs", "pages", "reference"))
    }
    assert routes == set(document["paths"])


def test_no_request_gets_a_server_error_or_an_undocumented_answer(stack: Stack) -> None:
    """What schemathesis makes up from the document, sent to the running API."""
    schema = schemathesis.openapi.from_url(f"{stack.url}/openapi.json")
    tried: Counter[str] = Counter()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=15, deadline=None, database=None, suppress_health_check=list(HealthCheck))
        def send(case: schemathesis.Case[Any]) -> None:
            tried[case.operation.label] += 1
            checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
            case.call_and_validate(checks=checks, timeout=60)

        send()
    assert len(tried) >= 14, tried


def test_every_request_has_its_line_with_the_id_that_the_client_was_told(stack: Stack) -> None:
    with httpx.Client(base_url=stack.url) as http:
        answers = [
            http.get("/health"),
            http.get("/nowhere?secret=query"),
            http.get("/v1/comparisons/cmp_0"),
            http.post("/compare", json={}),
            http.get("/v1/packs", headers={"X-Request-Id": "one-of-the-clients-own"}),
        ]
    assert {answer.status_code for answer in answers} == {200, 404, 422}

    told = [
        (answer.headers["X-Request-Id"], answer.request.method, answer.request.url.path, answer.status_code)
        for answer in answers
    ]

    def each_has_its_line() -> None:
        *whole, _ = stack.log("api").split("\n")  # the last one may be half written
        said = [line for line in map(json.loads, filter(IS_JSON, whole)) if line["event"] == "request"]
        lines = Counter((line["request_id"], line["method"], line["path"], line["status"]) for line in said)
        assert [lines[line] for line in told] == [1] * len(told)

    eventually(each_has_its_line)
    assert "secret=query" not in stack.log("api")
