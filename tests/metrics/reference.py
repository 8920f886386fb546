"""Figures of other people's code, to hold ours against; it is not installed here, for it wants another numpy.

To make them again, in an environment of its own:

    python -m venv other && other/bin/pip install cimat==0.1.2
    other/bin/python tests/metrics/reference.py cimat > tests/metrics/reference_cimat.json

The pairs are made by arithmetic alone, so that they are the same under any numpy.
"""

import json
import sys
from collections.abc import Iterator
from itertools import combinations
from math import sin

PEOPLE, THRESHOLDS = 30, (-0.6, 0.0, 0.9)


def pairs() -> Iterator[tuple[int, int, float]]:
    """Two people and a score: four of each person, and one or two of every third couple; some people are alike."""
    noise = (3 * sin(12.9898 * k) for k in range(1, 10_000))
    for person in range(PEOPLE):
        for _ in range(4):
            yield person, person, 2 + sin(person * person) + next(noise) / 3
    for one, other in combinations(range(PEOPLE), 2):
        for _ in range((one + other) % 3):
            yield one, other, sin(one * one) + sin(other * other) + next(noise) / 3


def by_cimat(replicates: int = 4000) -> dict[str, object]:
    """Of each threshold, plug-in variances of FNMR and FMR; the AUC, with its double-or-nothing bootstrap interval."""
    import numpy as np
    from cimat import UncertaintyEstimator  # type: ignore[import-not-found]

    scores: dict[int, dict[int, list[float]]] = {person: {} for person in range(PEOPLE)}
    for one, other, score in pairs():
        scores[one].setdefault(other, []).append(score)
        if one != other:
            scores[other].setdefault(one, []).append(score)
    estimator = UncertaintyEstimator(scores)
    plug_in = {}
    for threshold in THRESHOLDS:
        estimator.compute_binerror_metrics(threshold)
        fnmr, fmr = estimator.compute_variance(threshold, estimator="plugin")
        plug_in[str(threshold)] = {"fnmr": float(fnmr), "fmr": float(fmr)}
    np.random.seed(1)
    estimator.run_bootstrap(replicates)
    _, auc = estimator.get_roc_ci(target_fpr=[0.1])
    return {"plug_in_variance": plug_in, "auc": estimator.compute_auc(), "auc_interval": [float(end) for end in auc]}


if __name__ == "__main__":
    print(json.dumps({"cimat": by_cimat}[sys.argv[1]](), indent=1))
