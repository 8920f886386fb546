"""Addresses of an S3 store that let whoever has them do one thing, for a time (Signature Version 4, in the query).

https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html. minio signs the host alone; here any
header is signed that the request must have, so that the store itself refuses another size or type.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import quote, urlsplit

_ALGORITHM = "AWS4-HMAC-SHA256"


def presigned(
    method: str,
    url: str,
    headers: Mapping[str, str],
    *,
    credentials: tuple[str, str],
    region: str,
    at: datetime,
    lasts_s: int,
) -> str:
    """The URL, signed from `at` on, for a request with exactly these headers. `url` is encoded, without a query.

    `credentials` are the access key and the secret key; the secret is in none of it.
    """
    access_key, secret_key = credentials
    day, moment = at.strftime("%Y%m%d"), at.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{day}/{region}/s3/aws4_request"
    parts = urlsplit(url)
    sent = {"host": parts.netloc, **{name.lower(): value.strip() for name, value in headers.items()}}
    names = ";".join(sorted(sent))
    query = _encoded(
        {
            "X-Amz-Algorithm": _ALGORITHM,
            "X-Amz-Credential": f"{access_key}/{scope}",
            "X-Amz-Date": moment,
            "X-Amz-Expires": str(lasts_s),
            "X-Amz-SignedHeaders": names,
        }
    )
    lines = [f"{name}:{sent[name]}" for name in sorted(sent)]
    request = "\n".join([method, parts.path, query, *lines, "", names, "UNSIGNED-PAYLOAD"])
    to_sign = "\n".join([_ALGORITHM, moment, scope, hashlib.sha256(request.encode()).hexdigest()])
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, "s3", "aws4_request"):
        key = _hmac(key, part)
    return f"{url}?{query}&X-Amz-Signature={_hmac(key, to_sign).hex()}"


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")


def _encoded(query: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe='-_.~')}" for name, value in sorted(query.items()))
