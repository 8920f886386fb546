"""The use case of an upload: it is announced, looked at as far as that goes, and gets an address."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

from core.comparisons.sealing import SealKey
from core.comparisons.submission import FieldRefused
from core.settings.groups import ImageLimits, UploadSettings
from core.storage.addresses import Addresses, PutAddress
from core.storage.lifecycle import new_id
from core.uploads.store import UploadStore
from core.uploads.upload import Upload
from core.vocabulary import labels

OFF = (
    "uploads are off here (LIKENESS_UPLOADS): send the image itself, as a file or base64 in JSON. Whoever runs this "
    "deployment can turn them on where clients reach the object store"
)


@dataclass(frozen=True, slots=True)
class Announced:
    """A photograph that a client is about to put."""

    #: The field that has it, for whoever reads what is wrong: nothing, or `uploads/3/`.
    field: str
    size_bytes: int
    media_type: str
    #: As hexadecimal digits; None where the client does not say.
    sha256: str | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """An upload and where to put it."""

    upload: Upload
    address: PutAddress


class Offering:
    """Opens uploads. What is announced and would be refused as an image is refused now, before it is sent."""

    def __init__(self, store: UploadStore, addresses: Addresses, settings: UploadSettings, limits: ImageLimits) -> None:
        self._store = store
        self._addresses = addresses
        self._settings = settings
        self._limits = limits

    def offer(self, announced: Sequence[Announced], *, owner: str | None) -> list[Offer]:
        """An upload each, in their order. Raise FieldRefused or TooManyOpenUploads: then there is none."""
        self.check(announced)
        now = time.time()
        uploads = [
            Upload(
                id=new_id("upl"),
                owner=owner,
                size_bytes=one.size_bytes,
                media_type=one.media_type,
                created_at=now,
                expires_at=now + self._settings.expire_s,
                sha256=one.sha256,
                seal_key=SealKey.new() if self._settings.sse_c else None,
            )
            for one in announced
        ]
        self._store.create(uploads, most=self._settings.max_open_per_key)
        return [Offer(upload, self._address(upload)) for upload in uploads]

    def check(self, announced: Sequence[Announced]) -> None:
        """Raise FieldRefused for what is not accepted as an image."""
        if not self._settings.on:
            raise FieldRefused(f"{announced[0].field}size_bytes", "uploads_off", OFF)
        for one in announced:
            self._check(one)

    def _check(self, one: Announced) -> None:
        limits = self._limits
        if one.size_bytes > limits.max_image_bytes:
            detail = (
                f"the image has {one.size_bytes} bytes; at most {limits.max_image_bytes} are accepted "
                "(LIKENESS_MAX_IMAGE_BYTES)"
            )
            raise FieldRefused(f"{one.field}size_bytes", "image_too_large", detail)
        accepted = [image_format.media_type for image_format in limits.image_formats]
        if one.media_type not in accepted:
            detail = (
                f"must be one of {', '.join(accepted)}; found {one.media_type!r}. {labels(limits.image_formats)} are "
                "accepted here (LIKENESS_IMAGE_FORMATS)"
            )
            raise FieldRefused(f"{one.field}media_type", "image_unsupported", detail)

    def _address(self, upload: Upload) -> PutAddress:
        return self._addresses.put(
            upload.key,
            size_bytes=upload.size_bytes,
            media_type=upload.media_type,
            at=upload.created_at,
            lasts_s=self._settings.expire_s,
            sse_key=upload.seal_key.secret if upload.seal_key else None,
        )
