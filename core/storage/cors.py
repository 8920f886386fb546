"""Which pages may put uploads from a browser: the CORS rule of a bucket, which minio's SDK does not know."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

import urllib3
from minio.credentials import Credentials
from minio.signer import sign_v4_s3
from minio.time import to_amz_date, utcnow

from core.errors import SettingsInvalid
from core.settings.groups import ObjectSettings
from core.storage.objects import s3_client, translated
from core.storage.transfers import refusal

#: What an address has signed beside the size, which browsers send by themselves; the rest is SSE-C and a checksum.
HEADERS = ("content-type", "if-none-match", "x-amz-*")
#: A browser may remember what it was told for so long.
REMEMBERED_S = 3600
#: What stores say that have no such rules, or none from these keys (403): MinIO 501; rclone 409, for it takes this for
#: another bucket.
_UNKNOWN = (400, 403, 404, 405, 409, 501)


def rules(origins: Sequence[str]) -> bytes:
    """One rule, as S3 takes it: pages of these origins may PUT, and read the ETag of what they put."""
    members = [
        *(("AllowedOrigin", origin) for origin in origins),
        ("AllowedMethod", "PUT"),
        *(("AllowedHeader", header) for header in HEADERS),
        ("ExposeHeader", "ETag"),
        ("MaxAgeSeconds", str(REMEMBERED_S)),
    ]
    rule = "".join(f"<{name}>{escape(value)}</{name}>" for name, value in members)
    return f"<CORSConfiguration><CORSRule>{rule}</CORSRule></CORSConfiguration>".encode()


def allow(store: ObjectSettings, origins: Sequence[str]) -> None:
    """Make this the bucket's only rule. Raise StoreUnavailable, or SettingsInvalid for a store that has no rules."""
    with translated(store.bucket):
        put = _asked(store, "PUT", rules(origins))
        if put.status not in (200, 204, *_UNKNOWN):
            raise refusal(put)
        # One that does not know it may say yes to anything.
        kept = _asked(store, "GET").data.decode(errors="replace") if put.status in (200, 204) else ""
    if not all(f"<AllowedOrigin>{escape(origin)}</AllowedOrigin>" in kept for origin in origins):
        raise SettingsInvalid(
            f"LIKENESS_UPLOADS_ORIGINS: the object store takes no CORS rule from these keys (HTTP {put.status}). "
            "Leave it empty, and have the store, or the proxy before it, answer browsers: for MinIO, "
            "MINIO_API_CORS_ALLOW_ORIGIN"
        )


def _asked(store: ObjectSettings, method: str, body: bytes = b"") -> urllib3.BaseHTTPResponse:
    _, access_key, secret_key = store.credentials
    pool = urllib3.PoolManager(timeout=urllib3.Timeout(connect=2, read=5), retries=False)
    bucket_url = s3_client(store, pool).get_presigned_url("GET", store.bucket, "key").partition("?")[0]
    url, now, digest = f"{bucket_url.removesuffix('key')}?cors=", utcnow(), hashlib.sha256(body).hexdigest()
    headers = sign_v4_s3(
        method=method,
        url=urlsplit(url),
        region=store.region,
        headers={
            "Host": urlsplit(url).netloc,
            "Content-MD5": b64encode(hashlib.md5(body, usedforsecurity=False).digest()).decode(),  # S3 wants it here
            "x-amz-content-sha256": digest,
            "x-amz-date": to_amz_date(now),
        },
        credentials=Credentials(access_key, secret_key),
        content_sha256=digest,
        date=now,
    )
    return pool.urlopen(method, url, body=body or None, headers=headers)
