"""The life of a job."""

from pydantic import Field

from core.settings.groups.group import Group, setting


class JobSettings(Group):
    """The life of a job."""

    retention_s: int = setting("JOB_RETENTION_S", 7 * 86400, ge=60, description="How long a finished job can be read")
    idempotency_s: int = Field(86400, ge=60, description="How long the answer to an `Idempotency-Key` is kept")
    max_attempts: int = Field(
        3, ge=1, description="Starts of one job before it fails as `worker_lost`; at least 2: the second one is alone"
    )
    visibility_timeout_s: int = Field(60, ge=5, description="After this long, a dead worker's message runs again")
    lease_s: float = Field(15.0, ge=1, description="A running job without a sign of its worker for this long is lost")
