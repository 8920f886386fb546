"""Whole bodies to and from one bucket: a request each, signed by its headers alone.

minio hashes a body before it sends it (SHA-256 over http, MD5 over https), and the store does so once more. Whoever
opens sealed images checks every byte of them anyway.
"""

from collections.abc import Mapping
from urllib.parse import quote, urlsplit
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.credentials import Credentials
from minio.error import InvalidResponseError, S3Error
from minio.signer import sign_v4_s3
from minio.time import to_amz_date, utcnow

from core.settings.groups import ObjectSettings

#: In the place of a body's digest: nobody vouches for it on its way.
UNSIGNED = "UNSIGNED-PAYLOAD"


class Transfers:
    """Asks over `pool`, where and as `client` would. Errors are minio's and urllib3's."""

    def __init__(self, store: ObjectSettings, client: Minio, pool: urllib3.PoolManager) -> None:
        _, access_key, secret_key = store.credentials
        self._credentials = Credentials(access_key, secret_key)
        self._region = store.region
        self._pool = pool
        # A bucket may be in the path or in the host's name: minio knows.
        url = client.get_presigned_url("GET", store.bucket, "key").partition("?")[0]
        self._bucket_url = url.removesuffix("key")

    def put(self, key: str, bodies: tuple[bytes, ...]) -> None:
        """Store them, one after another, as one object, replacing what was there."""
        self._ask("PUT", key, bodies)

    def get(self, key: str) -> bytes:
        """The object's body."""
        return self._ask("GET", key).data

    def size_bytes(self, key: str, headers: Mapping[str, str]) -> int | None:
        """The size of the object's body; None where there is no object."""
        answer = self._ask("HEAD", key, headers=headers)
        return int(answer.headers["content-length"]) if answer.status == 200 else None

    def get_first(self, key: str, most_bytes: int, headers: Mapping[str, str]) -> bytes:
        """So many bytes of the object's body, from its beginning, or all where it has less."""
        return self._ask("GET", key, headers={"Range": f"bytes=0-{most_bytes - 1}", **headers}).data

    def _ask(
        self, method: str, key: str, bodies: tuple[bytes, ...] = (), headers: Mapping[str, str] | None = None
    ) -> urllib3.BaseHTTPResponse:
        url = self._bucket_url + quote(key, safe="/-_.~")
        parts, now = urlsplit(url), utcnow()
        sent = {"Host": parts.netloc, "x-amz-content-sha256": UNSIGNED, "x-amz-date": to_amz_date(now)}
        sent |= headers or {}
        if method == "PUT":
            size_bytes = sum(map(len, bodies))
            sent |= {"Content-Type": "application/octet-stream", "Content-Length": str(size_bytes)}
        signed = sign_v4_s3(
            method=method,
            url=parts,
            region=self._region,
            headers=sent,
            credentials=self._credentials,
            content_sha256=UNSIGNED,
            date=now,
        )
        answer = self._pool.urlopen(method, url, body=bodies or None, headers=signed)
        # What has no body does not say in XML what is wrong.
        if answer.status not in (200, 204, 206) and not (method == "HEAD" and answer.status == 404):
            raise refusal(answer)
        return answer


def refusal(answer: urllib3.BaseHTTPResponse) -> S3Error | InvalidResponseError:
    """What the store says, whatever kind of XML it calls it; or that it says nothing which is its own."""
    try:
        return S3Error.fromxml(answer)
    except (ParseError, ValueError):
        return InvalidResponseError(answer.status, answer.headers.get("content-type", ""), None)
