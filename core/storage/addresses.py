"""Where a client may put one object by itself, once, of the size and type that it announced."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

import urllib3

from core.settings.groups import ObjectSettings
from core.storage.objects import s3_client
from core.storage.presigning import presigned
from core.storage.sse_keys import key_headers


@dataclass(frozen=True, slots=True)
class PutAddress:
    """A URL to PUT an object to, and the headers that the request must have; any other is refused by the store."""

    url: str
    headers: Mapping[str, str]


class Addresses:
    """Signs addresses of the bucket, as clients reach the store at `endpoint`. Raise SettingsInvalid for none."""

    def __init__(self, store: ObjectSettings, endpoint: str | None) -> None:
        self._store = store.model_copy(update={"endpoint": endpoint}) if endpoint else store
        self._bucket_url: str | None = None

    def put(
        self, key: str, *, size_bytes: int, media_type: str, at: float, lasts_s: int, sse_key: bytes | None = None
    ) -> PutAddress:
        """For exactly so many bytes, while there is no object under `key`, within `lasts_s` of `at` (UTC)."""
        headers = {
            "Content-Length": str(size_bytes),
            "Content-Type": media_type,
            "If-None-Match": "*",  # a second time is refused, by a store that knows it
            **key_headers(sse_key),
        }
        url = presigned(
            "PUT",
            f"{self._bucket}{key}",
            headers,
            credentials=self._store.credentials[1:],
            region=self._store.region,
            at=datetime.fromtimestamp(at, UTC),
            lasts_s=lasts_s,
        )
        return PutAddress(url, headers)

    @property
    def _bucket(self) -> str:
        """A bucket may be in the path or in the host's name: minio knows."""
        if self._bucket_url is None:
            client = s3_client(self._store, urllib3.PoolManager())
            url = client.get_presigned_url("GET", self._store.bucket, "key").partition("?")[0]
            self._bucket_url = url.removesuffix("key")
        return self._bucket_url
