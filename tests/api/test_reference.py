"""`/docs`: Swagger UI over our own OpenAPI document, with nothing from elsewhere and nothing inline."""

import json
import re
from typing import Any

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from api.schemas.examples import EXAMPLES
from core.webhooks.endpoints import TEST, EventType
from tests.support.html_page import Page
from tests.support.stack import Stack


@pytest.fixture
def page(stack: Stack) -> httpx.Response:
    return httpx.get(f"{stack.url}/docs")


def test_the_reference_is_a_page_of_files_that_this_deployment_serves(stack: Stack, page: httpx.Response) -> None:
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    parsed = Page(page.text)
    assert parsed.inline == []
    assert [name for name in parsed.loads if name.endswith(".js")] == [
        "/docs/swagger-ui-bundle.js",
        "/docs/reference.js",
    ]
    for path in parsed.loads + parsed.links:
        assert path.startswith("/"), "of another host"
        assert httpx.get(stack.url + path).status_code == 200, path


def test_the_reference_may_run_and_call_nothing_but_this_deployment(page: httpx.Response) -> None:
    policy = dict(rule.split(" ", 1) for rule in page.headers["Content-Security-Policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert {policy[name] for name in ("script-src", "style-src", "connect-src")} == {"'self'"}
    assert policy["img-src"] == "'self' data:"


def test_the_script_of_the_reference_names_our_document_and_no_other_host(stack: Stack) -> None:
    script = httpx.get(f"{stack.url}/docs/reference.js")
    assert script.headers["Content-Type"].startswith("text/javascript")
    assert 'fetch("/openapi.json")' in script.text
    assert "validatorUrl: null" in script.text  # by default it is asked of validator.swagger.io
    assert not re.search(r"https?://", script.text)


def test_a_file_of_the_reference_is_sent_once_until_it_changes(stack: Stack) -> None:
    first = httpx.get(f"{stack.url}/docs/swagger-ui-bundle.js")
    assert first.status_code == 200
    assert first.headers["Cache-Control"] == "no-cache"
    again = httpx.get(f"{stack.url}/docs/swagger-ui-bundle.js", headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("name", ["swagger-ui.js", "index.html", "..%2freference.html", "%2e%2e/app.py", "none"])
def test_no_other_file_is_served(stack: Stack, name: str) -> None:
    answer = httpx.get(f"{stack.url}/docs/{name}")
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


def test_every_example_is_what_its_schema_takes(stack: Stack) -> None:
    document = httpx.get(f"{stack.url}/openapi.json").json()
    resource = DRAFT202012.create_resource(document)
    registry: Registry[Any] = Registry().with_resource("urn:document", resource)

    def hold(schema: dict[str, Any], example: object) -> None:
        within = json.loads(json.dumps(schema).replace('"#/components', '"urn:document#/components'))
        Draft202012Validator(within, registry=registry).validate(example)

    schemas = document["components"]["schemas"]
    illustrated = {name: schema["examples"] for name, schema in schemas.items() if "examples" in schema}
    assert set(illustrated) == set(EXAMPLES)
    for name, examples in illustrated.items():
        for example in examples:
            hold({"$ref": f"#/components/schemas/{name}"}, example)
    with_calls = 0
    for operations in document["paths"].values():
        for operation in (value for value in operations.values() if isinstance(value, dict)):
            for answer in operation["responses"].values():
                for content in answer.get("content", {}).values():
                    if "example" in content:
                        hold(content["schema"], content["example"])
                        with_calls += 1
    assert with_calls > 100


def test_the_document_describes_what_a_consumer_is_sent(stack: Stack) -> None:
    document = httpx.get(f"{stack.url}/openapi.json").json()
    assert set(document["webhooks"]) == {"comparison", "batch", "evaluation", "test"}
    told: set[str] = set()
    for hook in document["webhooks"].values():
        reference = hook["post"]["requestBody"]["content"]["application/json"]["schema"]["$ref"]
        schema = document["components"]["schemas"][reference.rpartition("/")[2]]
        assert schema["examples"]
        told |= set(schema["properties"]["type"]["enum"])
    assert told == {*EventType, TEST}
