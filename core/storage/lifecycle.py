"""The life of a comparison job or an evaluation run. The table is the whole diagram; every other step is refused.

queued -> running -> succeeded | failed | cancelled
"""

import re
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Status(StrEnum):
    """Where a job is. The three last ones are terminal: they never change."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def is_terminal(self) -> bool:
        """Whether this is how the job ended."""
        return self in (Status.SUCCEEDED, Status.FAILED, Status.CANCELLED)


class Step(StrEnum):
    """What can happen to a job."""

    START = "start"
    REQUEUE = "requeue"
    SUCCEED = "succeed"
    FAIL = "fail"
    CANCEL = "cancel"
    EXPIRE = "expire"


LIFECYCLE: Mapping[Step, tuple[frozenset[Status], Status]] = {
    # From running only when nobody holds the job's lease any more: its worker was killed.
    Step.START: (frozenset({Status.QUEUED, Status.RUNNING}), Status.RUNNING),
    Step.REQUEUE: (frozenset({Status.RUNNING}), Status.QUEUED),
    Step.SUCCEED: (frozenset({Status.RUNNING}), Status.SUCCEEDED),
    Step.FAIL: (frozenset({Status.QUEUED, Status.RUNNING}), Status.FAILED),
    Step.CANCEL: (frozenset({Status.QUEUED, Status.RUNNING}), Status.CANCELLED),
    # What has been begun by its deadline goes on.
    Step.EXPIRE: (frozenset({Status.QUEUED}), Status.CANCELLED),
}

#: Steps that are refused while another holds the lease: a second message for a running job changes nothing.
EXCLUSIVE = frozenset({Step.START, Step.REQUEUE})


@dataclass(frozen=True, slots=True)
class Lease:
    """Who is at work, and for how long that is believed without a sign. `holder` is unique to the attempt."""

    holder: str
    lasts_s: float


@dataclass(frozen=True, slots=True)
class Failure:
    """Why we could not do our work; `code` is stable, `message` is for people."""

    code: str
    message: str


#: What `new_id` makes, as a regular expression.
ID = r"[a-z]+_[0-9a-f]{32}"


def new_id(prefix: str) -> str:
    """An id that sorts by creation time and cannot be guessed: 48 bits of milliseconds, 80 bits of chance."""
    return f"{prefix}_{int(time.time() * 1000):012x}{secrets.token_hex(10)}"


def made_at(record_id: str) -> float | None:
    """When an id was made, seconds since the epoch, UTC; None for one that `new_id` did not make.

    >>> made_at("cmp_0000000003e800112233445566778899")
    1.0
    """
    digits = record_id.partition("_")[2][:12]
    return int(digits, 16) / 1000 if re.match(ID, record_id) else None
