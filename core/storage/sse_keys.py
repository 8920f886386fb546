"""SSE-C: the store encrypts an object with a key that comes with each request, and keeps none of it.

https://docs.aws.amazon.com/AmazonS3/latest/userguide/ServerSideEncryptionCustomerKeys.html
"""

import hashlib
from base64 import b64encode
from collections.abc import Mapping

_PREFIX = "x-amz-server-side-encryption-customer-"


def key_headers(key: bytes | None) -> Mapping[str, str]:
    """The headers that a request to an object with this key of 32 bytes has; none without a key."""
    if key is None:
        return {}
    digest = hashlib.md5(key, usedforsecurity=False).digest()  # S3's way to see that the key arrived whole
    return {
        f"{_PREFIX}algorithm": "AES256",
        f"{_PREFIX}key": b64encode(key).decode(),
        f"{_PREFIX}key-MD5": b64encode(digest).decode(),
    }
