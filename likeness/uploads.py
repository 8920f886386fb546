"""The client's part for uploads: photographs that go to the object store by themselves, `client.uploads.put(...)`."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from likeness.calls import RETRIES_S, Calls
from likeness.errors import ApiRefused, ApiUnreachable
from likeness.methods import Asynchronous, Synchronous, method
from likeness.reasons import reason_of
from likeness.transports import Awaiting, Blocking, Transport

UPLOADS = "/v1/uploads"
#: Opened in one call; so many fit into its body.
AT_ONCE = 400
#: The store may take so long over one photograph.
PUT_S = 120.0
#: Answers of a store that may be others soon.
_PASSING = (429, 500, 502, 503, 504)
#: How files of each kind begin, but for those that say it at their fifth byte.
_BEGINNINGS = {
    b"\xff\xd8\xff": "image/jpeg",
    b"\x89PNG\r\n\x1a\n": "image/png",
    b"GIF8": "image/gif",
    b"BM": "image/bmp",
    b"II*\0": "image/tiff",
    b"MM\0*": "image/tiff",
}


class UploadCalls:
    """What both clients do; each method raises ApiUnreachable or ApiRefused.

    The code of what the store refuses is `upload_refused`. `store` makes what the store is spoken to with: it is told
    nothing of the API's key.
    """

    def __init__(self, calls: Calls, store: Callable[[], Transport], *, retries_s: Sequence[float] = RETRIES_S) -> None:
        self._calls = calls
        self._store = store
        self._retries_s = retries_s

    @method
    async def put(self, photographs: Mapping[str, bytes | Path]) -> dict[str, str]:
        """Put each into the object store; returns ids by the same names, for one submission each to name, soon.

        Their digests are announced: a repeated submission of the same photographs is known by them, under its
        idempotency key.
        """
        ids: dict[str, str] = {}
        names = list(photographs)
        store = self._store()
        try:
            for first in range(0, len(names), AT_ONCE):
                portion = names[first : first + AT_ONCE]
                wanted = {"uploads": [announced(photographs[name]) for name in portion]}
                opened = (await self._calls.request("POST", UPLOADS, json=wanted))["uploads"]
                for name, upload in zip(portion, opened, strict=True):
                    await self._put(store, upload, photographs[name])
                    ids[name] = str(upload["id"])
        finally:
            await store.close()
        return ids

    @method
    async def get(self, upload_id: str) -> dict[str, Any]:
        """An upload, without its address: `status`, `used_by`, `expires_at`."""
        return await self._calls.request("GET", f"{UPLOADS}/{upload_id}")

    @method
    async def erase(self, upload_id: str) -> None:
        """Erase an upload that no submission has named."""
        await self._calls.request("DELETE", f"{UPLOADS}/{upload_id}")

    async def _put(self, store: Transport, upload: Mapping[str, Any], photograph: bytes | Path) -> None:
        where = urlsplit(upload["url"]).netloc
        for wait_s in (*self._retries_s, None):
            try:
                answer = await store.send("PUT", upload["url"], content=_body(photograph), headers=upload["headers"])
            except httpx.HTTPError as error:
                if wait_s is None:
                    raise ApiUnreachable(
                        f"the object store at {where} does not answer ({reason_of(error)}): for uploads this machine "
                        "must reach it by this name, which is what LIKENESS_UPLOADS_URL tells the API"
                    ) from error
            else:
                if answer.is_success or answer.status_code == 412:  # it arrived, and only the answer did not
                    return
                if wait_s is None or answer.status_code not in _PASSING:
                    said = f"the object store at {where} answered {answer.status_code}: {answer.text[:300]}"
                    raise ApiRefused({"code": "upload_refused", "detail": said, "status": answer.status_code})
            await store.pause(wait_s or 0.0)


class Uploads(UploadCalls, Synchronous):
    """Uploads of one API."""

    def __init__(self, calls: Calls, **options: Any) -> None:
        super().__init__(calls, lambda: Blocking(httpx.Client(timeout=PUT_S)), **options)


class AsyncUploads(UploadCalls, Asynchronous):
    """Uploads of one API, for asyncio."""

    def __init__(self, calls: Calls, **options: Any) -> None:
        super().__init__(calls, lambda: Awaiting(httpx.AsyncClient(timeout=PUT_S)), **options)


def announced(photograph: bytes | Path) -> dict[str, Any]:
    """What is said of a photograph before it is put: size, media type, SHA-256."""
    body = _body(photograph)
    return {
        "size_bytes": len(body),
        "media_type": media_type_of(body) or "application/octet-stream",
        "sha256": hashlib.sha256(body).hexdigest(),
    }


def media_type_of(body: bytes) -> str | None:
    """By how it begins; None for what is not recognised.

    >>> media_type_of(b"RIFF....WEBPVP8 ")
    'image/webp'
    """
    if body[:4] == b"RIFF" and body[8:12] == b"WEBP":
        return "image/webp"
    if body[4:8] == b"ftyp":
        return "image/avif" if body[8:12] in (b"avif", b"avis") else "image/heic"
    return next((kind for beginning, kind in _BEGINNINGS.items() if body.startswith(beginning)), None)


def _body(photograph: bytes | Path) -> bytes:
    return photograph if isinstance(photograph, bytes) else photograph.read_bytes()
