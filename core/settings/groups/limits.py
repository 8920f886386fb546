"""How much may be asked for."""

from pydantic import Field

from core.settings.groups.group import Group


class LimitSettings(Group):
    """How much may be asked for."""

    key_requests_per_minute: int = Field(600, ge=0, description="Requests a minute a key may make; 0: any number")
    key_comparisons_per_day: int = Field(10_000, ge=0, description="Comparisons a day a key may submit; 0: any number")
    key_upload_bytes_per_minute: int = Field(
        256 * 2**20, ge=0, description="Bytes a minute of bodies with images that a key may send; 0: any number"
    )
    key_bytes_at_once: int = Field(
        16 * 2**20,
        ge=2**20,
        description="Bytes of one key's images that an API process stores at a time, or one body that is larger",
    )
    max_queued: int = Field(10_000, ge=1, description="Jobs that may wait; past them the API answers 503 `queue_full`")
    max_queued_per_key: int = Field(1000, ge=1, description="Jobs of one key that may wait; past them, 429")
    max_open_runs: int = Field(
        20, ge=1, description="Evaluation runs that may wait or run; past them the API answers 429 `too_many_runs`"
    )
    fair_share: int = Field(
        4, ge=0, description="Open jobs of a key up to which one more waits in the first lane, not in the second"
    )
