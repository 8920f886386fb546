import numpy as np

from evaluator.metrics import InsufficientData, Rate, ScoreSet, by_group, operating_point

PAIRS = ScoreSet(
    score=np.array([0.9, 0.4, np.nan, 0.6, 0.1, 0.7, 0.2]),
    mated=np.array([True, True, True, False, False, True, False]),
    acquired=np.array([True, True, False, True, True, True, True]),
    group=np.array(["old", "old", "old", "old", "old", "young", "young"]),
)


def test_each_group_has_its_own_rates_at_one_threshold() -> None:
    groups = by_group(PAIRS, 0.5)
    assert isinstance(groups, dict)
    assert list(groups) == ["old", "young"]
    counted = {
        name: [(r.errors, r.trials) for r in (g.fmr, g.fnmr, g.fta) if isinstance(r, Rate)]
        for name, g in groups.items()
    }
    assert counted == {"old": [(1, 2), (1, 2), (1, 5)], "young": [(0, 1), (0, 1), (0, 2)]}


def test_errors_of_all_groups_add_up_to_those_of_all_pairs() -> None:
    groups = by_group(PAIRS, 0.5)
    whole = operating_point(PAIRS, 0.5).fnmr
    assert isinstance(groups, dict)
    parts = [g.fnmr for g in groups.values() if isinstance(g.fnmr, Rate)]
    assert isinstance(whole, Rate)
    assert sum(r.errors for r in parts) == whole.errors
    assert sum(r.trials for r in parts) == whole.trials


def test_a_group_with_few_trials_is_flagged_not_hidden() -> None:
    groups = by_group(PAIRS, 0.5, min_trials=2)
    assert isinstance(groups, dict)
    flags = {name: (g.few_mated_trials, g.few_non_mated_trials) for name, g in groups.items()}
    assert flags == {"old": (False, False), "young": (True, True)}


def test_pairs_without_groups_have_no_rates_by_group() -> None:
    assert by_group(ScoreSet.of([1], [0]), 0.5) == InsufficientData("the pairs have no groups")
