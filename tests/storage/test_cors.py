"""The bucket's CORS rule: a browser's page of ours is let in, any other is not; against the real store."""

import httpx
import pytest

from core.errors import SettingsInvalid
from core.settings import Settings
from core.storage.cors import allow, rules
from core.storage.objects import ObjectStore
from infra.local.servers import wait_until_ready
from tests.support.servers import settings_of

APP = "https://app.example"


def asked(
    settings: Settings, origin: str, method: str = "PUT", headers: str = "content-type,if-none-match"
) -> httpx.Response:
    """What a browser asks before it puts."""
    endpoint, bucket = settings.objects.credentials[0], settings.objects.bucket
    told = {"Origin": origin, "Access-Control-Request-Method": method, "Access-Control-Request-Headers": headers}
    return httpx.options(f"{endpoint}/{bucket}/uploads/upl_1", headers=told)


def test_a_page_of_these_origins_may_put_and_no_other_and_nothing_else(objects_settings: Settings) -> None:
    assert asked(objects_settings, "https://elsewhere.example").is_success, "SeaweedFS lets all in where no rule is"
    allow(objects_settings.objects, [APP, "http://localhost:3000"])
    sse = "x-amz-server-side-encryption,x-amz-checksum-sha256"
    for origin in (APP, "http://localhost:3000"):
        answer = asked(objects_settings, origin, headers=f"content-type,if-none-match,{sse}")
        assert answer.is_success, answer.text
        assert answer.headers["Access-Control-Allow-Origin"] == origin
        assert "PUT" in answer.headers["Access-Control-Allow-Methods"]
        allowed = answer.headers["Access-Control-Allow-Headers"].lower()
        assert all(
            name in allowed or name.startswith("x-amz-") for name in f"content-type,if-none-match,{sse}".split(",")
        )
    assert "Access-Control-Allow-Origin" not in asked(objects_settings, "https://elsewhere.example").headers
    assert "Access-Control-Allow-Methods" not in asked(objects_settings, APP, method="DELETE").headers


def test_what_is_put_from_a_page_says_that_the_page_may_read_it(objects_settings: Settings) -> None:
    allow(objects_settings.objects, ["https://before.example"])
    allow(objects_settings.objects, [APP])
    ObjectStore(objects_settings.objects).put("uploads/upl_1", b"x")
    assert "Access-Control-Allow-Origin" not in asked(objects_settings, "https://before.example").headers
    assert asked(objects_settings, APP).headers["Access-Control-Allow-Origin"] == APP


def test_whoever_waits_for_the_servers_sets_the_rule_where_origins_are_named(stores: Settings) -> None:
    wait_until_ready(stores.but(uploads_origins=(APP,)))
    assert "Access-Control-Allow-Origin" not in asked(stores, "https://elsewhere.example").headers
    wait_until_ready(stores)
    assert asked(stores, APP).headers["Access-Control-Allow-Origin"] == APP, "where none are, the rule stays"


def test_the_rule_is_the_one_that_the_documents_have() -> None:
    assert rules([APP, "https://a.example?x=<&>"]) == (
        b"<CORSConfiguration><CORSRule><AllowedOrigin>https://app.example</AllowedOrigin>"
        b"<AllowedOrigin>https://a.example?x=&lt;&amp;&gt;</AllowedOrigin><AllowedMethod>PUT</AllowedMethod>"
        b"<AllowedHeader>content-type</AllowedHeader><AllowedHeader>if-none-match</AllowedHeader>"
        b"<AllowedHeader>x-amz-*</AllowedHeader><ExposeHeader>ETag</ExposeHeader><MaxAgeSeconds>3600</MaxAgeSeconds>"
        b"</CORSRule></CORSConfiguration>"
    )


@pytest.mark.parametrize(
    "origin", ["app.example", "https://app.example/", "https://app.example/page", "https://", "null"]
)
def test_what_is_no_origin_is_refused_at_the_start(origin: str) -> None:
    with pytest.raises(SettingsInvalid, match="LIKENESS_UPLOADS_ORIGINS"):
        _ = settings_of({"LIKENESS_UPLOADS_ORIGINS": f"{APP}, {origin}"}).uploads
