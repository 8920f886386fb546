"""The housekeeping process."""

from pydantic import Field

from core.settings.groups.group import Group, setting


class CourierSettings(Group):
    """The housekeeping process."""

    threads: int = setting(
        "COURIER_THREADS", 32, ge=4, description="Deliveries and housekeeping a courier does at a time"
    )
    reaper_interval_s: float = Field(5.0, ge=1, description="How often lost jobs are looked for")
    reaper_patience_s: float = Field(
        30.0, ge=1, description="A queued job is looked for in the broker after this long; again after as long"
    )
