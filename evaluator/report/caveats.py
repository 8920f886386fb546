"""What a figure of this run is not: short, and said where the number is."""

import re
from collections import defaultdict

from core.vocabulary import SMALL_DETECTION_SIZE, Track
from evaluator.report.facts import RunFacts
from evaluator.report.scores import ScoreTable
from evaluator.report.wording import number, several

Caveat = dict[str, str]

#: The benchmarks by whose names data sets are known, also InsightFace's files of them.
CELEBRITIES = ("lfw", "calfw", "cplfw", "cfp", "agedb", "vgg")
#: How each list came about. Sources: Huang et al. (2007); Zheng et al. (2017, 2018); Sengupta et al. (2016).
LISTS = {
    "calfw": "CALFW's people are LFW's; its mated pairs differ in age, its non-mated ones are of one sex and origin.",
    "cplfw": "CPLFW's people are LFW's; its mated pairs differ in pose, its non-mated ones are of one sex and origin.",
    "lfw": (
        "LFW holds only faces that a Viola-Jones detector found, cropped to 250 px. Its non-mated pairs are drawn at "
        "random, most of them across sex, age and origin: among people alike the FMR is often ten times as high."
    ),
    "cfp": "CFP has 500 celebrities, each in many pairs; non-mated pairs are drawn at random across sex and origin.",
}


def caveats(facts: RunFacts, table: ScoreTable) -> list[Caveat]:
    """Each is {"about", "text"}."""
    texts = {
        "Training": _training(facts),
        "List": _list(facts),
        "Folds": _folds(table),
        "Path": _path(facts),
    }
    return [{"about": about, "text": text} for about, text in texts.items() if text]


def _called(facts: RunFacts, names: tuple[str, ...]) -> str | None:
    """The first of these that the data set is called after."""
    words = re.split("[^a-z]+", f"{facts.dataset.kind} {facts.dataset.name}".lower())
    return next((name for name in names if name in words), None)


def _training(facts: RunFacts) -> str:
    if facts.dataset.kind == "sample":
        return ""
    if _called(facts, CELEBRITIES):
        return (
            "These are celebrities, and so are the people of the public training sets (MS-Celeb-1M, VGGFace2, "
            "CASIA-WebFace, WebFace). Nothing says that this pack's left them out: on strangers it may do worse."
        )
    return (
        "Whether the pack was trained on people of this data set is not known: if it was, on strangers it does worse."
    )


def _list(facts: RunFacts) -> str:
    known = _called(facts, tuple(LISTS))
    return LISTS[known] if known else ""


def _folds(table: ScoreTable) -> str:
    if not table.folds:
        return ""
    if not table.has_subjects:
        return "Whether the folds share people is not known: where they do, thresholds are chosen on people they judge."
    folds: dict[str | None, set[int | None]] = defaultdict(set)
    for row in table.rows:
        folds[row.reference_subject].add(row.fold)
        folds[row.probe_subject].add(row.fold)
    shared = sum(len(of_person) > 1 for of_person in folds.values())
    if not shared:
        return ""
    return (
        f"Of {several(len(folds), 'person', 'people')} {number(shared)} {'is' if shared == 1 else 'are'} in more than "
        f"one fold: the 10-fold thresholds are chosen on people they judge."
    )


def _path(facts: RunFacts) -> str:
    pipeline = facts.pipeline
    if pipeline.track is Track.ALIGNED:
        return "The crops were aligned elsewhere: the detection and alignment of a comparison are not in these figures."
    if pipeline.detection_size <= SMALL_DETECTION_SIZE:
        return ""
    return (
        f"Small images, as those of benchmarks are, are decoded whole and detected at {SMALL_DETECTION_SIZE} px; a "
        f"camera's photograph is decoded at a fraction and detected at {pipeline.detection_size} px. A threshold from "
        f"here is about images like these."
    )
