"""Which jobs of a list are wanted."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from core.comparisons.jobs import Job
from core.vocabulary import Decision, Reason


@dataclass(frozen=True, slots=True)
class Period:
    """From one moment to before another, seconds since the epoch, UTC; None where it has no end."""

    since: float | None = None
    until: float | None = None

    def holds(self, created_at: float) -> bool:
        """Whether something was made within it, by the millisecond that is shown of it."""
        at = int(created_at * 1000) / 1000
        return (self.since is None or at >= self.since) and (self.until is None or at < self.until)


@dataclass(frozen=True, slots=True)
class WantedJobs:
    """What is None or empty does not matter."""

    period: Period = Period()
    decision: Decision | None = None
    #: `compared` or `not_acquired`.
    outcome: str | None = None
    #: Why an image was not acquired.
    reason: Reason | None = None
    #: Its name.
    pack: str | None = None
    #: Each of these has this value.
    metadata: Mapping[str, str] = field(default_factory=dict)

    @property
    def asks_for_result(self) -> bool:
        """Whether only jobs that have succeeded can be wanted."""
        return (self.decision, self.outcome, self.reason) != (None, None, None)

    def takes(self, job: Job) -> bool:
        """Whether it is one of them."""
        result = job.result
        return (
            self.period.holds(job.created_at)
            and self.pack in (None, job.request.pack)
            and self.decision in (None, result.decision if result else None)
            and self.outcome in (None, job.outcome)
            and (self.reason is None or any(one.reason is self.reason for one in job.failures_to_acquire))
            and has(job.request.metadata, self.metadata)
        )


def has(metadata: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Whether each of the wanted is there, with this value."""
    return all(metadata.get(name) == value for name, value in wanted.items())
