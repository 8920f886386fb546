"""Runs on the same pairs: which one makes more errors of either kind, and could it be luck?"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from core.evaluations.scoring import SCORED_BY, differences
from evaluator.metrics import (
    Booleans,
    FoldAccuracy,
    InsufficientData,
    People,
    PeopleInterval,
    Resamples,
    accuracy_10fold,
    correct_10fold,
    holm,
    mcnemar,
    people_of,
    plain,
    rate,
    strangers,
)
from evaluator.metrics.people import MIN_PEOPLE
from evaluator.report.finished import FinishedRun, RunsNotComparable
from evaluator.report.questions import LABELS, MATED, Contender, Question, questions, require_same_pairs
from evaluator.report.scores import ScoreTable

ALPHA = 0.05
#: With fewer, resamples say little about how far a difference might lie from where it is.
MIN_DISAGREEMENTS = 10
SHOWN = 10

Json = dict[str, Any]


def compare(runs: Sequence[Contender], *, alpha: float = ALPHA, at_fmr: float | None = None) -> Json:
    """Every run against the first, the baseline, as plain data; `regression` is true where one is significantly worse.

    Mated and non-mated pairs are tested apart. Each run decides at its own threshold, and for one more test at the
    threshold that gives it the baseline's FMR; with `at_fmr` all decide at that observed FMR and at no other. P-values
    are corrected for all tests made: where no run differs in truth, at most a share `alpha` of comparisons finds a
    difference. Where it is known who is on the images, the interval over people must agree. A pair that was not
    acquired is a non-match.

    Raise RunsNotComparable, naming the first difference, when pairs, their order, their truth or their folds differ,
    when a run has no threshold, and when so few pairs cannot show an FMR of `at_fmr`.
    """
    if not 2 <= len(runs) <= len(LABELS):
        raise RunsNotComparable(f"from 2 to {len(LABELS)} runs can be compared; found {len(runs)}")
    first = runs[0]
    for other in runs[1:]:
        require_same_pairs(first, other)
    mated = first.table.score_set.mated
    asked = [
        question for place in range(1, len(runs)) for question in questions(first, runs[place], place, at_fmr=at_fmr)
    ]
    people = _people(runs)
    known = isinstance(people, People)
    resamples = Resamples(people if isinstance(people, People) else strangers(mated))
    intervals = resamples.intervals(*(question.difference for question in asked), confidence=1 - alpha)
    adjusted = holm([question.p_value for question in asked])
    told = [
        _told(question, runs, p, interval, alpha=alpha, known=known)
        for question, p, interval in zip(asked, adjusted, intervals, strict=True)
    ]
    return {
        "runs": [_described(run, LABELS[place], at_fmr) for place, run in enumerate(runs)],
        "pairs": int(mated.size),
        "mated_pairs": int(np.count_nonzero(mated)),
        "non_mated_pairs": int(np.count_nonzero(~mated)),
        "at_fmr": at_fmr,
        "alpha": alpha,
        "resampled": {"what": "people" if known else "pairs", "replicates": resamples.replicates}
        | ({"people": people.count} if isinstance(people, People) else {"people": None, "why": people.reason}),
        "tests": told,
        "significant": any(test["significant"] for test in told),
        "regression": any(test["worse"] for test in told),
        "regressions": sorted({test["run"] for test in told if test["worse"]}),
        "accuracy_10fold": _accuracies(runs),
        "disagreements": list(_disagreements(runs, asked)),
    }


def compare_runs(
    runs: Sequence[FinishedRun],
    *,
    thresholds: Sequence[float | None] = (),
    alpha: float = ALPHA,
    at_fmr: float | None = None,
) -> Json:
    """`compare` of runs that have ended, with what is known of each: its pack, its cost, how else it differs from A.

    `thresholds`, in the runs' order and None where it is the pack's own, take the place of those. Raise
    RunsNotComparable for runs on other data sets as well.
    """
    first = runs[0]
    for other in runs[1:]:
        _require_same_dataset(first, other)
    given = [*thresholds, *[None] * len(runs)]
    contenders = [
        Contender(run.name, run.table, run.threshold if own is None else own)
        for run, own in zip(runs, given, strict=False)
    ]
    compared = compare(contenders, alpha=alpha, at_fmr=at_fmr)
    for described, run, own in zip(compared["runs"], runs, given, strict=False):
        described |= {
            "pack": run.pack,
            "pack_digest": run.report["pack"]["digest"],
            "threshold_origin": run.report["pack"]["threshold"]["origin"]
            if own is None
            else "given for this comparison",
            "cost": dict(run.cost),
            "differs": [
                f"{SCORED_BY[difference.field]}: {difference.theirs} in A, {difference.ours} here"
                for difference in differences(first.pipeline, run.pipeline)
                if difference.field != "pack_digest"
            ],
        }
    return compared | {"dataset": {"name": first.dataset, "digest": first.dataset_digest}}


def _told(
    question: Question,
    runs: Sequence[Contender],
    p_holm: float,
    interval: PeopleInterval | None,
    *,
    alpha: float,
    known: bool,
) -> Json:
    both = [runs[place].table.score_set for place in (0, question.run)]
    right = [scores.correct(at) for scores, at in zip(both, question.thresholds, strict=True)]
    mated = both[0].mated
    rows = mated if question.kind == MATED else ~mated
    errors = [_errors(decided, rows) for decided in right]
    difference = (errors[1]["errors"] - errors[0]["errors"]) / int(np.count_nonzero(rows))
    agrees = interval is None or not known or not interval.low <= 0 <= interval.high
    significant = p_holm < alpha and agrees
    return {
        "run": LABELS[question.run],
        "against": LABELS[0],
        "kind": question.kind,
        "where": question.where,
        "thresholds": list(question.thresholds),
        "errors": errors,
        "false_matches": [int(np.count_nonzero(~decided & ~mated)) for decided in right],
        "most_false_matches": question.most_false_matches,
        "b": question.only_first_correct,
        "c": question.only_second_correct,
        "p_value": question.p_value,
        "p_holm": p_holm,
        "difference": difference,
        "interval": _interval(question, interval),
        "significant": significant,
        "worse": significant and question.only_first_correct > question.only_second_correct,
    }


def _interval(question: Question, interval: PeopleInterval | None) -> Json:
    disagreements = question.only_first_correct + question.only_second_correct
    if disagreements < MIN_DISAGREEMENTS or interval is None:
        return {
            "insufficient_data": f"an interval needs at least {MIN_DISAGREEMENTS} disagreements; found {disagreements}"
        }
    return {"low": interval.low, "high": interval.high, "confidence": interval.confidence}


def _described(run: Contender, label: str, at_fmr: float | None) -> Json:
    scores = run.table.score_set
    described: Json = {"label": label, "run": run.name, "threshold": run.threshold}
    if run.threshold is not None and at_fmr is None:
        right = scores.correct(run.threshold)
        described |= {
            "false_matches": _errors(right, ~scores.mated),
            "false_non_matches": _errors(right, scores.mated),
        }
    return described | {"pairs_not_acquired": int(np.count_nonzero(~scores.acquired))}


def _errors(right: Booleans, rows: Booleans) -> Any:
    return plain(rate(int(np.count_nonzero(~right & rows)), int(np.count_nonzero(rows)), of="pairs"))


def _people(runs: Sequence[Contender]) -> People | InsufficientData:
    """Who is on the images, where a run knows: one of before may not."""
    found = [people_of(run.table.score_set) for run in runs]
    known = next((people for people in found if isinstance(people, People)), None)
    if known is None:
        return InsufficientData("the list does not say who is on its images")
    if known.count < MIN_PEOPLE:
        return InsufficientData(f"there must be {MIN_PEOPLE} people to be resampled; found {known.count}")
    return known


def _accuracies(runs: Sequence[Contender]) -> list[Json] | Json:
    """For the record: each run at the thresholds of its own folds, against the first."""
    found = [accuracy_10fold(run.table.score_set) for run in runs]
    if refused := [accuracy for accuracy in found if isinstance(accuracy, InsufficientData)]:
        return {"insufficient_data": refused[0].reason}
    accuracies = [accuracy for accuracy in found if isinstance(accuracy, FoldAccuracy)]
    right = [correct_10fold(run.table.score_set, accuracy) for run, accuracy in zip(runs, accuracies, strict=True)]
    tested = [mcnemar(right[0], decided) for decided in right]
    return [
        {"run": label, "mean": accuracy.mean, "std": accuracy.std, "error": plain(accuracy.error)}
        | {"b": test.only_first_correct, "c": test.only_second_correct, "p_value": test.p_value}
        for label, accuracy, test in zip(LABELS, accuracies, tested, strict=False)
    ]


def _disagreements(runs: Sequence[Contender], asked: Sequence[Question]) -> Iterator[Json]:
    """Of every run, the first few pairs that it and the baseline decide otherwise, where the first of its tests is."""
    for place in range(1, len(runs)):
        question = next((question for question in asked if question.run == place), None)
        if question is None:
            continue
        first, other = runs[0].table, runs[place].table
        right = first.score_set.correct(question.thresholds[0]), other.score_set.correct(question.thresholds[1])
        only_first, only_second = right[0] & ~right[1], ~right[0] & right[1]
        yield {
            "run": LABELS[place],
            "where": question.where,
            "thresholds": list(question.thresholds),
            "total": [int(np.count_nonzero(only_first)), int(np.count_nonzero(only_second))],
            "only_first_correct": _examples(first, other, only_first),
            "only_second_correct": _examples(first, other, only_second),
        }


def _require_same_dataset(first: FinishedRun, other: FinishedRun) -> None:
    if first.dataset_digest == other.dataset_digest:
        return
    one, two = (f"{run.dataset} (digest {run.dataset_digest[:12]})" for run in (first, other))
    raise RunsNotComparable(
        f"{first.name} is on {one} and {other.name} on {two}: runs are compared pair by pair, so on one data set. "
        f"Whether a threshold holds on another: likeness evaluate transfer"
    )


def _examples(a: ScoreTable, b: ScoreTable, where: Booleans) -> list[Json]:
    """The first few pairs that one run gets right and the other wrong."""
    examples = []
    for row in np.flatnonzero(where)[:SHOWN].tolist():
        one, other = a.rows[row], b.rows[row]
        pair = {"reference": one.reference, "probe": one.probe, "mated": one.mated}
        examples.append(pair | {"scores": [one.score, other.score]})
    return examples
