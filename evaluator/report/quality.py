"""What the quality of images has to do with errors: of a pair, the worse of its two images counts."""

from collections.abc import Callable

import numpy as np

from evaluator.metrics import InsufficientData, Scores, by_quality, discard_curve, plain
from evaluator.report.images import ImageTable
from evaluator.report.scores import ScoreTable

#: A measure to a number that is larger for a better image; what is not here says nothing of better and worse.
BETTER: dict[str, Callable[[Scores], Scores]] = {
    "inter_eye_distance_px": np.positive,
    "roll_deg": lambda degrees: -np.abs(degrees),
    "yaw_deg": lambda degrees: -np.abs(degrees),
    "pitch_deg": lambda degrees: -np.abs(degrees),
    "sharpness": np.positive,
    "brightness": np.positive,
    "contrast": np.positive,
    "overexposure": np.negative,
    "cut_off": np.negative,
}
#: As people call them.
NAMES = {
    "inter_eye_distance_px": "distance between the eyes",
    "roll_deg": "roll",
    "yaw_deg": "yaw",
    "pitch_deg": "pitch",
    "sharpness": "sharpness",
    "brightness": "brightness",
    "contrast": "contrast",
    "overexposure": "overexposure",
    "cut_off": "share of the face cut off",
}
#: Where the turn of the head is parted; size and sharpness are parted at their quartiles.
POSES_DEG = (-45.0, -30.0, -15.0)
BY_POSE, BY_QUARTILE = "yaw_deg", ("inter_eye_distance_px", "sharpness")


def quality_of(table: ScoreTable, images: ImageTable | None, threshold: float | None) -> object:
    """What stands under `metrics.quality`, as plain data, or why it cannot be given."""
    if threshold is None:
        return plain(InsufficientData("no decision threshold was given"))
    if images is None:
        return plain(InsufficientData("no quality was measured of the images, or the image file was not given"))
    qualities = {name: _of_pairs(table, images, name) for name in BETTER if name in images.measures}
    scores = table.score_set
    discard = {}
    for name, quality in qualities.items():
        known = scores.mated & scores.acquired & ~np.isnan(quality)
        discard[name] = plain(discard_curve(scores.score[known], quality[known], threshold))
    bins = {}
    for name, quality in qualities.items():
        if name == BY_POSE or name in BY_QUARTILE:
            edges = POSES_DEG if name == BY_POSE else _quartiles(quality)
            bins[name] = [plain(found) for found in by_quality(scores, quality, edges, threshold)]
    return {"discard": discard, "bins": bins}


def _of_pairs(table: ScoreTable, images: ImageTable, name: str) -> Scores:
    """The worse of both sides, shape (n,); NaN where a side was not measured."""
    better = BETTER[name](images.measures[name].astype(np.float64))
    of = images.rows
    sides = np.array([[of.get(row.reference, -1), of.get(row.probe, -1)] for row in table.rows])
    values = np.where(sides >= 0, better[sides], np.nan)
    return np.asarray(values.min(axis=1), np.float64)


def _quartiles(quality: Scores) -> list[float]:
    """Inner ends of four bins of as many pairs each; fewer where many pairs have the same."""
    known = quality[~np.isnan(quality)]
    return sorted({float(q) for q in np.quantile(known, (0.25, 0.5, 0.75), method="higher")}) if known.size else []
