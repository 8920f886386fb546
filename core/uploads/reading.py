"""Reading what a client has put, and holding it to what was announced: the store may not have."""

from core.comparisons.images import ImageFacts, inspect
from core.errors import ObjectNotFound, UploadDiffers, UploadNotFound
from core.outages import outlast
from core.settings.groups import ImageLimits
from core.storage.objects import Objects
from core.uploads.store import UploadStore

#: A restarted Redis is back within seconds.
STORE_WAIT_S = 120.0


class Reading:
    """Reads uploads for whoever has taken them. A server of the records that is away is waited for."""

    def __init__(self, store: UploadStore, objects: Objects, limits: ImageLimits) -> None:
        self._store = store
        self._objects = objects
        self._limits = limits

    def read(self, upload_id: str) -> tuple[bytes, ImageFacts]:
        """The photograph. Raise ObjectNotFound, UploadDiffers, ImageRejected, StoreUnavailable, RecordsUnavailable."""
        try:
            upload = outlast(lambda: self._store.get(upload_id), outage_s=STORE_WAIT_S)
        except UploadNotFound as error:
            raise ObjectNotFound(str(error)) from None
        key = upload.seal_key.secret if upload.seal_key else None
        # A byte more than was announced: so a larger one is seen, and none is read to its end.
        body = self._objects.get_first(upload.key, upload.size_bytes + 1, sse_key=key)
        if len(body) != upload.size_bytes:
            found = "more" if len(body) > upload.size_bytes else len(body)
            raise UploadDiffers(f"{upload.size_bytes} bytes were announced, and {found} were put")
        limits = self._limits
        facts = inspect(
            body,
            max_bytes=limits.max_image_bytes,
            max_pixels=limits.max_image_pixels,
            max_reduced_pixels=limits.max_reduced_pixels,
            formats=limits.image_formats,
        )
        if facts.media_type != upload.media_type:
            raise UploadDiffers(f"{upload.media_type} was announced, and {facts.media_type} was put")
        if upload.sha256 and facts.sha256 != upload.sha256:
            raise UploadDiffers("what was put has another SHA-256 than was announced")
        return body, facts
