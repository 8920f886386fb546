"""What may be announced, and that the store takes that and nothing else."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from referencing import Registry
from referencing.jsonschema import DRAFT202012

from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.storage.objects import ObjectStore
from core.storage.sse_keys import key_headers
from core.uploads.upload import object_key
from tests.support.keyed import with_key
from tests.support.stack import Stack
from tests.support.uploads import opened, put
from tests.uploads.conftest import image, refused

ONE = image(40)


@pytest.mark.parametrize(
    ("body", "status", "code", "pointer"),
    [
        ({"size_bytes": 10 * 2**20 + 1, "media_type": "image/jpeg"}, 413, "image_too_large", "/size_bytes"),
        ({"size_bytes": 10, "media_type": "image/svg+xml"}, 415, "image_unsupported", "/media_type"),
        ({"size_bytes": 0, "media_type": "image/jpeg"}, 422, "size_out_of_range", "/size_bytes"),
        ({"size_bytes": "10", "media_type": "image/jpeg"}, 422, "size_invalid", "/size_bytes"),
        ({"size_bytes": 10}, 422, "field_missing", "/media_type"),
        ({}, 422, "field_missing", "/size_bytes"),
        ({"size_bytes": 10, "media_type": 1}, 422, "media_type_invalid", "/media_type"),
        ({"size_bytes": 10, "media_type": "image/jpeg", "sha256": "xyz"}, 422, "digest_invalid", "/sha256"),
        ({"uploads": []}, 422, "uploads_invalid", "/uploads"),
        (
            {"uploads": [{"size_bytes": 1, "media_type": "image/png"}, {}]},
            422,
            "field_missing",
            "/uploads/1/size_bytes",
        ),
        ({"uploads": [{"size_bytes": 1, "media_type": "x"}]}, 415, "image_unsupported", "/uploads/0/media_type"),
        ({"size_bytes": 1, "uploads": [{"size_bytes": 1, "media_type": "x"}]}, 422, "uploads_ambiguous", "/size_bytes"),
    ],
)
def test_what_cannot_be_announced_is_refused(
    http: httpx.Client, body: dict[str, Any], status: int, code: str, pointer: str
) -> None:
    refused(http.post("/v1/uploads", json=body), status, code, pointer)


def test_both_answers_are_as_the_document_has_them(http: httpx.Client) -> None:
    document = http.get("/openapi.json").json()
    registry: Registry[Any] = Registry().with_resource("urn:document", DRAFT202012.create_resource(document))
    one = {"size_bytes": 5, "media_type": "image/png"}
    operation = document["paths"]["/v1/uploads"]["post"]["responses"]["201"]["content"]["application/json"]
    for body in (one, {"uploads": [one, one]}):
        answer = http.post("/v1/uploads", json=body).json()
        within = [{"$ref": f"urn:document{choice['$ref']}"} for choice in operation["schema"]["oneOf"]]
        Draft202012Validator({"oneOf": within}, registry=registry).validate(answer)


def test_a_key_has_so_many_open_uploads(http: httpx.Client, other: httpx.Client) -> None:
    many = {"uploads": [{"size_bytes": 1, "media_type": "image/jpeg"}] * 40}
    assert http.post("/v1/uploads", json=many).status_code == 201
    answer = http.post("/v1/uploads", json=many)
    assert "40 uploads wait" in refused(answer, 429, "too_many_open_uploads")
    assert "Retry-After" in answer.headers
    assert other.post("/v1/uploads", json=many).status_code == 201


def test_what_is_announced_counts_as_what_a_key_sends(uploading: Stack) -> None:
    _, token = KeyStore(uploading.settings.redis).create("few bytes", [Scope.SUBMIT], upload_bytes_per_minute=1000)
    with with_key(uploading, str(token)) as http:
        opened(http, bytes(900))
        answer = http.post("/v1/uploads", json={"size_bytes": 101, "media_type": "image/jpeg"})
        assert "this body has 101" in refused(answer, 429, "upload_bytes_exceeded")
        refused(http.post("/v1/uploads", json={"size_bytes": 50, "media_type": "x"}), 415, "image_unsupported")
        opened(http, bytes(100))


def test_uploads_need_the_scope_of_submissions(uploading: Stack) -> None:
    assert httpx.post(f"{uploading.url}/v1/uploads", json={}).status_code == 401


@pytest.mark.parametrize(
    ("body", "changed"),
    [
        (ONE + b"x", {}),
        (ONE[:-1], {}),
        (ONE, {"Content-Type": "text/html"}),
        (ONE, {"x-amz-acl": "public-read"}),
        (ONE, key_headers(bytes(32))),
    ],
    ids=["larger", "smaller", "another type", "an access of one's own", "another key"],
)
def test_the_store_refuses_what_was_not_announced(
    http: httpx.Client, objects: ObjectStore, body: bytes, changed: Mapping[str, str]
) -> None:
    upload = opened(http, ONE)
    headers = {**upload["headers"], "Content-Length": str(len(body)), **changed}
    assert httpx.put(upload["url"], content=body, headers=headers).status_code in (400, 403)
    assert [*objects.keys(object_key(upload["id"]))] == []


def test_the_store_takes_an_upload_once(http: httpx.Client) -> None:
    upload = opened(http, ONE)
    assert [put(upload, body).status_code for body in (ONE, ONE)] == [200, 412]


def test_an_address_is_for_one_object_and_for_putting_it(http: httpx.Client) -> None:
    one, two = opened(http, ONE), opened(http, ONE)
    elsewhere = one["url"].replace(one["id"], two["id"])
    assert httpx.put(elsewhere, content=ONE, headers=one["headers"]).status_code == 403
    put(one, ONE)
    assert httpx.get(one["url"]).status_code == 403
    assert httpx.delete(one["url"]).status_code == 403
    bare = urlsplit(one["url"])._replace(query="").geturl()
    assert httpx.get(bare).status_code == 403
