"""A process that takes jobs."""

import os

from pydantic import Field

from core.settings.groups.group import Group


class WorkerSettings(Group):
    """A process that takes jobs."""

    threads: int = Field(
        default_factory=lambda: 2 * (os.cpu_count() or 1),
        validation_alias="LIKENESS_WORKER_THREADS",
        ge=1,
        description="Jobs a worker has in hand at a time; default: two a core, for a job also waits for the stores",
    )
    processes: int | None = Field(
        None,
        validation_alias="LIKENESS_WORKER_PROCESSES",
        ge=1,
        description="Worker processes of the local stack; default: one for each four cores, which share its threads",
    )
    canary_interval_s: float = Field(10.0, ge=1, description="How often a worker sends itself a message")
    canary_patience_s: float = Field(
        60.0, ge=2, description="A worker that hears nothing for this long is not ready; after twice as long it exits"
    )
    shutdown_grace_s: float = Field(5.0, ge=0, description="Time running jobs get before they are handed back")
