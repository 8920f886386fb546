"""Batches: many pairs in one job."""

from pydantic import Field

from core.settings.groups.group import Group


class BatchSettings(Group):
    """Batches: many pairs in one job."""

    max_batch_pairs: int = Field(5000, ge=1, le=100_000, description="Pairs a batch may have")
    max_batch_photographs: int = Field(1000, ge=2, le=10_000, description="Photographs a batch may have")
    max_batch_bytes: int = Field(
        128 * 2**20, ge=65536, description="Largest body of a batch, in bytes: its photographs and its list of pairs"
    )
    max_batch_uploads: int = Field(
        4, ge=1, description="Batches an API process reads at a time, each in memory; past them 503 `too_many_uploads`"
    )
    max_open_batches: int = Field(100, ge=1, description="Batches that may wait or run; past them 503 `queue_full`")
    max_open_batches_per_key: int = Field(
        10, ge=1, description="Batches of one key that may wait or run; past them 429 `too_many_batches`"
    )
