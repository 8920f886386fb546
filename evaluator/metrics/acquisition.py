"""Failures to acquire: images and pairs for which there was nothing to compare."""

from dataclasses import dataclass

from evaluator.metrics.rates import InsufficientData, Rate, rate, rate_among
from evaluator.metrics.scores import Booleans, ScoreSet, as_booleans, count


@dataclass(frozen=True, slots=True)
class FailureToAcquire:
    """FTA counted on unique images and on pairs. A pair fails when either of its images does."""

    #: How many failed; None where they were not counted.
    images: int | None
    #: How many failed.
    pairs: int
    #: Among unique images.
    image_rate: Rate | InsufficientData
    #: Among all pairs.
    pair_rate: Rate | InsufficientData
    mated_pair_rate: Rate | InsufficientData
    non_mated_pair_rate: Rate | InsufficientData


def fta(
    scores: ScoreSet,
    images_acquired: Booleans | None = None,
    *,
    confidence: float = 0.95,
) -> FailureToAcquire:
    """Failure-to-acquire rates.

    `images_acquired` has one element for each *unique* image, shape (m,). ISO would call a failing
    reference a failure to enrol; a client submits both images in one request, so either failing is
    a failure to acquire here. Raise ValueError when `images_acquired` is not boolean.

    Source: ISO/IEC 19795-1.

    >>> import numpy as np
    >>> pairs = ScoreSet(np.array([0.8, np.nan]), np.array([True, False]), np.array([True, False]))
    >>> f = fta(pairs, np.array([True, True, True, False]))
    >>> f.images, f.image_rate.value, f.pair_rate.value, f.mated_pair_rate.value, f.non_mated_pair_rate.value
    (1, 0.25, 0.5, 0.0, 1.0)
    """
    failed = ~scores.acquired
    images: int | None = None
    image_rate: Rate | InsufficientData = InsufficientData("images were not counted")
    if images_acquired is not None:
        acquired = as_booleans(images_acquired, "images_acquired")
        images = count(~acquired)
        image_rate = rate(images, acquired.size, confidence=confidence, of="images")
    return FailureToAcquire(
        images,
        count(failed),
        image_rate,
        rate(count(failed), failed.size, confidence=confidence),
        rate_among(scores.mated, failed, confidence=confidence, of="mated pairs"),
        rate_among(~scores.mated, failed, confidence=confidence, of="non-mated pairs"),
    )
