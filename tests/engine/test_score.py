"""The score is a cosine: exactly 1 for equal embeddings, never beyond -1..1, the same both ways round."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from worker.engine.score import cosine

Vector = npt.NDArray[np.float32]

vectors = st.integers(0, 2**32 - 1).map(lambda seed: np.random.default_rng(seed).normal(size=128).astype(np.float32))


@given(vectors)
def test_an_embedding_is_exactly_like_itself(vector: Vector) -> None:
    assert cosine(vector, vector.copy()) == 1.0


@given(vectors, vectors)
def test_the_score_is_the_cosine_whichever_comes_first(one: Vector, other: Vector) -> None:
    u, v = one.astype(np.float64), other.astype(np.float64)
    expected = float(u @ v / np.sqrt((u @ u) * (v @ v)))
    assert cosine(one, other) == pytest.approx(expected, abs=1e-12)
    assert cosine(one, other) == cosine(other, one)


@given(vectors)
def test_the_score_stays_within_its_range(vector: Vector) -> None:
    assert -1.0 <= cosine(vector, -vector) <= -1.0 + 1e-12
    assert cosine(vector, np.nextafter(vector, np.float32(9))) <= 1.0
