"""The comparison score: the cosine of two embeddings."""

import numpy as np
import numpy.typing as npt


def cosine(reference: npt.ArrayLike, probe: npt.ArrayLike) -> float:
    """From -1 to 1; a larger score means more alike.

    Computed as 1 - |u - v|^2 / 2 of the unit vectors, which is the cosine, and exactly 1 for equal embeddings.

    >>> cosine([0.6, 0.8], [0.6, 0.8]), cosine([1.0, 0.0], [0.0, 2.0]), cosine([1.0, 0.0], [-2.0, 0.0])
    (1.0, 0.0, -1.0)
    """
    difference = _unit(reference) - _unit(probe)
    return max(-1.0, min(1.0, 1.0 - float(difference @ difference) / 2))


def _unit(vector: npt.ArrayLike) -> npt.NDArray[np.float64]:
    values = np.asarray(vector, np.float64)
    unit: npt.NDArray[np.float64] = values / np.linalg.norm(values)
    return unit
