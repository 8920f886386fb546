"""Where scores lie among those of the runs that calibrated their packs."""

import time
from dataclasses import dataclass

import structlog

from core.evaluations.calibrations import Calibration, CalibrationStore, CalibrationUnfit
from core.evaluations.run_scores import RunScores
from core.evaluations.scoring import pipeline_of
from core.standing import Standing
from core.vocabulary import EngineFacts, Policy

log = structlog.get_logger()

#: Runs whose scores are held in memory: one a pack that is served, and they are few.
HELD = 4


@dataclass(frozen=True, slots=True)
class Looked:
    """What was found when a pack's calibration was asked for."""

    #: Seconds since the epoch, UTC: before the question.
    at: float
    calibration: Calibration | None


class Standings:
    """Asks for the pack's calibration, which may be replaced at any time, and for a run's scores once."""

    def __init__(self, calibrations: CalibrationStore) -> None:
        self._calibrations = calibrations
        self._looked: dict[str, Looked] = {}
        self._held: dict[str, RunScores] = {}

    def of(self, score: float, engine: EngineFacts, policy: Policy, *, since: float) -> Standing | None:
        """By the pack's calibration as it was at `since`, seconds since the epoch, UTC, or later.

        So of what has waited in a queue, many are told in one question. None without a calibration that can be read.
        Raise RecordsUnavailable.
        """
        try:
            calibration = self._calibration(engine.pack.digest, since)
            scores = self._scores(calibration.run_id) if calibration else None
        except ValueError as error:  # of a version to come; what pydantic says of it may be long
            log.error("calibration_unreadable", pack=engine.pack.name, why=type(error).__name__)
            return None
        return _standing(score, calibration, scores, engine, policy) if calibration else None

    def _calibration(self, pack_digest: str, since: float) -> Calibration | None:
        looked = self._looked.get(pack_digest)
        if looked is None or looked.at < since:
            looked = Looked(time.time(), self._calibrations.get(pack_digest))
            self._looked[pack_digest] = looked
        return looked.calibration

    def _scores(self, run_id: str) -> RunScores | None:
        held = self._held.get(run_id) or self._calibrations.scores(run_id)
        if held:
            kept = [(name, scores) for name, scores in self._held.items() if name != run_id]
            self._held = {**dict(kept[-(HELD - 1) :]), run_id: held}
        return held


def _standing(
    score: float, calibration: Calibration, scores: RunScores | None, engine: EngineFacts, policy: Policy
) -> Standing:
    run_id, dataset, made_at = calibration.run_id, calibration.dataset, calibration.made_at
    try:
        calibration.require_fit([pipeline_of(engine, policy)])
    except CalibrationUnfit as error:
        return Standing(run_id, dataset, made_at, unfit=str(error))
    return Standing(
        run_id,
        dataset,
        made_at,
        points=calibration.points,
        non_mated=scores.as_high(score) if scores else None,
        mated=scores.as_low(score) if scores else None,
    )
