"""What became of one pair: the same facts that a comparison's result has."""

from collections.abc import Mapping
from dataclasses import dataclass

from core.liveness import NO_LIVENESS, Liveness, PadResult
from core.quality import Seen
from core.vocabulary import Compared, EngineFacts, Face, NotAcquired, Policy, Result, Side, Threshold


@dataclass(frozen=True, slots=True)
class NotJudged:
    """We could not do our work on this pair; `code` is stable, `message` is for people."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class PhotographFacts:
    """What was found out about one photograph, once for all its pairs."""

    #: The face that counts; None where there is none.
    face: Face | None
    #: None where it was not decoded.
    seen: Seen | None
    #: None where no pair asks for it.
    pad: PadResult | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One pair and what became of it."""

    #: Its place in the client's list, from 0.
    pair: int
    #: The client's names.
    custom_id: str
    reference: str
    probe: str
    #: Reference and probe, by their numbers.
    photographs: tuple[int, int]
    outcome: Compared | NotAcquired | NotJudged
    #: None where no engine looked.
    engine: EngineFacts | None

    def result(
        self,
        facts: Mapping[int, PhotographFacts],
        threshold: Threshold,
        policy: Policy,
        liveness: Liveness = NO_LIVENESS,
    ) -> Result | NotJudged:
        """As a comparison of these two photographs would have it."""
        if isinstance(self.outcome, NotJudged) or self.engine is None:
            return self.outcome if isinstance(self.outcome, NotJudged) else NotJudged("engine_error", "no engine")
        failed = {failure.side for failure in getattr(self.outcome, "failures", ())}
        sides = {side: facts.get(number) for side, number in zip(Side, self.photographs, strict=True)}
        return Result(
            outcome=self.outcome,
            decision=self.outcome.decide(threshold.value) if isinstance(self.outcome, Compared) else None,
            threshold=threshold,
            policy=policy,
            engine=self.engine,
            faces={side: f.face for side, f in sides.items() if f and f.face and side not in failed},
            timings_ms={},
            seen={side: f.seen for side, f in sides.items() if f and f.seen},
            pad={side: f.pad for side, f in sides.items() if f and f.pad and liveness.judges(side)},
        )
