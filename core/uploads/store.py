"""Uploads by id. Each may be taken once: by the script that records the job or the batch that names it."""

import json
import math
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

from core.comparisons.sealing import SealKey
from core.errors import LikenessError, UploadNotFound, UploadUsed
from core.portions import portions
from core.settings import Settings
from core.settings.groups import JobSettings, RedisSettings
from core.storage import scripts
from core.storage.connection import connect, translated
from core.storage.lifecycle import Status
from core.storage.records import Fields, number
from core.uploads.upload import Upload

#: What began before an upload expired may end so much later.
GRACE_S = 60.0


class TooManyOpenUploads(LikenessError):
    """A key has as many uploads that no submission has named yet as it may have."""

    code = "too_many_open_uploads"
    retryable = True


class UploadStore:
    """Uploads. Connects when first used; every method raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings, jobs: JobSettings) -> None:
        self._redis = connect(server)
        self._kept_s = jobs.idempotency_s
        self._create, self._erase = (scripts.load(self._redis, f"upload_{name}") for name in ("create", "erase"))

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """With the groups that it needs."""
        return cls(settings.redis, settings.jobs)

    def create(self, uploads: Sequence[Upload], *, most: int) -> None:
        """Open them, all of one owner. Raise TooManyOpenUploads where he would have more than `most` open."""
        made = [[upload.id, [*_flat(self._fields(upload))]] for upload in uploads]
        with translated():
            open_now = self._create(
                keys=[f"uploads-open:{uploads[0].owner or ''}"], args=[time.time(), most, json.dumps(made)]
            )
        if open_now >= 0:
            raise TooManyOpenUploads(
                f"{open_now} uploads wait to be named by a submission, and {len(uploads)} more were asked for; at most "
                f"{most} of one key may wait (LIKENESS_MAX_OPEN_UPLOADS_PER_KEY)"
            )

    def find(self, ids: Iterable[str]) -> Mapping[str, Upload]:
        """Those of these that there are, by their ids, in one round trip a thousand."""
        found: dict[str, Upload] = {}
        for portion in portions([*dict.fromkeys(ids)]):
            with translated():
                pipeline = self._redis.pipeline(transaction=False)
                for upload_id in portion:
                    pipeline.hgetall(f"upload:{upload_id}")
                answers = pipeline.execute()
            found |= {i: _upload(i, fields) for i, fields in zip(portion, answers, strict=True) if fields}
        return found

    def get(self, upload_id: str) -> Upload:
        """Raise UploadNotFound."""
        if (found := self.find([upload_id]).get(upload_id)) is None:
            raise UploadNotFound(f"no upload has the id {upload_id!r}")
        return found

    def erase(self, upload_id: str) -> None:
        """Forget it, and what was put. Raise UploadNotFound, or UploadUsed: it goes with what has taken it."""
        with translated():
            answer = self._erase(keys=[f"upload:{upload_id}"], args=[upload_id, time.time()])
        if answer == "missing":
            raise UploadNotFound(f"no upload has the id {upload_id!r}")
        if answer != "erased":
            raise UploadUsed(f"{answer.partition(':')[2]} has named this upload: it is erased with it, or was")

    def needed(self, ids: Iterable[str]) -> set[str]:
        """Those of these that a record has taken which is still to be done."""
        taken = {upload.id: upload.taken_by for upload in self.find(ids).values() if upload.taken_by}
        there: set[str] = set()
        for portion in portions([*taken.items()]):
            with translated():
                pipeline = self._redis.pipeline(transaction=False)
                for _, record in portion:
                    pipeline.hmget(record, "status", "uploads")
                answers = pipeline.execute()
            for (upload_id, _), (status, named) in zip(portion, answers, strict=True):
                if status and not Status(status).is_terminal and upload_id in (named or "").split(","):
                    there.add(upload_id)
        return there

    def forget(self, ids: Iterable[str]) -> None:
        """What was known of them: nobody may name them any more."""
        for portion in portions([*ids]):
            with translated():
                self._redis.delete(*(f"upload:{upload_id}" for upload_id in portion))

    def _fields(self, upload: Upload) -> Mapping[str, Any]:
        return {
            "size_bytes": upload.size_bytes,
            "media_type": upload.media_type,
            "created_at": upload.created_at,
            "expires_at": upload.expires_at,
            "erase_at": upload.expires_at + GRACE_S,
            # As long as an answer that was made with it may be asked for again.
            "forget_at": math.ceil(upload.expires_at + GRACE_S + self._kept_s),
            **({"owner": upload.owner} if upload.owner else {}),
            **({"sha256": upload.sha256} if upload.sha256 else {}),
            **({"seal_key": upload.seal_key.text} if upload.seal_key else {}),
        }


def _flat(fields: Mapping[str, Any]) -> Iterable[str]:
    return (str(part) for item in fields.items() for part in item)


def _upload(upload_id: str, fields: Fields) -> Upload:
    return Upload(
        id=upload_id,
        owner=fields.get("owner"),
        size_bytes=int(fields["size_bytes"]),
        media_type=fields["media_type"],
        created_at=number(fields, "created_at") or 0.0,
        expires_at=number(fields, "expires_at") or 0.0,
        sha256=fields.get("sha256"),
        taken_by=fields.get("taken_by"),
        seal_key=SealKey.parse(key) if (key := fields.get("seal_key")) else None,
    )
