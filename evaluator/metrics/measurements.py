"""All metrics of one run, as one frozen tree and as plain data."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, fields, is_dataclass

import numpy as np

from evaluator.metrics.acquisition import FailureToAcquire, fta
from evaluator.metrics.by_people import ByPeople, TargetedPeoplePoint, by_people
from evaluator.metrics.curve import ErrorCurve, error_curve
from evaluator.metrics.dependence import Worths, worths
from evaluator.metrics.folds import (
    FoldAccuracy,
    OptimisticAccuracy,
    accuracy_10fold,
    optimistic_accuracy,
)
from evaluator.metrics.groups import MIN_GROUP_TRIALS, GroupRates, by_group
from evaluator.metrics.likelihood import cllr_10fold, cllr_min
from evaluator.metrics.operating_points import (
    OperatingPoint,
    fmr_at_fnmr,
    fnmr_at_fmr,
    operating_point,
)
from evaluator.metrics.rates import InsufficientData
from evaluator.metrics.scores import Booleans, Scores, ScoreSet, count
from evaluator.metrics.separation import EqualErrorRate, auc, d_prime, eer

#: Rates that operating points are named after.
TARGETS = (1e-1, 1e-2, 1e-3, 1e-4)


@dataclass(frozen=True, slots=True)
class TrialCounts:
    """How many pairs there are, and how many were compared."""

    #: Of the list.
    mated_pairs: int
    non_mated_pairs: int
    #: Of them, those that were compared.
    mated_trials: int
    non_mated_trials: int


@dataclass(frozen=True, slots=True)
class TargetedPoint:
    """An operating point and the rate it was asked for, or why it is refused."""

    target: float
    point: OperatingPoint | InsufficientData


@dataclass(frozen=True, slots=True)
class Measurements:
    """Everything measured on one `ScoreSet`. See docs/metrics.md for each figure."""

    trials: TrialCounts
    fta: FailureToAcquire
    accuracy_10fold: FoldAccuracy | InsufficientData
    #: The same, a failure to acquire being decided as a non-match.
    accuracy_10fold_with_fta: FoldAccuracy | InsufficientData
    optimistic_accuracy: OptimisticAccuracy | InsufficientData
    eer: EqualErrorRate | InsufficientData
    auc: float | InsufficientData
    d_prime: float | InsufficientData
    cllr_min: float | InsufficientData
    cllr_10fold: float | InsufficientData
    fnmr_at_fmr: tuple[TargetedPoint, ...]
    fmr_at_fnmr: tuple[TargetedPoint, ...]
    at_threshold: OperatingPoint | InsufficientData
    groups: Mapping[str, GroupRates] | InsufficientData
    #: Intervals over people, beside those that take pairs for independent.
    by_people: ByPeople | InsufficientData
    curve: ErrorCurve | InsufficientData


def measure(
    scores: ScoreSet,
    *,
    images_acquired: Booleans | None = None,
    threshold: float | None = None,
    targets: Sequence[float] = TARGETS,
    fold_thresholds: Scores | None = None,
    min_group_trials: int = MIN_GROUP_TRIALS,
    confidence: float = 0.95,
) -> Measurements:
    """Compute every metric; one that cannot be given is `InsufficientData` with its own reason.

    `images_acquired` has one element per unique image (for the image FTA); `threshold` is a
    decision threshold fixed beforehand, at which `at_threshold` and `groups` are measured;
    `fold_thresholds` is an explicit grid for the LFW protocol. Raise ValueError for a NaN or
    infinite threshold, a target outside (0, 1) or an unusable grid.

    >>> measure(ScoreSet.of([0.8, 0.9], [0.1, 0.2])).auc
    1.0
    """
    mated, non_mated = scores.mated_scores, scores.non_mated_scores
    at_threshold: OperatingPoint | InsufficientData
    groups: dict[str, GroupRates] | InsufficientData
    at_threshold = groups = InsufficientData("no decision threshold was given")
    if threshold is not None:
        at_threshold = operating_point(scores, threshold, confidence=confidence)
        groups = by_group(scores, threshold, min_trials=min_group_trials, confidence=confidence)

    of_people = worths(scores)
    known = of_people if isinstance(of_people, Worths) else None

    def points(find: Callable[..., OperatingPoint | InsufficientData]) -> tuple[TargetedPoint, ...]:
        return tuple(TargetedPoint(t, find(scores, t, worths=known, confidence=confidence)) for t in targets)

    at_fmr, at_fnmr = points(fnmr_at_fmr), points(fmr_at_fnmr)
    accuracy = accuracy_10fold(scores, thresholds=fold_thresholds, confidence=confidence)
    accuracy_with_fta = accuracy_10fold(
        scores, not_acquired="non_match", thresholds=fold_thresholds, confidence=confidence
    )
    return Measurements(
        trials=TrialCounts(
            mated_pairs=count(scores.mated),
            non_mated_pairs=count(~scores.mated),
            mated_trials=mated.size,
            non_mated_trials=non_mated.size,
        ),
        fta=fta(scores, images_acquired, confidence=confidence),
        accuracy_10fold=accuracy,
        accuracy_10fold_with_fta=accuracy_with_fta,
        optimistic_accuracy=optimistic_accuracy(scores),
        eer=eer(mated, non_mated, confidence=confidence),
        auc=auc(mated, non_mated),
        d_prime=d_prime(mated, non_mated),
        cllr_min=cllr_min(mated, non_mated),
        cllr_10fold=cllr_10fold(scores),
        fnmr_at_fmr=at_fmr,
        fmr_at_fnmr=at_fnmr,
        at_threshold=at_threshold,
        groups=groups,
        by_people=by_people(
            scores,
            of_people,
            at_threshold=at_threshold,
            fnmr_at_fmr={found.target: found.point for found in at_fmr},
            fmr_at_fnmr={found.target: found.point for found in at_fnmr},
            accuracy=(accuracy, accuracy_with_fta),
            confidence=confidence,
        ),
        curve=error_curve(mated, non_mated),
    )


def to_dict(measurements: Measurements, *, curve: bool = False) -> dict[str, object]:
    """Plain JSON-able data under the names of the fields.

    A refused figure is {"insufficient_data": reason}. An operating point stands beside its target,
    not below it. The curve, reduced to its corners, is included on demand: it is most of the bytes.

    >>> data = to_dict(measure(ScoreSet.of([0.8, 0.9], [0.1, 0.2])))
    >>> data["accuracy_10fold"], data["auc"]
    ({'insufficient_data': 'the pairs have no folds'}, 1.0)
    """
    names = [field.name for field in fields(measurements) if curve or field.name != "curve"]
    return {name: plain(getattr(measurements, name)) for name in names}


def plain(value: object) -> object:
    """Dataclasses, mappings, tuples and arrays of this package as dicts, lists and numbers."""
    if isinstance(value, InsufficientData):
        return {"insufficient_data": value.reason}
    if isinstance(value, TargetedPoint | TargetedPeoplePoint):
        point = plain(value.point)
        assert isinstance(point, dict)
        return {"target": value.target, **point}
    if isinstance(value, ErrorCurve):
        value = value.corners()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: plain(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, Mapping):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.ndarray):
        return value.tolist()
    return value
