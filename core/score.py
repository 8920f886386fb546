"""The comparison score: the one formula, for a comparison of the service and for the pairs of a benchmark alike."""

import numpy as np
import numpy.typing as npt


def comparison_scores(references: npt.ArrayLike, probes: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """The cosine of each reference and its probe: embeddings of shape (n, d), scores of shape (n,), from -1 to 1.

    A larger score means more alike. Computed in float64 as 1 - |u - v|^2 / 2 of the unit vectors, which is the cosine,
    and exactly 1 for equal embeddings. A pair has the same bits whatever else is computed with it, so that a score
    that a benchmark made the threshold is a match in the service. An embedding of zeros has no direction; its score
    says nothing.

    >>> comparison_scores([[0.6, 0.8], [1, 0], [1, 0]], [[0.6, 0.8], [0, 2], [-2, 0]]).tolist()
    [1.0, 0.0, -1.0]
    """
    scores: npt.NDArray[np.float64] = 1.0 - _squared_lengths(_units(references) - _units(probes)) / 2
    return np.clip(scores, -1.0, 1.0)


def _units(embeddings: npt.ArrayLike) -> npt.NDArray[np.float64]:
    rows = np.ascontiguousarray(embeddings, np.float64)
    lengths = np.sqrt(_squared_lengths(rows))[:, np.newaxis]
    units: npt.NDArray[np.float64] = rows / np.where(lengths > 0, lengths, 1.0)
    return units


def _squared_lengths(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """`np.sum` over a contiguous last axis adds each row pairwise, in an order that only its length decides.

    BLAS (`@`, `norm` of one vector) and `einsum` choose theirs by the processor and by the number of rows.
    """
    lengths: npt.NDArray[np.float64] = np.sum(np.square(rows), axis=1)
    return lengths
