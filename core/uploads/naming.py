"""Whether the uploads that a submission names are its client's, and there."""

import time
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context

from core.comparisons.submission import FieldRefused
from core.errors import ObjectNotFound
from core.settings.groups import UploadSettings
from core.storage.objects import Objects
from core.times import rfc3339
from core.uploads.offering import OFF
from core.uploads.store import UploadStore
from core.uploads.upload import Upload, url_of

#: The store is asked for so many at a time, where a batch names hundreds.
AT_ONCE = 8


class Naming:
    """Looks at uploads before anything is recorded; the step that records takes them, or is refused."""

    def __init__(self, store: UploadStore, objects: Objects, settings: UploadSettings) -> None:
        self._store = store
        self._objects = objects
        self._settings = settings

    def named(self, ids: Mapping[str, str], *, owner: str | None) -> Mapping[str, Upload]:
        """The uploads by the fields that name them. Raise FieldRefused for the first that cannot be named."""
        if not ids:
            return {}
        if not self._settings.on:
            raise FieldRefused(next(iter(ids)), "uploads_off", OFF)
        known = self._store.find(ids.values())
        fields: dict[str, str] = {}
        for field, upload_id in ids.items():
            if (before := fields.setdefault(upload_id, field)) != field:
                detail = f"{before} names the same upload: each is named once; announce and put it twice"
                raise FieldRefused(field, "upload_used", detail)
            self._check(field, upload_id, known.get(upload_id), owner)
        found = {field: known[upload_id] for field, upload_id in ids.items()}
        for (field, upload), size_bytes in zip(found.items(), self._sizes(found.values()), strict=True):
            if size_bytes is None:
                detail = "nothing has been put there yet: PUT the image to the upload's `url`, with its `headers`"
                raise FieldRefused(field, "upload_missing", detail)
            if size_bytes != upload.size_bytes:
                detail = f"{upload.size_bytes} bytes were announced, and {size_bytes} were put: announce it anew"
                raise FieldRefused(field, "upload_differs", detail)
        return found

    def _check(self, field: str, upload_id: str, upload: Upload | None, owner: str | None) -> None:
        if upload is None or upload.owner != owner:  # another's looks like none
            detail = f"no upload has the id {upload_id!r}: it never existed, was erased, or its time is long over"
            raise FieldRefused(field, "upload_unknown", detail)
        now = time.time()
        match upload.status_at(now):
            case "used":
                by = (upload.taken_by or "").partition(":")[2]
                detail = f"{by} has named this upload already, and one submission may: {url_of(upload_id)}"
                raise FieldRefused(field, "upload_used", detail)
            case "expired":
                detail = (
                    f"its time was over at {rfc3339(upload.expires_at)}, {now - upload.expires_at:.0f} s ago: announce "
                    f"and put the image anew; an upload lasts {self._settings.expire_s} s (LIKENESS_UPLOADS_EXPIRE_S)"
                )
                raise FieldRefused(field, "upload_expired", detail)

    def _sizes(self, uploads: Iterable[Upload]) -> list[int | None]:
        asked = [*uploads]
        if len(asked) <= 2:
            return [self._size(upload) for upload in asked]
        with ThreadPoolExecutor(AT_ONCE, thread_name_prefix="uploads") as pool:
            # Each with this request's patience.
            futures = [pool.submit(copy_context().run, self._size, upload) for upload in asked]
            return [future.result() for future in futures]

    def _size(self, upload: Upload) -> int | None:
        key = upload.seal_key.secret if upload.seal_key else None
        try:
            return self._objects.size_bytes(upload.key, sse_key=key)
        except ObjectNotFound:
            return None
