"""Every route, the scope it declares, and that it asks for it."""

from collections import Counter
from typing import Any

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance

from api.app import create_app
from api.door.access import Access, routes
from core.keys.keys import Scope
from infra.docs.routes import ROUTES_PAGE, routes_page
from tests.support.keyed import NewKey
from tests.support.stack import Stack

OPEN = {
    ("GET", path)
    for path in (
        *("/", "/assets/{path:name}", "/jobs", "/jobs/{job_id}", "/batches", "/batches/{batch_id}"),
        *("/deliveries", "/deliveries/{event_id}", "/endpoints"),
        *("/evaluations", "/evaluations/{run_id}", "/packs", "/system"),
        *("/evaluations/compare", "/evaluations/index", "/evaluations/frame"),
        *("/docs", "/docs/{name}", "/openapi.json", "/health", "/ready"),
        *("/problems", "/problems/{code}", "/.well-known/jwks.json"),
    )
}


@pytest.fixture
def declared(secured: Stack) -> dict[tuple[str, str], Access | None]:
    return {(method, path): access for method, path, access in routes(create_app(secured.settings))}


def test_the_page_of_routes_is_what_the_code_says() -> None:
    assert ROUTES_PAGE.read_text(encoding="utf-8") == routes_page(), "run `python -m infra.docs.routes`"


def test_every_route_declares_a_scope_and_those_that_are_open_are_known(
    declared: dict[tuple[str, str], Access | None],
) -> None:
    assert [route for route, access in declared.items() if access is None] == []
    assert {route for route, access in declared.items() if access and access.is_open} == OPEN
    assert {route for route, access in declared.items() if access and access.known} == {("GET", "/v1/me")}


def test_the_document_says_what_is_enforced(secured: Stack, declared: dict[tuple[str, str], Access | None]) -> None:
    paths = httpx.get(f"{secured.url}/openapi.json").json()["paths"]
    for (method, path), access in declared.items():
        if path not in paths:
            assert (method, path) in OPEN
            continue
        operation = paths[path][method.lower()]
        assert access is not None
        assert operation.get("x-required-scope") == (None if access.is_open else access.words)
        assert operation["security"] == ([] if access.is_open else [{"key": []}])


def test_every_route_refuses_strangers_and_every_key_without_its_scope(
    secured: Stack, new_key: NewKey, declared: dict[tuple[str, str], Access | None]
) -> None:
    clients = {scope: new_key(scope)[1] for scope in Scope}
    for (method, path), access in declared.items():
        if access is None or access.is_open:
            continue
        url = path.replace("{", "").replace("}", "")
        assert httpx.request(method, secured.url + url).status_code == 401, (method, path)
        for scope, client in clients.items():
            refused = client.request(method, url).status_code == 403
            enough = access.known or scope in (access.scope, Scope.ADMIN)
            assert refused == (not enough), (method, path, scope)


@pytest.mark.parametrize("known", [True, False])
def test_no_made_up_request_breaks_the_api_with_keys_on(secured: Stack, new_key: NewKey, known: bool) -> None:
    """What schemathesis makes up from the document, with an administrator's key and without one."""
    _, admin = new_key("admin", requests_per_minute=0)
    schema = schemathesis.openapi.from_url(f"{secured.url}/openapi.json")
    headers = {"Authorization": admin.headers["Authorization"] if known else "Bearer nobody"}
    tried: Counter[str] = Counter()
    statuses: Counter[int] = Counter()
    for result in schema.get_all_operations():
        assert isinstance(result, Ok)
        operation = result.ok()

        @given(case=operation.as_strategy())
        @settings(
            max_examples=12 if known else 4, deadline=None, database=None, suppress_health_check=list(HealthCheck)
        )
        def send(case: schemathesis.Case[Any]) -> None:
            tried[case.operation.label] += 1
            answer = case.call(headers=headers, timeout=60)
            statuses[answer.status_code] += 1
            checks = [not_a_server_error, status_code_conformance, response_schema_conformance]
            case.validate_response(answer, checks=checks)
            if not known:
                assert (answer.status_code == 401) == (("GET", case.operation.path) not in OPEN)

        send()
    assert len(tried) >= 14, tried
    assert not known or not {401, 403} & set(statuses), statuses
