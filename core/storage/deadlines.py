"""By when records have to be begun, and which of them are late."""

import time
from collections.abc import Mapping

from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated
from core.storage.lifecycle import Failure, Status

#: A client may have its request begun within so many seconds, or not at all.
FEWEST_S, MOST_S = 1.0, 7 * 86400.0
#: One that runs is looked at again after so long: it may be put back in line.
AGAIN_S = 30.0
LOOKED_AT = 1000
EXPIRED = "expired"


class Deadlines:
    """Of the records of one kind, as they were created with `expires_at`. An ended record has none."""

    def __init__(self, server: RedisSettings, kind: str) -> None:
        self._redis = connect(server)
        self._kind = kind

    def late(self) -> list[str]:
        """Ids of those that wait still although their time is over, oldest first. Raise RecordsUnavailable."""
        now = time.time()
        with translated():
            due: list[str] = self._redis.zrangebyscore(self._key, "-inf", now, start=0, num=LOOKED_AT)
            pipeline = self._redis.pipeline(transaction=False)
            for record_id in due:
                pipeline.hget(f"{self._kind}:{record_id}", "status")
            found = dict(zip(due, pipeline.execute(), strict=True))
        self._look_again(found, now + AGAIN_S)
        return [record_id for record_id, status in found.items() if status == Status.QUEUED]

    def forget(self, *ids: str) -> None:
        """Strike off what is gone."""
        with translated():
            self._redis.zrem(self._key, *ids)

    def _look_again(self, found: Mapping[str, str | None], at: float) -> None:
        running = [record_id for record_id, status in found.items() if status == Status.RUNNING]
        gone = [record_id for record_id, status in found.items() if status not in (Status.QUEUED, Status.RUNNING)]
        if gone:
            self.forget(*gone)
        if running:
            with translated():
                self._redis.zadd(self._key, dict.fromkeys(running, at), xx=True)

    @property
    def _key(self) -> str:
        return f"{self._kind}-deadlines"


def expired(what: str, created_at: float, expires_at: float | None) -> Failure:
    """Why it was cancelled."""
    within = "" if expires_at is None else f" within the {expires_at - created_at:g} s that it was given (expires_in)"
    return Failure(EXPIRED, f"no worker began the {what}{within}")
