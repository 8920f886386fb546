"""What others published of the pack, beside what this run measured, and whether one may be held against the other."""

from core.packs.catalogue import PublishedFigure
from core.vocabulary import SMALL_DETECTION_SIZE, Track
from evaluator.metrics import FoldAccuracy, InsufficientData, plain
from evaluator.report.facts import RunFacts
from evaluator.report.wording import listed, percent

Json = dict[str, object]


def beside_ours(facts: RunFacts, accuracy: FoldAccuracy | InsufficientData) -> list[Json]:
    """One entry for each figure published on this benchmark, in the order of the list of packs."""
    ours = _ours(facts, accuracy)
    figures = [figure for figure in facts.pack.published if facts.dataset.is_benchmark(figure.benchmark)]
    return [_beside(figure, facts, accuracy, ours) for figure in figures]


def how_measured(facts: RunFacts) -> str:
    """In the words in which others describe theirs."""
    size = facts.pipeline.detection_size
    small = f" (small ones at {SMALL_DETECTION_SIZE} px)" if size > SMALL_DETECTION_SIZE else ""
    raw = f"raw images, detected at {size} px{small} and aligned in this run"
    track = "aligned crops, no detection" if facts.pipeline.track is Track.ALIGNED else raw
    flip = "embedding of the mirrored crop added" if facts.pipeline.flip else "no flip test"
    return f"{track}, {flip}"


def _ours(facts: RunFacts, accuracy: FoldAccuracy | InsufficientData) -> Json:
    how: Json = {"measure": "accuracy", "how": how_measured(facts)}
    if isinstance(accuracy, InsufficientData):
        refusal = plain(accuracy)
        assert isinstance(refusal, dict)
        return how | refusal
    interval = {"low": 100 * (1 - accuracy.error.high), "high": 100 * (1 - accuracy.error.low)}
    return how | {"percent": 100 * accuracy.mean} | interval


def _beside(figure: PublishedFigure, facts: RunFacts, accuracy: FoldAccuracy | InsufficientData, ours: Json) -> Json:
    differences, unstated = _differences(figure, facts)
    comparable = not differences and not unstated and isinstance(accuracy, FoldAccuracy)
    return {
        "benchmark": figure.benchmark,
        "measure": figure.measure,
        "percent": figure.percent,
        "how": figure.how,
        "source": figure.source,
        "ours": ours,
        "comparable": comparable,
        "differences": differences,
        "unstated": unstated,
        "sentence": _sentence(figure, accuracy, differences, unstated),
    }


def _differences(figure: PublishedFigure, facts: RunFacts) -> tuple[list[str], list[str]]:
    """What is known to differ, and what the published description leaves open. Read from its words."""
    how = figure.how.lower()
    differences, unstated = [], []
    if figure.measure != "accuracy":
        differences.append(f"theirs is the {figure.measure}, ours the 10-fold accuracy")
    if "same pairs" in how:
        differences.append("their threshold was chosen on the pairs it was judged on, ours on the other nine folds")
    elif "fold" not in how:
        unstated.append("whether the threshold was chosen on other pairs")
    theirs_aligned, theirs_raw = "aligned" in how, "raw" in how
    ours_aligned = facts.pipeline.track is Track.ALIGNED
    if not theirs_aligned and not theirs_raw:
        unstated.append("whether the images were aligned beforehand")
    elif ours_aligned == theirs_raw:
        theirs, ours = ("raw images", "crops aligned beforehand")[:: 1 if theirs_raw else -1]
        differences.append(f"theirs was measured on {theirs}, ours on {ours}")
    theirs_flip = "no flip" not in how and "without flip" not in how and ("flip" in how or "mirror" in how)
    if "flip" not in how and "mirror" not in how:
        unstated.append("whether the mirrored image was used")
    elif theirs_flip != facts.pipeline.flip:
        word = ("with", "without")[:: 1 if theirs_flip else -1]
        differences.append(f"theirs was measured {word[0]} the mirrored image, ours {word[1]} it")
    return differences, unstated


def _sentence(
    figure: PublishedFigure,
    accuracy: FoldAccuracy | InsufficientData,
    differences: list[str],
    unstated: list[str],
) -> str:
    if isinstance(accuracy, InsufficientData):
        return f"Nothing to compare: this run has no 10-fold accuracy ({accuracy.reason})."
    open_questions = f"the description does not say {listed(unstated)}" if unstated else ""
    if differences:
        first = f"Not comparable: {'; '.join([*differences, *([open_questions] if unstated else [])])}."
    elif unstated:
        first = f"Comparable only in part: {open_questions}."
    else:
        first = "Comparable: as far as it is described, measured in the same way."
    if figure.measure != "accuracy":
        return first
    low, high = 1 - accuracy.error.high, 1 - accuracy.error.low
    place = "within" if low <= figure.percent / 100 <= high else "outside"
    return f"{first} The published figure lies {place} our 95 % interval, {percent(low, 2)} to {percent(high, 2)}."
