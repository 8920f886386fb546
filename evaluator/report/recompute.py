"""Every number of a report, from the score file alone: the report itself is made this way."""

from dataclasses import replace

import numpy as np

from evaluator.metrics import GroupRates, Measurements, by_group, measure, to_dict
from evaluator.report.scores import PROBE, REFERENCE, ScoreTable, from_csv


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
    of_sides = {f"{side}{name}" for name in table.sided for side in (REFERENCE, PROBE)}
    columns = {name: table.grouped(name) for name in table.group_names if name not in of_sides}
    sides = {name: table.across(name) for name in table.sided}
    groups: dict[str, GroupRates] = {}
    for name, scores in (*columns.items(), *sides.items()):
        rates = by_group(scores, threshold) if scores else {}
        assert isinstance(rates, dict)
        groups |= {f"{name}={label}": group for label, group in rates.items()}
    return replace(measurements, groups=groups)


def recompute(scores_csv: bytes, threshold: float | None = None) -> dict[str, object]:
    """The `metrics` of the report that was made with this threshold. Raise ScoreFileInvalid, naming the line."""
    return to_dict(measurements_of(from_csv(scores_csv), threshold))
