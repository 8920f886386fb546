import numpy as np
import pytest
from scipy.stats import binomtest

from evaluator.metrics import InsufficientData, PadPoint, PadSet, Rate, bpcer_at_apcer, pad_point

SHOWN = PadSet(
    np.array([0.9, 0.8, 0.5, 0.2, np.nan, 0.1, 0.5, 0.3, np.nan, 0.6, 0.7]),
    (None, None, None, None, None, "print", "print", "print", "print", "screen", "screen"),
)


def counted(figure: Rate | InsufficientData) -> tuple[int, int]:
    assert isinstance(figure, Rate)
    return figure.errors, figure.trials


def test_each_rate_counts_what_the_standard_says() -> None:
    point = pad_point(SHOWN, 0.5)
    printed, screen = point.attacks
    assert (printed.species, printed.presentations, screen.species, screen.presentations) == ("print", 4, "screen", 2)
    assert (counted(printed.apcer), counted(screen.apcer)) == ((1, 3), (2, 2)), "a score on the threshold is bona fide"
    assert (counted(printed.apnrr), counted(screen.apnrr)) == ((1, 4), (0, 2))
    assert (counted(printed.passed), counted(screen.passed)) == ((1, 4), (2, 2))
    assert (counted(point.bpcer), counted(point.bpnrr), counted(point.refused)) == ((1, 4), (1, 5), (2, 5))


def test_the_apcer_of_a_subsystem_is_that_of_its_worst_species_and_no_mean() -> None:
    point = pad_point(SHOWN, 0.5)
    assert point.apcer == point.attacks[1].apcer
    assert counted(point.apcer) == (2, 2)


def test_a_species_without_a_response_leaves_no_apcer_to_give() -> None:
    shown = PadSet(np.array([0.9, np.nan, 0.1]), (None, "mask", "print"))
    point = pad_point(shown, 0.5)
    assert point.apcer == InsufficientData("there are no attacks of species mask with a response")


def test_intervals_are_those_of_scipy() -> None:
    bpcer = pad_point(SHOWN, 0.5).bpcer
    assert isinstance(bpcer, Rate)
    expected = binomtest(1, 4).proportion_ci(0.95, "exact")
    assert (bpcer.low, bpcer.high) == pytest.approx((expected.low, expected.high))


def random_set(seed: int) -> PadSet:
    """Scores on a grid, so that many are equal."""
    random = np.random.default_rng(seed)
    scores = np.concatenate([random.beta(4, 2, 200), random.beta(2, 4, 120), random.beta(2, 3, 150)]).round(2)
    scores[random.random(scores.size) < 0.05] = np.nan
    return PadSet(scores, (None,) * 200 + ("print",) * 120 + ("screen",) * 150)


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("target", [0.05, 0.1])
def test_apcer_is_at_most_the_target_for_every_species_and_no_smaller_threshold_keeps_it(
    seed: int, target: float
) -> None:
    shown = random_set(seed)
    point = bpcer_at_apcer(shown, target)
    assert isinstance(point, PadPoint)
    assert all(isinstance(attack.apcer, Rate) and attack.apcer.value <= target for attack in point.attacks)
    smaller = shown.scores[shown.scores < point.threshold].max()
    largest = pad_point(shown, float(smaller)).apcer
    assert isinstance(largest, Rate)
    assert largest.value > target


def test_a_target_that_the_attacks_cannot_show_is_refused_with_the_reason() -> None:
    refusal = bpcer_at_apcer(random_set(0), 0.01)
    assert isinstance(refusal, InsufficientData)
    assert refusal.reason.startswith("APCER at most 0.01 needs at least 299 attacks of species print with a response")
    assert "even without an error show only APCER < 0.02" in refusal.reason
    assert bpcer_at_apcer(PadSet(np.array([0.5]), (None,)), 0.1) == InsufficientData("there are no attacks")
    nothing = bpcer_at_apcer(PadSet(np.array([np.nan]), ("mask",)), 0.1)
    assert nothing == InsufficientData(
        "APCER at most 0.1 needs at least 29 attacks of species mask with a response, there are 0"
    )


def test_what_is_no_set_of_presentations_is_refused() -> None:
    with pytest.raises(ValueError, match=r"2 species for scores of shape \(1,\)"):
        PadSet(np.array([0.5]), (None, "print"))
    with pytest.raises(ValueError, match="must be a finite number"):
        PadSet(np.array([np.inf]), (None,))
    with pytest.raises(ValueError, match="threshold"):
        pad_point(SHOWN, float("nan"))
