"""Decision thresholds that a run has shown to keep a false match rate, by pack."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from pydantic import TypeAdapter

from core.errors import LikenessError
from core.evaluations.pipeline import Pipeline
from core.evaluations.run_scores import RunScores
from core.evaluations.scoring import differences
from core.settings.groups import RedisSettings
from core.standing import Point
from core.storage.connection import connect, translated
from core.vocabulary import CalibratedFmr, Threshold


class TargetUnsupported(LikenessError):
    """No run has shown a threshold that keeps this false match rate."""

    code = "target_fmr_unsupported"


class CalibrationUnfit(LikenessError):
    """The pack's thresholds were found on scores that are made otherwise than this comparison's."""

    code = "calibration_unfit"


class CalibrationSmaller(LikenessError):
    """The pack's thresholds rest on more trials than these would."""

    code = "calibration_smaller"


class CalibrationEmpty(LikenessError):
    """The run has too few non-mated comparisons for any threshold."""

    code = "calibration_empty"


@dataclass(frozen=True, slots=True)
class Calibration:
    """The thresholds of one pack from one run, largest target first."""

    #: Its name.
    pack: str
    pack_digest: str
    run_id: str
    #: Its name when the run was requested; the digest says what it had in it.
    dataset: str
    dataset_digest: str
    #: Side of the detector's input, in pixels.
    detection_size: int
    #: Seconds since the epoch, UTC.
    made_at: float
    points: tuple[Point, ...]
    #: How the run scored; None in what was stored before it was recorded.
    pipeline: Pipeline | None = None

    def require_fit(self, service: Iterable[Pipeline]) -> None:
        """Raise CalibrationUnfit where a comparison is scored otherwise than the run, naming what differs."""
        if self.pipeline is None:
            raise CalibrationUnfit(
                f"the thresholds of {self.pack} (run {self.run_id} on {self.dataset}) were stored by a version that "
                f"did not record how the run scored: calibrate again, likeness evaluate calibrate {self.run_id}"
            )
        found = sorted({d for pipeline in service for d in differences(self.pipeline, pipeline)}, key=str)
        if not found:
            return
        if {difference.field for difference in found} == {"policy"}:
            mend = f"ask for policy={self.pipeline.policy}, or calibrate from a run with --policy {found[0].ours}"
        else:
            mend = f"calibrate from a new run, likeness evaluate run {self.dataset}, or put the setting back"
        raise CalibrationUnfit(
            f"the thresholds of {self.pack} are from run {self.run_id} on {self.dataset}, which scored otherwise than "
            f"this comparison would: {'; '.join(map(str, found))}. To mend it: {mend}"
        )

    def require_more_than(self, before: "Calibration") -> None:
        """Raise CalibrationSmaller where the one before rests on more trials than this one."""
        if before.trials > self.trials:
            raise CalibrationSmaller(
                f"the thresholds of {before.pack} are from run {before.run_id} on {before.dataset}, {before.trials} "
                f"non-mated comparisons; run {self.run_id} has {self.trials}. To replace them: --replace"
            )

    def require_threshold(self) -> None:
        """Raise CalibrationEmpty where the run has shown no threshold at all, naming a list of pairs that would do."""
        if self.trials:
            return
        why = self.points[0].refused if self.points else "it was asked for none"
        raise CalibrationEmpty(
            f"run {self.run_id} on {self.dataset} gives no threshold, so {self.pack} keeps what it has: {why}. "
            "Calibrate from a larger list: the 3000 non-mated pairs of LFW (`likeness evaluate fetch lfw`) are enough "
            "down to an FMR of 0.001; how to bring a list of your own is in docs/datasets.md"
        )

    @property
    def trials(self) -> int:
        """The non-mated trials that its thresholds rest on; 0 without a threshold."""
        return max((point.trials or 0 for point in self.points), default=0)

    def threshold_for(self, target_fmr: float) -> Threshold:
        """The threshold of the largest named FMR that does not exceed `target_fmr`. Raise TargetUnsupported."""
        shown = [point for point in self.points if point.threshold is not None]
        fitting = [point for point in shown if point.target <= target_fmr]
        if not fitting:
            refused = [p.refused for p in self.points if p.refused and p.target <= target_fmr]
            raise TargetUnsupported(
                f"run {self.run_id} on {self.dataset} supports {', '.join(f'{p.target:g}' for p in shown) or 'none'}; "
                f"found {target_fmr:g}" + (f" ({refused[0]})" if refused else "")
            )
        point = max(fitting, key=lambda point: point.target)
        assert point.threshold is not None
        assert point.errors is not None
        assert point.trials is not None
        assert point.low is not None
        assert point.high is not None
        return Threshold(
            value=point.threshold,
            origin=f"FMR at most {point.target:g} with 95 % confidence, from run {self.run_id} on {self.dataset}",
            calibrated=CalibratedFmr(
                target_fmr=point.target,
                errors=point.errors,
                trials=point.trials,
                low=point.low,
                high=point.high,
                run_id=self.run_id,
                dataset=self.dataset,
            ),
        )


_CALIBRATION: TypeAdapter[Calibration] = TypeAdapter(Calibration)


class CalibrationStore:
    """One calibration of each pack. Raises RecordsUnavailable when the server is away."""

    def __init__(self, server: RedisSettings) -> None:
        self._redis: Any = connect(server)

    def put(self, calibration: Calibration, scores: RunScores | None = None, *, smaller: bool = False) -> None:
        """Make this the pack's calibration, and keep its run's scores, if they are given, in place of the one before's.

        Raise CalibrationSmaller for a weaker one, unless it may be `smaller`.
        """
        before = self.get(calibration.pack_digest)
        if before and not smaller:
            calibration.require_more_than(before)
        with translated(), self._redis.pipeline(transaction=True) as pipeline:
            if before:
                pipeline.delete(_scores_key(before.run_id))
            if scores:
                pipeline.set(_scores_key(calibration.run_id), scores.text)
            pipeline.set(_key(calibration.pack_digest), _CALIBRATION.dump_json(calibration))
            pipeline.execute()

    def get(self, pack_digest: str) -> Calibration | None:
        """The pack's calibration, if it has one."""
        with translated():
            value = self._redis.get(_key(pack_digest))
        return _CALIBRATION.validate_json(value) if value else None

    def resting_on(self, run_id: str, digests: Iterable[str]) -> tuple[str, ...]:
        """The packs, of those with these digests, whose calibration comes from this run."""
        found = (self.get(digest) for digest in digests)
        return tuple(calibration.pack for calibration in found if calibration and calibration.run_id == run_id)

    def scores(self, run_id: str) -> RunScores | None:
        """Of a run that calibrates a pack; None where they were not kept. Raise ValueError for what is no scores."""
        with translated():
            value = self._redis.get(_scores_key(run_id))
        return RunScores.parse(value) if value else None


def _key(pack_digest: str) -> str:
    return f"calibration:{pack_digest}"


def _scores_key(run_id: str) -> str:
    return f"calibration-scores:{run_id}"
