"""The score is a cosine: exactly 1 for equal embeddings, never beyond -1..1, the same both ways round and anywhere."""

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.score import comparison_scores

Vector = npt.NDArray[np.float32]
Rows = npt.NDArray[np.float32]

seeds = st.integers(0, 2**32 - 1)
vectors = seeds.map(lambda seed: np.random.default_rng(seed).normal(size=128).astype(np.float32))


def score(one: Vector, other: Vector) -> float:
    (found,) = comparison_scores([one], [other])
    return float(found)


@given(vectors)
def test_an_embedding_is_exactly_like_itself(vector: Vector) -> None:
    assert score(vector, vector.copy()) == 1.0


@given(vectors, vectors)
def test_the_score_is_the_cosine_whichever_comes_first(one: Vector, other: Vector) -> None:
    u, v = one.astype(np.float64), other.astype(np.float64)
    expected = float(u @ v / np.sqrt((u @ u) * (v @ v)))
    assert score(one, other) == pytest.approx(expected, abs=1e-12)
    assert score(one, other) == score(other, one)


@given(vectors)
def test_the_score_stays_within_its_range(vector: Vector) -> None:
    assert -1.0 <= score(vector, -vector) <= -1.0 + 1e-12
    assert score(vector, np.nextafter(vector, np.float32(9))) <= 1.0


@given(
    seed=seeds,
    pairs=st.integers(1, 40),
    # Around 8 and 128 numpy adds in other ways; 9000 is more than one of its buffers.
    length=st.sampled_from([1, 2, 7, 8, 9, 127, 128, 129, 512, 9000]),
    unit=st.booleans(),
    data=st.data(),
)
def test_a_pair_has_the_same_bits_alone_and_anywhere_among_others(
    seed: int, pairs: int, length: int, unit: bool, data: st.DataObject
) -> None:
    random = np.random.default_rng(seed)
    references, probes = random.normal(size=(2, pairs, length)).astype(np.float32)
    if unit:
        references /= np.linalg.norm(references, axis=1, keepdims=True)
    alone = np.array([score(one, other) for one, other in zip(references, probes, strict=True)])

    order = np.array(data.draw(st.permutations(range(pairs))))
    cut = data.draw(st.integers(0, pairs))
    found = [comparison_scores(references[rows], probes[rows]) for rows in (order[:cut], order[cut:])]
    assert np.concatenate(found).tobytes() == alone[order].tobytes()

    first = data.draw(st.integers(0, pairs - 1))
    assert comparison_scores(references[first:], probes[first:]).tobytes() == alone[first:].tobytes()


@given(seed=seeds, pairs=st.integers(1, 40))
def test_neither_the_layout_in_memory_nor_the_type_of_the_same_numbers_matters(seed: int, pairs: int) -> None:
    references, probes = np.random.default_rng(seed).normal(size=(2, pairs, 128)).astype(np.float32)
    expected = comparison_scores(references, probes).tobytes()
    assert comparison_scores(references.astype(np.float64), probes).tobytes() == expected
    assert comparison_scores(np.asfortranarray(references), np.asfortranarray(probes)).tobytes() == expected
    every_second = np.repeat(references, 2, axis=1)[:, ::2]
    assert comparison_scores(every_second, probes.tolist()).tobytes() == expected
