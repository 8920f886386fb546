"""Why images are not compared, although they may show a face."""

from collections.abc import Mapping

from core.liveness import LivenessRule, PadVerdict
from core.quality import QualityRule
from core.settings.groups import QualityLimits
from core.vocabulary import FailureToAcquire, Reason, Side
from worker.engine.contract import Acquired, Unusable
from worker.engine.quality import judge

#: Verdicts for which nothing is compared where liveness is required.
_VETOES = {
    PadVerdict.ATTACK: Reason.PRESENTATION_ATTACK,
    PadVerdict.NOT_JUDGED: Reason.LIVENESS_NOT_JUDGED,
}


def failures(
    sides: Mapping[Side, Acquired | Unusable], quality: QualityRule, liveness: LivenessRule, limits: QualityLimits
) -> tuple[FailureToAcquire, ...]:
    """Of every side; where quality is required, one a warning, and where liveness is, one a face without it."""
    found = []
    for side, acquired in sides.items():
        if isinstance(acquired, Unusable):
            found.append(FailureToAcquire(side, acquired.reason, acquired.detail))
            continue
        if quality is QualityRule.REQUIRE and acquired.seen and acquired.seen.measures:
            warnings = judge(acquired.seen.measures, limits)
            found += [FailureToAcquire(side, Reason(warning), detail) for warning, detail in warnings]
        if liveness is LivenessRule.REQUIRE and acquired.pad and acquired.pad.verdict in _VETOES:
            found.append(FailureToAcquire(side, _VETOES[acquired.pad.verdict], acquired.pad.sentence))
    return tuple(found)
