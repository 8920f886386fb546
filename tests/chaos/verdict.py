"""What a siege did, and which promises were not kept."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.storage.lifecycle import Status
from tests.chaos.clients import PAIRS


@dataclass
class Verdict:
    """What the books say at the end. Everything in `broken` must be empty."""

    seed: int
    accepted: int
    seconds: float
    endings: Counter[str]
    kills: Counter[str]
    #: Of Redis, by name.
    ailments: Counter[str]
    answers: Counter[str]
    unknown_to_clients: int
    attempts: Counter[int]
    reenqueued: int
    orphans: int
    failures: Counter[str]
    callbacks: int
    callback_attempts: int
    #: Of what was accepted, how many are batches, and pairs of these that could not be judged.
    batches: int
    pairs_failed: int
    #: Uploads that no submission named in the end, or that the purge found.
    uploads_left_over: int
    lost: list[str] = field(default_factory=list)
    images_lost: list[str] = field(default_factory=list)
    ended_twice: list[str] = field(default_factory=list)
    changed_after_its_end: list[str] = field(default_factory=list)
    images_left: list[str] = field(default_factory=list)
    surprises: list[str] = field(default_factory=list)
    without_callback: list[str] = field(default_factory=list)
    with_two_event_ids: list[str] = field(default_factory=list)
    #: Liveness was asked for, and left out.
    unjudged: list[str] = field(default_factory=list)
    miscounted: list[str] = field(default_factory=list)

    @property
    def broken(self) -> dict[str, list[str]]:
        """Promises that were not kept, and the jobs."""
        checks = {
            "accepted jobs lost": self.lost,
            "accepted jobs whose images were lost": self.images_lost,
            "jobs with two terminal states": self.ended_twice,
            "jobs that changed after their end": self.changed_after_its_end,
            "images left behind": self.images_left,
            "answers that are neither an acceptance nor an invitation to try again": self.surprises,
            "jobs whose event was never delivered": self.without_callback,
            "jobs with two event ids": self.with_two_event_ids,
            "jobs without the liveness that they asked for": self.unjudged,
            "batches that have not every pair once": self.miscounted,
        }
        return {name: found for name, found in checks.items() if found}


def is_unjudged(record: Mapping[str, str]) -> bool:
    """Whether a job succeeded without a verdict on a side that it had asked for one of."""
    if "result" not in record:
        return False
    asked, found = json.loads(record["request"])["liveness"], json.loads(record["result"])["pad"]
    sides = {"off": 0}.get(asked["rule"], {"probe": 1, "both": 2}[asked["sides"]])
    return len(found) != sides


def is_whole(record: dict[str, str], rows: dict[str, str]) -> bool:
    """Whether a batch that succeeded has a row for each pair, and has counted each once."""
    counted = sum(int(record.get(name, 0)) for name in ("matches", "non_matches", "not_acquired", "failed"))
    is_over = record["status"] == Status.SUCCEEDED
    return not is_over or (counted == len(PAIRS) and {*rows} == {str(pair) for pair in range(len(PAIRS))})
