"""Does a threshold hold elsewhere? Those that one run's scores would be given, judged on every other run's."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from functools import cached_property
from itertools import combinations
from typing import Any

from core.evaluations.scoring import SCORED_BY, differences
from evaluator.metrics import (
    InsufficientData,
    OperatingPoint,
    PeopleRate,
    Rate,
    Worth,
    Worths,
    clopper_pearson,
    operating_point,
    people_of,
    plain,
    rate_over_people,
    worths,
)
from evaluator.metrics.measurements import TARGETS
from evaluator.report.calibration import calibrate
from evaluator.report.finished import FinishedRun, RunsNotComparable
from evaluator.report.wording import several

#: What became of a promised FMR on other pairs: their limit shows that it holds, their other limit that it does not,
#: or neither.
HOLDS, EXCEEDED, OPEN = "holds", "exceeded", "open"
CONFIDENCE = 0.95

Json = dict[str, Any]


@dataclass(frozen=True)  # without slots: what a run's pairs are worth is found once
class Judge:
    """A run on which thresholds of others are judged."""

    run: FinishedRun

    @cached_property
    def _worth(self) -> Worth | InsufficientData:
        known = worths(self.run.table.score_set)
        return known.non_mated if isinstance(known, Worths) else known

    def over_people(self, threshold: float) -> PeopleRate | InsufficientData:
        """The FMR with its interval over people; its ends are one-sided 95 % limits, for each leaves out 5 %."""
        scores = self.run.table.score_set
        everybody = people_of(scores)
        if isinstance(everybody, InsufficientData):
            return InsufficientData("the pairs do not say who is in them")
        rows = scores.acquired & ~scores.mated
        wrong = scores.score[rows] >= threshold
        return rate_over_people(wrong, everybody.among(rows), self._worth, confidence=2 * CONFIDENCE - 1)


def transfer(runs: Sequence[FinishedRun], targets: Sequence[float] = TARGETS) -> Json:
    """For each pack, the thresholds that `calibrate` would take from each run, judged on each other run, as plain data.

    Raise RunsNotComparable where a pack has one run alone, where runs of a pack scored in different ways, and where two
    are on the same data set: a threshold would be judged on the pairs that chose it.
    """
    packs: dict[str, list[FinishedRun]] = {}
    for run in runs:
        packs.setdefault(run.pipeline.pack_digest, []).append(run)
    for of_pack in packs.values():
        _require_alike(of_pack)
    return {"confidence": CONFIDENCE, "packs": [_of_pack(of_pack, targets) for of_pack in packs.values()]}


def _of_pack(runs: Sequence[FinishedRun], targets: Sequence[float]) -> Json:
    first, judges = runs[0], [Judge(run) for run in runs]
    return {
        "pack": first.pack,
        "pack_digest": first.pipeline.pack_digest,
        "pipeline": asdict(first.pipeline) | {"how": first.report["pipeline"]["how"]},
        "runs": [_run(run) for run in runs],
        "shared_images": [
            {"datasets": [one.dataset, other.dataset], "images": shared}
            for one, other in combinations(runs, 2)
            if (shared := len(one.table.failures.keys() & other.table.failures.keys()))
        ],
        "points": [point for run in runs for point in _points(run, judges, targets)],
    }


def _run(run: FinishedRun) -> Json:
    scores = run.table.score_set
    return {
        "run": run.name,
        "dataset": run.dataset,
        "dataset_digest": run.dataset_digest,
        "mated_trials": int(scores.mated_scores.size),
        "non_mated_trials": int(scores.non_mated_scores.size),
        "pairs_not_acquired": int((~scores.acquired).sum()),
    }


def _points(source: FinishedRun, judges: Sequence[Judge], targets: Sequence[float]) -> Iterator[Json]:
    """What was asked of one run's scores, the threshold they gave, and what that does on the others'."""
    for found in calibrate(source.table, targets):
        asked: Json = {"target": found.target, "run": source.name, "dataset": source.dataset}
        if isinstance(found.point, InsufficientData):
            yield asked | {"threshold": None, "insufficient_data": found.point.reason, "on": []}
            continue
        yield asked | {
            "threshold": found.point.threshold,
            "fmr": plain(found.point.fmr),
            "on": [_judged(judge, found.target, found.point.threshold) for judge in judges if judge.run is not source],
        }


def _judged(judge: Judge, target: float, threshold: float) -> Json:
    run = judge.run
    point: OperatingPoint = operating_point(run.table.score_set, threshold, confidence=CONFIDENCE)
    people = judge.over_people(threshold)
    return {
        "run": run.name,
        "dataset": run.dataset,
        "fmr": plain(point.fmr),
        "fmr_over_people": plain(people),
        "fnmr": plain(point.fnmr),
        "frr": plain(point.frr),
        #: How many times the asked FMR.
        "factor": point.fmr.value / target if isinstance(point.fmr, Rate) else None,
        **_verdict(point.fmr, people, target),
    }


def _verdict(fmr: Rate | InsufficientData, people: PeopleRate | InsufficientData, target: float) -> Json:
    """By people where they are known, for pairs that share one are no two witnesses; else by pairs."""
    if isinstance(fmr, InsufficientData):
        return {"verdict": OPEN, "why": fmr.reason}
    if isinstance(people, PeopleRate):
        least, most, by = people.low, people.high, f"{several(fmr.trials, 'non-mated pair')}, over people,"
    else:
        least, most = float(clopper_pearson(fmr.errors, fmr.trials, 2 * CONFIDENCE - 1)[0]), fmr.upper
        by = several(fmr.trials, "non-mated pair")
    verdict = HOLDS if most <= target else EXCEEDED if least > target else OPEN
    return {
        "verdict": verdict,
        "why": f"{by} show, either way with 95 % confidence, an FMR of {least:.3g} to {most:.3g}",
    }


def _require_alike(runs: Sequence[FinishedRun]) -> None:
    first = runs[0]
    if len(runs) == 1:
        raise RunsNotComparable(
            f"{first.name} on {first.dataset} is the only run of the pack {first.pack}: a threshold is judged on other "
            f"data sets, so each pack needs at least two runs"
        )
    for other in runs[1:]:
        if found := differences(first.pipeline, other.pipeline):
            told = "; ".join(
                f"{SCORED_BY[one.field]}: {one.theirs} in {first.name}, {one.ours} in {other.name}" for one in found
            )
            raise RunsNotComparable(
                f"{first.name} and {other.name} scored otherwise, so a threshold of one is none for the other: {told}"
            )
    for one, other in combinations(runs, 2):
        if one.dataset_digest == other.dataset_digest:
            raise RunsNotComparable(
                f"{one.name} and {other.name} are on the same data set, {one.dataset}: a threshold would be judged on "
                f"the pairs that chose it. Name one of them"
            )
