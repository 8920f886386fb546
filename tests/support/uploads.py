"""Uploads as a client makes them, and what workers read them with."""

from collections.abc import Callable, Mapping
from typing import Any

import httpx

from core.comparisons.store import JobStore
from core.settings import Settings
from core.storage.objects import Objects
from core.uploads.reading import Reading
from core.uploads.store import UploadStore
from worker.uploads import Uploads


def reading(settings: Settings, objects: Objects) -> Reading:
    return Reading(UploadStore.of(settings), objects, settings.images)


def sealing(settings: Settings, objects: Objects, erase: Callable[[str], None]) -> Uploads:
    return Uploads(JobStore.of(settings), objects, reading(settings, objects), erase=erase)


def opened(http: httpx.Client, body: bytes, media_type: str = "image/jpeg", **announced: Any) -> dict[str, Any]:
    """An upload that was opened for this photograph."""
    wanted = {"size_bytes": len(body), "media_type": media_type, **announced}
    answer = http.post("/v1/uploads", json=wanted)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


def put(upload: Mapping[str, Any], body: bytes) -> httpx.Response:
    """As any HTTP client does it: no key, no cookie, the headers it was told."""
    return httpx.put(upload["url"], content=body, headers=upload["headers"], timeout=30)


def uploaded(http: httpx.Client, body: bytes, media_type: str = "image/jpeg", **announced: Any) -> str:
    """The id of an upload that has been put."""
    upload = opened(http, body, media_type, **announced)
    answer = put(upload, body)
    assert answer.status_code == 200, answer.text
    return str(upload["id"])
