"""What a run would make of its pack's thresholds, and whether they would hold for comparisons here."""

import json
from dataclasses import dataclass
from typing import Any, Self

from pydantic import TypeAdapter

from core.errors import LikenessError
from core.evaluations.calibrations import Calibration
from core.evaluations.run_scores import RunScores
from core.evaluations.scoring import Scoring, differences
from core.packs.catalogue import Pack
from core.vocabulary import Track

_CALIBRATION: TypeAdapter[Calibration] = TypeAdapter(Calibration)


class RunUnfit(LikenessError):
    """Comparisons are not scored the way this run scored: its thresholds would not hold for them."""

    code = "run_unfit"


@dataclass(frozen=True, slots=True)
class RunThresholds:
    """The thresholds of a run, and the scores that are kept beside them once they are the pack's."""

    calibration: Calibration
    scores: RunScores

    @property
    def document(self) -> dict[str, Any]:
        """As the evaluator hands them on."""
        return {"calibration": _CALIBRATION.dump_python(self.calibration, mode="json"), "scores": self.scores.text}

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `document` as JSON. Raise ValueError for anything else."""
        told = json.loads(text)
        return cls(_CALIBRATION.validate_python(told["calibration"]), RunScores.parse(told["scores"]))


def require_fit(made: Calibration, pack: Pack, scoring: Scoring) -> None:
    """Raise RunUnfit for a run that scored otherwise than the service does, naming what differs.

    Policy and provider may be others: comparisons may name that policy, and workers with that provider may come.
    """
    pipeline = made.pipeline
    assert pipeline is not None, "every report of a run says how it scored"
    if pipeline.track is not Track.RAW or pipeline.flip:
        raise RunUnfit(
            f"run {made.run_id} is {pipeline.track}, flip {pipeline.flip}; comparisons are raw, without flip"
        )
    found = {d for ours in scoring.of(pack, pipeline.policy) for d in differences(pipeline, ours)}
    if unfit := sorted(str(difference) for difference in found if difference.field != "provider"):
        raise RunUnfit(
            f"run {made.run_id} scored otherwise than the service does: {'; '.join(unfit)}. Run it again, "
            f"likeness evaluate run {made.dataset} --policy {pipeline.policy}"
        )
