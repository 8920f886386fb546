"""Figures of other people's code, to hold ours against; it is not installed here, for it wants another numpy.

To make them again, in an environment of its own for each:

    python -m venv other && other/bin/pip install cimat==0.1.2
    other/bin/python tests/metrics/reference.py cimat > tests/metrics/reference_cimat.json
    python -m venv third && third/bin/pip install lir==1.3.1
    third/bin/python tests/metrics/reference.py lir > tests/metrics/reference_lir.json

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


def by_lir() -> dict[str, float]:
    """Cllr of the scores taken for log10 likelihood ratios, and Cllr_min; also where mated and non-mated ones tie."""
    import numpy as np
    from lir.data.models import LLRData  # type: ignore[import-not-found]
    from lir.metrics import cllr, cllr_min  # type: ignore[import-not-found]

    labels = np.array([int(one == other) for one, other, _ in pairs()])
    found: dict[str, float] = {}
    for name, digits in (("as they are", 15), ("with ties", 0)):
        scores = np.array([round(score, digits) for _, _, score in pairs()])
        ratios = LLRData(features=scores.reshape(-1, 1), labels=labels)
        found |= {f"cllr, {name}": cllr(ratios), f"cllr_min, {name}": cllr_min(ratios)}
    return found


if __name__ == "__main__":
    print(json.dumps(by_lir() if sys.argv[1] == "lir" else by_cimat(), indent=1))
