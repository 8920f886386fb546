"""An evaluation run: which benchmark, on which pack, how; and how far it has come."""

from dataclasses import dataclass
from typing import Any

from core.storage.lifecycle import Failure, Status
from core.vocabulary import Policy, Track


@dataclass(frozen=True, slots=True)
class RunRequest:
    """What was asked for."""

    #: Its name.
    dataset: str
    #: Pins the content, whatever is imported under the name later.
    dataset_digest: str
    track: Track
    #: Its name.
    pack: str
    #: Whether the embedding of the mirrored crop is added.
    flip: bool
    policy: Policy
    #: Side of the detector's input, in pixels.
    detection_size: int
    #: Unique ones.
    images: int
    pairs: int
    shards: int
    #: Id of the run that this one takes up again; None for one of its own.
    resumes: str | None = None
    #: None where nobody asked to be called back.
    callback_url: str | None = None


@dataclass(frozen=True, slots=True)
class Progress:
    """How many shards are whole and how many images are embedded, of all there are."""

    shards_done: int
    images_done: int


@dataclass(frozen=True, slots=True)
class Run:
    """A run and what became of it. Times are seconds since the epoch, UTC."""

    id: str
    status: Status
    #: Counts the steps: it grows by one with each change of the status.
    version: int
    created_at: float
    #: When something was last heard of it: a step, or the progress of a shard.
    changed_at: float
    request: RunRequest
    progress: Progress
    #: How often its shards were sent.
    attempts: int = 0
    #: Of the latest attempt; None before the first.
    started_at: float | None = None
    #: None until the status is terminal.
    ended_at: float | None = None
    #: The headline of its report; None unless it has succeeded.
    summary: dict[str, Any] | None = None
    #: None unless it has failed.
    failure: Failure | None = None
    #: Id of the API key that asked for it, the first of a row of rotated ones: whose secret signs what is told of its
    #: end. None where no keys are asked for, and of runs from a terminal.
    owner: str | None = None
    #: The one event that tells its end at the callback URL; None where nobody asked to be called back.
    event_id: str | None = None
    #: Ids of the deliveries that tell its end: that event's, and one for each endpoint that wanted it.
    deliveries: tuple[str, ...] = ()


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

    @property
    def images(self) -> str:
        """One row an image with its quality measures; not there where nothing was measured."""
        return f"runs/{self.run_id}/images.csv"

    @property
    def all(self) -> tuple[str, ...]:
        """Every one of them."""
        return self.report, self.page, self.scores, self.images


def url_of(run_id: str) -> str:
    """Where the API shows the run."""
    return f"/v1/evaluations/{run_id}"
