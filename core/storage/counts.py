"""How many records are in a status, and since when the oldest one of them is there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from core.settings.groups import RedisSettings
from core.storage.connection import connect, translated
from core.storage.lifecycle import made_at


@dataclass(frozen=True, slots=True)
class Count:
    """Records of one kind in one status."""

    records: int
    #: The one that was created first; None where there is none.
    oldest_id: str | None

    @property
    def oldest_at(self) -> float | None:
        """When that was created, in seconds since the epoch, UTC; None where its id does not say."""
        return made_at(self.oldest_id) if self.oldest_id else None

    def age_s(self, now: float) -> float | None:
        """For how long it has been there; None where there is none, or its id does not say."""
        return None if self.oldest_at is None else max(0.0, now - self.oldest_at)


def count(
    server: RedisSettings, asked: Sequence[tuple[str, str]], *, owner: str | None = None
) -> Mapping[tuple[str, str], Count]:
    """The count of each kind and status, of one owner or of all, in one round trip. Raise RecordsUnavailable.

    Records that have passed their retention are counted until the courier has dropped them from the list.
    """
    client = connect(server)
    try:
        with translated():
            pipeline = client.pipeline(transaction=False)
            for kind, status in asked:
                index = f"{kind}s:{f'of:{owner}:' if owner else ''}status:{status}"
                pipeline.zcard(index)
                pipeline.zrange(index, 0, 0)
            answers = iter(pipeline.execute())
    finally:
        client.close()
    return {which: Count(next(answers), next(iter(next(answers)), None)) for which in asked}
