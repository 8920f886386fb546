"""An evaluation run: which benchmark, on which pack, how; and how far it has come."""

from dataclasses import dataclass
from typing import Any

from core.storage.lifecycle import Failure, Status
from core.vocabulary import Policy, Track


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What was asked for. `dataset_digest` pins the content, whatever is imported under the name later."""

    dataset: str
    dataset_digest: str
    track: Track
    pack: str
    flip: bool
    policy: Policy
    detection_size: int
    images: int
    pairs: int
    shards: int
    resumes: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How many shards are whole and how many images are embedded, of all there are."""

    shards_done: int
    images_done: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run and what became of it. `summary` is the headline of its report. Times are seconds, UTC."""

    id: str
    status: Status
    version: int
    created_at: float
    changed_at: float
    request: RunRequest
    progress: Progress
    attempts: int = 0
    started_at: float | None = None
    ended_at: float | None = None
    summary: dict[str, Any] | None = None
    failure: Failure | None = None


@dataclass(frozen=True, slots=True)
class RunKeys:
    """Where a run's results lie in the object store."""

    run_id: str

    @property
    def report(self) -> str:
        """For machines."""
        return f"runs/{self.run_id}/report.json"

    @property
    def page(self) -> str:
        """For people: one self-contained HTML file."""
        return f"runs/{self.run_id}/report.html"

    @property
    def scores(self) -> str:
        """One row a pair, from which every number can be computed again."""
        return f"runs/{self.run_id}/scores.csv"
