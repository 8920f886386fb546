"""Addresses are signed as AWS documents it."""

from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from core.errors import SettingsInvalid
from core.settings.groups import ObjectSettings
from core.storage.addresses import Addresses
from core.storage.presigning import presigned
from tests.support.servers import S3_KEYS, settings_of


def test_the_example_of_the_documentation_has_its_signature() -> None:
    """https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html, "An example presigned URL"."""
    url = presigned(
        "GET",
        "https://examplebucket.s3.amazonaws.com/test.txt",
        {},
        credentials=("AKIAIOSFODNN7EXAMPLE", "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"),
        region="us-east-1",
        at=datetime(2013, 5, 24, tzinfo=UTC),
        lasts_s=86400,
    )
    expected = "aeeed9bbccd4d02ee5c0109b86d86835f995330da4c265957d157751f604d404"
    assert parse_qs(urlsplit(url).query)["X-Amz-Signature"] == [expected]


def store(endpoint: str) -> ObjectSettings:
    return settings_of({"LIKENESS_S3_ENDPOINT": endpoint, **S3_KEYS}).objects


@pytest.mark.parametrize(
    ("inside", "outside", "address"),
    [
        ("http://minio:9000", None, "http://minio:9000/likeness/uploads/x?"),
        ("http://minio:9000", "https://photographs.example", "https://photographs.example/likeness/uploads/x?"),
        ("https://s3.amazonaws.com", None, "https://likeness.s3.us-east-1.amazonaws.com/uploads/x?"),
    ],
)
def test_addresses_are_those_by_which_clients_reach_the_store(inside: str, outside: str | None, address: str) -> None:
    put = Addresses(store(inside), outside).put("uploads/x", size_bytes=7, media_type="image/png", at=0.0, lasts_s=60)
    assert put.url.startswith(address)
    assert put.headers == {"Content-Length": "7", "Content-Type": "image/png", "If-None-Match": "*"}
    signed = parse_qs(urlsplit(put.url).query)["X-Amz-SignedHeaders"]
    assert signed == ["content-length;content-type;host;if-none-match"]
    assert S3_KEYS["LIKENESS_S3_SECRET_KEY"] not in put.url


@pytest.mark.parametrize(
    "url", ["photographs.example", "ftp://photographs.example", "https://example.com/store", "https://"]
)
def test_an_address_that_cannot_be_one_is_refused_at_the_start(url: str) -> None:
    with pytest.raises(SettingsInvalid, match="LIKENESS_UPLOADS_URL"):
        _ = settings_of({"LIKENESS_UPLOADS_URL": url}).uploads
