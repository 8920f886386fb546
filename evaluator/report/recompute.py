"""Every number of a report, from the score file alone: the report itself is made this way."""

from dataclasses import replace

import numpy as np

from evaluator.metrics import (
    GroupRates,
    InsufficientData,
    Measurements,
    Scores,
    by_group,
    measure,
    min_dcf,
    plain,
    to_dict,
)
from evaluator.metrics.costs import PRIORS
from evaluator.report.grouping import labelled, matrices
from evaluator.report.images import ImageTable, images_from_csv
from evaluator.report.quality import quality_of
from evaluator.report.scores import ScoreTable, from_csv


def measurements_of(table: ScoreTable, threshold: float | None = None) -> Measurements:
    """All metrics of a score table; `threshold` is the pack's, fixed before the run.

    An image fails to acquire when a row says so. A pair has a label in each group column, `gender=f` and `age=30-39`
    for instance, and counts under each. Two columns `reference_gender` and `probe_gender` are one group of the sides:
    `gender=f` then has the pairs within that group, and `gender=f/m` those across the two.
    """
    acquired = np.array([failure is None for failure in table.failures.values()], dtype=np.bool_)
    measurements = measure(table.score_set, images_acquired=acquired, threshold=threshold)
    if threshold is None or not table.group_names:
        return measurements
    groups: dict[str, GroupRates] = {}
    for name, scores in labelled(table):
        rates = by_group(scores, threshold)
        assert isinstance(rates, dict)
        groups |= {f"{name}={label}": group for label, group in rates.items()}
    return replace(measurements, groups=groups)


def metrics_of(
    measurements: Measurements, table: ScoreTable, threshold: float | None, images: ImageTable | None = None
) -> dict[str, object]:
    """What stands under `metrics` in the report: the measurements, and what follows from both files beside them."""
    mated, non_mated = table.score_set.mated_scores, table.score_set.non_mated_scores
    return to_dict(measurements) | {
        "min_dcf": [_min_dcf(mated, non_mated, prior) for prior in PRIORS],
        "group_fmr": plain({} if threshold is None else matrices(table, threshold)),
        "quality": quality_of(table, images, threshold),
    }


def _min_dcf(mated: Scores, non_mated: Scores, prior: float) -> object:
    """A refused one says what it was asked for."""
    found = min_dcf(mated, non_mated, prior)
    return {"prior": prior, "insufficient_data": found.reason} if isinstance(found, InsufficientData) else plain(found)


def recompute(scores_csv: bytes, threshold: float | None = None, images_csv: bytes | None = None) -> dict[str, object]:
    """The `metrics` of the report that was made with this threshold, and of these images where it names any.

    Raise ScoreFileInvalid or ImageFileInvalid, naming the line.
    """
    table = from_csv(scores_csv)
    images = None if images_csv is None else images_from_csv(images_csv)
    return metrics_of(measurements_of(table, threshold), table, threshold, images)
