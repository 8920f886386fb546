"""How many jobs wait: what decides whether one more may, and where."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Waiting:
    """How many jobs are queued; of one owner too, where one was asked about."""

    in_all: int
    of_owner: int | None
    #: Of the owner, queued and running.
    open_of_owner: int | None
