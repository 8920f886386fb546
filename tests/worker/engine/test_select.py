"""A policy chooses the same face whatever the order the detector reports them in."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.vocabulary import Policy, Reason
from worker.engine.contract import Unusable
from worker.engine.detect import DetectedFace
from worker.engine.select import select, too_small

SHAPE = (300, 400, 3)


def face(left: float, top: float, width: float, height: float, score: float = 0.9) -> DetectedFace:
    middle = (left + width / 2, top + height / 2)
    return DetectedFace((left, top, left + width, top + height), score, (middle,) * 5)


def choose(faces: list[DetectedFace], policy: Policy, min_face_px: int = 24) -> DetectedFace | Unusable:
    chosen = select(faces, policy, SHAPE)
    return chosen if isinstance(chosen, Unusable) else too_small(chosen, min_face_px) or chosen


# A coarse grid, so that ties are frequent.
faces = st.builds(
    face,
    st.integers(0, 4).map(lambda n: n * 80.0),
    st.integers(0, 4).map(lambda n: n * 60.0),
    st.sampled_from([30.0, 60.0]),
    st.sampled_from([30.0, 60.0]),
    st.sampled_from([0.6, 0.9]),
)
several_faces = st.lists(faces, min_size=1, max_size=8)

SMALL_IN_THE_MIDDLE = face(180, 130, 40, 40)
LARGE_AT_THE_EDGE = face(0, 0, 120, 120)


def test_largest_takes_the_largest_box() -> None:
    assert choose([SMALL_IN_THE_MIDDLE, LARGE_AT_THE_EDGE], Policy.LARGEST) == LARGE_AT_THE_EDGE


def test_most_central_takes_the_box_nearest_to_the_centre() -> None:
    assert choose([LARGE_AT_THE_EDGE, SMALL_IN_THE_MIDDLE], Policy.MOST_CENTRAL) == SMALL_IN_THE_MIDDLE


def test_require_one_takes_the_only_face() -> None:
    assert choose([LARGE_AT_THE_EDGE], Policy.REQUIRE_ONE) == LARGE_AT_THE_EDGE


def test_require_one_names_the_number_of_faces_it_refuses() -> None:
    refused = choose([LARGE_AT_THE_EDGE, SMALL_IN_THE_MIDDLE], Policy.REQUIRE_ONE)
    assert refused == Unusable(Reason.MULTIPLE_FACES, "2 faces were found; `require_one` accepts 1")


def test_require_one_counts_a_face_that_is_too_small_to_use() -> None:
    refused = choose([LARGE_AT_THE_EDGE, face(200, 200, 5, 5)], Policy.REQUIRE_ONE)
    assert isinstance(refused, Unusable)
    assert refused.reason is Reason.MULTIPLE_FACES


@pytest.mark.parametrize("policy", Policy)
def test_no_face_is_a_reason_of_its_own(policy: Policy) -> None:
    assert choose([], policy) == Unusable(Reason.NO_FACE, "no face was found in 400x300 pixels")


@pytest.mark.parametrize("policy", Policy)
def test_a_face_is_too_small_by_its_shorter_side(policy: Policy) -> None:
    detail = "the face is 23.9 pixels on its shorter side; at least 24 are needed"
    assert choose([face(0, 0, 90, 23.9)], policy) == Unusable(Reason.FACE_TOO_SMALL, detail)
    assert choose([face(0, 0, 24, 90)], policy) == face(0, 0, 24, 90)


def test_equally_large_faces_go_by_score_then_from_the_left_then_from_above() -> None:
    left, right, below = face(0, 90, 50, 50), face(90, 0, 50, 50), face(0, 180, 50, 50)
    surer = face(200, 200, 50, 50, score=0.95)
    assert choose([right, surer, left], Policy.LARGEST) == surer
    assert choose([below, right, left], Policy.LARGEST) == left


@given(several_faces, st.sampled_from(Policy), st.randoms())
def test_the_order_of_the_faces_does_not_matter(found: list[DetectedFace], policy: Policy, random: Random) -> None:
    shuffled = random.sample(found, len(found))
    assert choose(found, policy) == choose(shuffled, policy)


@given(several_faces)
def test_the_largest_face_is_one_of_them_and_none_is_larger(found: list[DetectedFace]) -> None:
    chosen = choose(found, Policy.LARGEST)
    assert chosen in found
    assert isinstance(chosen, DetectedFace)
    assert chosen.area == max(other.area for other in found)


@given(several_faces, faces)
def test_another_face_wins_or_changes_nothing(found: list[DetectedFace], other: DetectedFace) -> None:
    for policy in (Policy.LARGEST, Policy.MOST_CENTRAL):
        assert choose([*found, other], policy) in (choose(found, policy), other)
