"""Metrics of face verification: numpy and scipy only, no I/O.

Scipy is imported by its own name alone: `scipy.stats` and the like are then loaded when first used, which would take
commands that count nothing half of their time.

Definitions, sources and differences from public tools: docs/metrics.md.
"""

from evaluator.metrics.acquisition import FailureToAcquire, fta
from evaluator.metrics.by_people import ByPeople, PeoplePoint, TargetedPeoplePoint, by_people
from evaluator.metrics.costs import DetectionCost, min_dcf
from evaluator.metrics.curve import Bands, ErrorCurve, error_curve
from evaluator.metrics.dependence import (
    PeopleRate,
    Worth,
    Worths,
    design_effect,
    people_of,
    rate_over_people,
    variance_over_people,
    worths,
)
from evaluator.metrics.differences import (
    difference_at_fmr,
    difference_at_same_fmr,
    difference_at_thresholds,
    strangers,
)
from evaluator.metrics.folds import (
    Fold,
    FoldAccuracy,
    OptimisticAccuracy,
    accuracy_10fold,
    correct_10fold,
    optimistic_accuracy,
)
from evaluator.metrics.groups import GroupRates, by_group
from evaluator.metrics.likelihood import cllr, cllr_10fold, cllr_min
from evaluator.metrics.matrix import GroupCell, GroupMatrix, GroupSpread, group_matrix, group_spread
from evaluator.metrics.measurements import (
    Measurements,
    TargetedPoint,
    TrialCounts,
    measure,
    plain,
    to_dict,
)
from evaluator.metrics.operating_points import (
    OperatingPoint,
    fmr_at_fnmr,
    fmr_kept,
    fnmr_at_fmr,
    operating_point,
    trials_needed,
)
from evaluator.metrics.pad import AttackRates, PadPoint, PadSet, bpcer_at_apcer, pad_point
from evaluator.metrics.paired import McNemar, holm, mcnemar
from evaluator.metrics.people import People, PeopleInterval, Resamples
from evaluator.metrics.quality import DiscardCurve, QualityBin, by_quality, discard_curve
from evaluator.metrics.rates import (
    InsufficientData,
    Rate,
    clopper_pearson,
    fmr,
    fnmr,
    rate,
    upper_limit,
    zero_error_bound,
)
from evaluator.metrics.same_fmr import SameFmr, false_matches_allowed, same_fmr, threshold_for_false_matches
from evaluator.metrics.scores import Booleans, Counts, Labels, Scores, ScoreSet
from evaluator.metrics.separation import EqualErrorRate, auc, d_prime, eer
from evaluator.metrics.weighted import WeightedScores

__all__ = [
    "AttackRates",
    "Bands",
    "Booleans",
    "ByPeople",
    "Counts",
    "DetectionCost",
    "DiscardCurve",
    "EqualErrorRate",
    "ErrorCurve",
    "FailureToAcquire",
    "Fold",
    "FoldAccuracy",
    "GroupCell",
    "GroupMatrix",
    "GroupRates",
    "GroupSpread",
    "InsufficientData",
    "Labels",
    "McNemar",
    "Measurements",
    "OperatingPoint",
    "OptimisticAccuracy",
    "PadPoint",
    "PadSet",
    "People",
    "PeopleInterval",
    "PeoplePoint",
    "PeopleRate",
    "QualityBin",
    "Rate",
    "Resamples",
    "SameFmr",
    "ScoreSet",
    "Scores",
    "TargetedPeoplePoint",
    "TargetedPoint",
    "TrialCounts",
    "WeightedScores",
    "Worth",
    "Worths",
    "accuracy_10fold",
    "auc",
    "bpcer_at_apcer",
    "by_group",
    "by_people",
    "by_quality",
    "cllr",
    "cllr_10fold",
    "cllr_min",
    "clopper_pearson",
    "correct_10fold",
    "d_prime",
    "design_effect",
    "difference_at_fmr",
    "difference_at_same_fmr",
    "difference_at_thresholds",
    "discard_curve",
    "eer",
    "error_curve",
    "false_matches_allowed",
    "fmr",
    "fmr_at_fnmr",
    "fmr_kept",
    "fnmr",
    "fnmr_at_fmr",
    "fta",
    "group_matrix",
    "group_spread",
    "holm",
    "mcnemar",
    "measure",
    "min_dcf",
    "operating_point",
    "optimistic_accuracy",
    "pad_point",
    "people_of",
    "plain",
    "rate",
    "rate_over_people",
    "same_fmr",
    "strangers",
    "threshold_for_false_matches",
    "to_dict",
    "trials_needed",
    "upper_limit",
    "variance_over_people",
    "worths",
    "zero_error_bound",
]
