"""Who makes the request that is served now, and what was found out about them at the door."""

from dataclasses import dataclass, field
from typing import cast

from flask import g

from api.door.rates import Allowance
from core.comparisons.waiting import Waiting
from core.keys.keys import ApiKey, Scope


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks; without a key where none is asked for. `waiting`: what waits already, where more is submitted."""

    key: ApiKey | None = None
    waiting: Waiting | None = None
    #: What is left of each limit that this request was held to; grows as it goes on.
    allowances: list[Allowance] = field(default_factory=list)

    @property
    def owner(self) -> str | None:
        """Whom the jobs submitted now belong to."""
        return self.key.owner if self.key else None

    @property
    def sees(self) -> str | None:
        """Whose jobs the caller sees; None for everybody's."""
        return None if self.key is None or Scope.ADMIN in self.key.scopes else self.key.owner


def caller() -> Caller:
    """Who makes this request; nobody in particular before the door has looked."""
    return cast(Caller, g.get("caller") or Caller())


def arrive(who: Caller) -> None:
    """Note who makes this request."""
    g.caller = who
