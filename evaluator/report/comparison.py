"""Two runs on the same pairs: which one decides better, and could it be luck?"""

from typing import Any

import numpy as np

from core.errors import LikenessError
from evaluator.metrics import Booleans, InsufficientData, Rate, accuracy_10fold, correct_10fold, mcnemar, plain, rate
from evaluator.report.scores import ScoreRow, ScoreTable
from evaluator.report.wording import percent, several

ALPHA = 0.05
SHOWN = 10

Json = dict[str, Any]


class RunsNotComparable(LikenessError):
    """The two runs cannot be compared pair by pair."""

    code = "runs_not_comparable"


def compare(
    a: ScoreTable,
    b: ScoreTable,
    *,
    names: tuple[str, str] = ("A", "B"),
    alpha: float = ALPHA,
    thresholds: tuple[float, float] | None = None,
) -> Json:
    """McNemar's test of B against A, as plain data; `regression` is true when B is significantly worse.

    Each pair is decided at the threshold of its fold, chosen by each run on its own other nine, or at `thresholds`,
    fixed beforehand, one for each run. A pair that was not acquired is a non-match. Raise RunsNotComparable, naming the
    first difference, when the pairs, their order, their truth or their folds differ, and when there are no thresholds
    to decide by.
    """
    _require_same_pairs(a, b, names)
    own = thresholds or (None, None)
    right = [_decided(t, name, at) for t, name, at in zip((a, b), names, own, strict=True)]
    test = mcnemar(*right)
    only_a, only_b = test.only_first_correct, test.only_second_correct
    significant = test.p_value < alpha
    better = names[0] if only_a > only_b else names[1] if only_b > only_a else None
    return {
        "runs": list(names),
        "pairs": test.pairs,
        "thresholds": "of each pair's fold" if thresholds is None else list(thresholds),
        "errors": [plain(_errors(r)) for r in right],
        "b": only_a,
        "c": only_b,
        "p_value": test.p_value,
        "alpha": alpha,
        "better": better,
        "significant": significant,
        "regression": significant and only_a > only_b,
        "only_first_correct": _examples(a, b, right[0] & ~right[1]),
        "only_second_correct": _examples(a, b, right[1] & ~right[0]),
    }


def as_text(comparison: Json) -> str:
    """The comparison in a few lines."""
    (first, second), alpha = comparison["runs"], comparison["alpha"]
    only_a, only_b, p = comparison["b"], comparison["c"], comparison["p_value"]
    lines = [f"{several(comparison['pairs'], 'pair')}; each run decides at thresholds {_where(comparison)}"]
    for name, wrong in zip((first, second), comparison["errors"], strict=True):
        interval = f"{percent(1 - wrong['high'], 2)} to {percent(1 - wrong['low'], 2)}"
        right = percent(1 - wrong["value"], 2)
        lines.append(f"  {name}: {right} right ({several(wrong['errors'], 'error')}; 95 %: {interval})")
    lines.append(
        f"only {first} is right on {several(only_a, 'pair')}, only {second} on {only_b}: p = {p:.3g} (McNemar)"
    )
    if comparison["significant"]:
        worse = second if comparison["regression"] else first
        lines.append(f"{comparison['better']} is significantly better than {worse} (p < {alpha:g})")
    elif 2 * 0.5 ** (only_a + only_b) >= alpha:
        lines.append(f"no verdict: with {several(only_a + only_b, 'disagreement')} no outcome could be significant")
    else:
        lines.append(f"no significant difference (p >= {alpha:g}); that does not show the two to be equal")
    return "\n".join(lines) + "\n"


def _where(comparison: Json) -> str:
    where = comparison["thresholds"]
    return where if isinstance(where, str) else " and ".join(f"{threshold:g}" for threshold in where)


def _require_same_pairs(a: ScoreTable, b: ScoreTable, names: tuple[str, str]) -> None:
    for number, (one, other) in enumerate(zip(a.rows, b.rows, strict=False)):
        for what in ("reference", "probe", "mated", "fold"):
            ours, theirs = getattr(one, what), getattr(other, what)
            if ours != theirs:
                raise RunsNotComparable(
                    f"pair {number + 1} differs: {what} is {ours!r} in {names[0]} and {theirs!r} in {names[1]}"
                )
    if len(a.rows) != len(b.rows):
        longer, name = (a, names[0]) if len(a.rows) > len(b.rows) else (b, names[1])
        shorter = min(len(a.rows), len(b.rows))
        extra: ScoreRow = longer.rows[shorter]
        raise RunsNotComparable(
            f"{names[0]} has {len(a.rows)} pairs and {names[1]} {len(b.rows)}: only {name} has pair {shorter + 1}, "
            f"{extra.reference!r} and {extra.probe!r}"
        )


def _decided(table: ScoreTable, name: str, threshold: float | None) -> Booleans:
    scores = table.score_set
    if threshold is not None:
        return scores.correct(threshold)
    accuracy = accuracy_10fold(scores)
    if isinstance(accuracy, InsufficientData):
        raise RunsNotComparable(f"{name} has no 10-fold thresholds: {accuracy.reason}; name one for each run")
    return correct_10fold(scores, accuracy)


def _errors(right: Booleans) -> Rate:
    errors = rate(int(np.count_nonzero(~right)), right.size)
    assert isinstance(errors, Rate)
    return errors


def _examples(a: ScoreTable, b: ScoreTable, where: Booleans) -> list[Json]:
    """The first few pairs that one run gets right and the other wrong."""
    examples = []
    for row in np.flatnonzero(where)[:SHOWN].tolist():
        one, other = a.rows[row], b.rows[row]
        pair = {"reference": one.reference, "probe": one.probe, "mated": one.mated}
        examples.append(pair | {"scores": [one.score, other.score]})
    return examples
