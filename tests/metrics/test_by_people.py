"""The second interval of every headline figure: there where people are known, refused with a reason elsewhere."""

import numpy as np
import pytest

from evaluator.metrics import (
    ByPeople,
    InsufficientData,
    OperatingPoint,
    PeopleInterval,
    PeoplePoint,
    PeopleRate,
    Rate,
    ScoreSet,
    Worth,
    measure,
    plain,
    to_dict,
)


def benchmark(*, people: int = 200, failed: int = 0, seed: int = 4) -> ScoreSet:
    """A list like LFW's, smaller: 1000 mated pairs and 1000 non-mated ones of some people, in ten folds."""
    random = np.random.default_rng(seed)
    one = random.integers(0, people, 2000)
    other = np.where(np.arange(2000) < 1000, one, (one + random.integers(1, people, 2000)) % people)
    person = random.normal(0, 0.08, people)
    score = np.where(one == other, 0.6, 0.1) + person[one] + person[other] + random.normal(0, 0.1, 2000)
    acquired = np.ones(2000, dtype=np.bool_)
    acquired[:failed] = False
    names = np.array([f"person {number}" for number in range(people)])
    score = np.where(acquired, score, np.nan)
    return ScoreSet(score, one == other, acquired, np.arange(2000) % 10, None, names[one], names[other])


def measured(pairs: ScoreSet) -> ByPeople:
    found = measure(pairs, threshold=0.35).by_people
    assert isinstance(found, ByPeople)
    return found


def test_every_headline_figure_has_an_interval_around_it() -> None:
    measurements = measure(benchmark(failed=5), threshold=0.35)
    found = measurements.by_people
    assert isinstance(found, ByPeople)
    intervals: list[object] = [found.eer, found.auc, found.d_prime, found.error_10fold, found.error_10fold_with_fta]
    given = [(measurements.at_threshold, found.at_threshold)]
    given += [
        (of.point, by.point)
        for of, by in zip(
            (*measurements.fnmr_at_fmr[:2], *measurements.fmr_at_fnmr[:2]),
            (*found.fnmr_at_fmr[:2], *found.fmr_at_fnmr[:2]),
            strict=True,
        )
    ]
    for point, by_people in given:
        assert isinstance(point, OperatingPoint)
        assert isinstance(by_people, PeoplePoint)
        assert point.threshold == by_people.threshold
        for name in ("fmr", "fnmr", "far", "frr"):
            rate, interval = getattr(point, name), getattr(by_people, name)
            assert isinstance(rate, Rate)
            assert rate.value == interval.value
            assert interval.low <= rate.low
            assert interval.high >= rate.high
            intervals.append(interval)
    for interval in intervals:
        assert isinstance(interval, PeopleRate | PeopleInterval)
        assert interval.low < interval.value < interval.high


def test_failures_to_acquire_are_errors_in_the_one_view_and_left_out_in_the_other() -> None:
    found = measured(benchmark(failed=300)).fnmr_at_fmr[0].point
    assert isinstance(found, PeoplePoint)
    assert isinstance(found.fnmr, PeopleRate)
    assert isinstance(found.frr, PeopleRate)
    assert found.fnmr.high < 0.2 < 0.3 < found.frr.low + 0.05


def test_neither_the_order_of_pairs_nor_the_side_of_a_person_matters() -> None:
    pairs = benchmark(people=60)
    order = np.random.default_rng(1).permutation(2000)
    assert pairs.fold is not None
    assert pairs.reference_subject is not None
    assert pairs.probe_subject is not None
    turned = ScoreSet(
        pairs.score[order],
        pairs.mated[order],
        pairs.acquired[order],
        pairs.fold[order],
        None,
        pairs.probe_subject[order],
        pairs.reference_subject[order],
    )
    before, after = measured(pairs), measured(turned)
    for one, other in ((before.mated, after.mated), (before.non_mated, after.non_mated)):
        assert isinstance(one, Worth)
        assert isinstance(other, Worth)
        assert (one.disjoint, one.independent) == (other.disjoint, other.independent)
    for name in ("eer", "auc", "d_prime", "error_10fold"):
        ends = [(getattr(of, name).low, getattr(of, name).high) for of in (before, after)]
        assert ends[0] == pytest.approx(ends[1], abs=1e-9)


def test_the_same_scores_give_the_same_numbers_to_the_last_digit() -> None:
    assert plain(measured(benchmark())) == plain(measured(benchmark()))


def test_without_subjects_it_is_refused_and_says_what_to_do() -> None:
    refused = to_dict(measure(ScoreSet.of([0.9, 0.8], [0.1])))["by_people"]
    assert isinstance(refused, dict)
    assert "reference_subject, probe_subject" in refused["insufficient_data"]
    assert "imported again" in refused["insufficient_data"]


def test_two_people_carry_no_interval() -> None:
    subjects = np.array(["ada", "ada", "bo"]), np.array(["ada", "bo", "bo"])
    pairs = ScoreSet(
        np.array([0.9, 0.1, 0.8]), np.array([True, False, True]), np.ones(3, dtype=bool), None, None, *subjects
    )
    assert measure(pairs).by_people == InsufficientData("intervals over people need at least 20 people, there are 2")


def test_without_mated_pairs_what_needs_them_is_refused() -> None:
    pairs = benchmark()
    assert pairs.reference_subject is not None
    assert pairs.probe_subject is not None
    kept = ~pairs.mated
    found = measured(
        ScoreSet(
            pairs.score[kept],
            pairs.mated[kept],
            pairs.acquired[kept],
            None,
            None,
            pairs.reference_subject[kept],
            pairs.probe_subject[kept],
        )
    )
    assert found.auc == found.eer == InsufficientData("there are no mated trials")
    assert isinstance(found.at_threshold, PeoplePoint)
    assert isinstance(found.at_threshold.fmr, PeopleRate)
    assert isinstance(found.at_threshold.fnmr, InsufficientData)


@pytest.mark.parametrize(
    ("reference", "probe", "what"),
    [
        (["a", "b"], ["a", "b"], "mated: row 1 is False, but its subjects say otherwise"),
        (["a", "b"], ["c", "d"], "mated: row 0 is True, but its subjects say otherwise"),
        (["a", "b"], None, "subjects must be known of both sides, or of neither"),
        (["a"], ["a"], "reference_subject: shape is"),
    ],
)
def test_subjects_that_contradict_the_truth_are_refused(
    reference: list[str], probe: list[str] | None, what: str
) -> None:
    sides = np.array(reference), None if probe is None else np.array(probe)
    with pytest.raises(ValueError, match=what):
        ScoreSet(np.array([0.9, 0.1]), np.array([True, False]), np.ones(2, dtype=bool), None, None, *sides)
