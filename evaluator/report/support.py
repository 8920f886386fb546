"""What the sample of this run can and cannot carry, in sentences made from its own counts."""

from collections import Counter
from math import sqrt

from core.vocabulary import Track
from evaluator.metrics import (
    ByPeople,
    FoldAccuracy,
    InsufficientData,
    Measurements,
    OperatingPoint,
    OptimisticAccuracy,
    Rate,
    Worth,
    trials_needed,
    zero_error_bound,
)
from evaluator.metrics.rates import RULE_OF_30
from evaluator.report.scores import ScoreTable
from evaluator.report.wording import listed, number, percent, several

LFW_PAGE = "http://vis-www.cs.umass.edu/lfw/"

Statement = dict[str, str]


def statements(table: ScoreTable, metrics: Measurements, *, track: Track) -> list[Statement]:
    """Each is {"about", "text"}."""
    texts = {
        "How rare a false match": _rarest(metrics),
        "How exact a rate": _exactness(metrics),
        "At the pack's threshold": _at_threshold(metrics.at_threshold),
        "Accuracy": _accuracy(metrics.accuracy_10fold, metrics.optimistic_accuracy),
        "Failures to acquire": _acquisition(metrics.fta.image_rate, track),
        "Independence": _independence(table, metrics.by_people),
        "Groups": _groups(metrics),
    }
    return [{"about": about, "text": text} for about, text in texts.items() if text]


def lfw_disclaimer() -> dict[str, str]:
    """The authors' own caution, in our words."""
    return {
        "by": "the authors of Labeled Faces in the Wild (LFW), in our words",
        "url": LFW_PAGE,
        "text": (
            "However well an algorithm does on LFW, that does not show that it is suitable for any commercial "
            "purpose. Verifying a pair is not finding one face among many. Many groups are hardly "
            "represented: very few children and very old people, fewer women than men, some ethnicities little or not "
            "at all; there are not enough images for firm conclusions about any subgroup. Poor light, extreme pose, "
            "strong occlusion and low resolution make up only a small part of it. CALFW and CPLFW take their "
            "people from LFW."
        ),
    }


def _rarest(metrics: Measurements) -> str:
    trials = metrics.trials.non_mated_trials
    if trials == 0:
        return "No non-mated pair was compared: this run says nothing about false matches."
    found = metrics.by_people.non_mated if isinstance(metrics.by_people, ByPeople) else None
    worth = found.independent if isinstance(found, Worth) else trials
    bound = zero_error_bound(worth)
    worth_less = f", worth about {number(worth)} of strangers" if worth < trials else ""
    text = (
        f"{number(trials)} non-mated pairs were compared{worth_less}. Even without a single false match they would "
        f"show only an FMR below {percent(bound)} (one-sided 95 %, the rule of 3)."
    )
    refused = [p.target for p in metrics.fnmr_at_fmr if isinstance(p.point, InsufficientData)]
    needs = [f"FMR {percent(t)} ({number(trials_needed(t))} pairs)" for t in refused]
    return f"{text} Too few, then, for {listed(needs)}." if needs else text


def _exactness(metrics: Measurements) -> str:
    def smallest(trials: int, name: str) -> str | None:
        return f"an {name} of {percent(RULE_OF_30 / trials)}" if trials >= RULE_OF_30 else None

    trials = metrics.trials
    rates = [smallest(trials.non_mated_trials, "FMR"), smallest(trials.mated_trials, "FNMR")]
    known = [rate for rate in rates if rate]
    counts = f"{number(trials.non_mated_trials)} non-mated and {number(trials.mated_trials)} mated comparisons"
    rule = f"Only from {RULE_OF_30} errors on is a rate known to within 30 % of itself, with 90 % confidence"
    if not known:
        return f"{rule}: {counts} cannot give that for any rate."
    return f"{rule}: in {counts}, down to {listed(known)}. Below that, read the interval and not the figure."


def _at_threshold(point: OperatingPoint | InsufficientData) -> str:
    if isinstance(point, InsufficientData):
        return ""

    def said(rate: Rate | InsufficientData, name: str, kind: str, error: tuple[str, str]) -> str:
        if isinstance(rate, InsufficientData):
            return f"no {name}: {rate.reason}"
        return (
            f"{several(rate.errors, *error)} in {several(rate.trials, kind + ' comparison')}, so that any {name} from "
            f"{percent(rate.low)} to {percent(rate.high)} is compatible with this run (95 %)"
        )

    fmr = said(point.fmr, "FMR", "non-mated", ("false match", "false matches"))
    fnmr = said(point.fnmr, "FNMR", "mated", ("false non-match", "false non-matches"))
    weak = [
        name
        for name, rate in (("FMR", point.fmr), ("FNMR", point.fnmr))
        if isinstance(rate, Rate) and not rate.well_supported
    ]
    verb = "rests" if len(weak) == 1 else "rest"
    caution = f" {listed(weak)} {verb} on fewer than {RULE_OF_30} errors: an order of magnitude." if weak else ""
    return f"At {point.threshold:g}: {fmr}; {fnmr}.{caution}"


def _accuracy(accuracy: FoldAccuracy | InsufficientData, optimistic: OptimisticAccuracy | InsufficientData) -> str:
    if isinstance(accuracy, InsufficientData):
        return f"There is no 10-fold accuracy: {accuracy.reason}."
    error = accuracy.error
    if error.errors == 0:
        bound = percent(zero_error_bound(error.trials))
        return (
            f"None of {number(error.trials)} decisions was wrong. That shows an error below {bound} (one-sided 95 %), "
            f"and these pairs cannot tell this pack from a better one."
        )
    resolution = 1.96 * sqrt(2 * error.value * (1 - error.value) / error.trials)
    text = (
        f"It rests on {several(error.errors, 'wrong decision')} among {number(error.trials)}. Another pack's accuracy "
        f"on as many pairs has to differ by about {100 * resolution:.2f} points before the two figures alone tell "
        f"them apart; the command evaluate compare, which looks at the pairs they disagree on, can often tell sooner."
    )
    if isinstance(optimistic, InsufficientData):
        return text
    gain = 100 * (optimistic.value - (1 - error.value))
    return (
        f"{text} One threshold chosen on these very pairs reaches {percent(optimistic.value, 2)}, {gain:+.2f} "
        f"points: that is what choosing on the test data is worth, and why that figure is not the headline."
    )


def _acquisition(images: Rate | InsufficientData, track: Track) -> str:
    if isinstance(images, InsufficientData):
        return ""
    if track is Track.ALIGNED:
        return "These images are aligned crops and nothing had to be detected: an FTA of 0 is no finding here."
    if images.errors == 0:
        bound = percent(zero_error_bound(images.trials))
        return (
            f"None of {number(images.trials)} images failed. For photographs like these that shows an FTA below "
            f"{bound} (one-sided 95 %); for others it shows nothing."
        )
    return (
        f"{several(images.errors, 'image')} of {number(images.trials)} gave no usable face: {percent(images.value)}, "
        f"from {percent(images.low)} to {percent(images.high)} (95 %). Their pairs are in FRR and FAR, not in FMR and "
        f"FNMR."
    )


def _independence(table: ScoreTable, by_people: ByPeople | InsufficientData) -> str:
    uses = Counter(image for row in table.rows for image in (row.reference, row.probe))
    shared = sum(count > 1 for count in uses.values())
    use = f"{several(len(table.rows), 'pair')} are made of {several(len(uses), 'image')}"
    if isinstance(by_people, ByPeople):
        kinds = (("mated", by_people.mated), ("non-mated", by_people.non_mated))
        worth = [_worth(name, kind) for name, kind in kinds if isinstance(kind, Worth)]
        return (
            f"The {use} of {number(by_people.people)} people. {' '.join(worth)} Clopper-Pearson intervals take them "
            f"for independent; those over people do not, and are the ones to quote."
        )
    unknown = f"There are no intervals over people: {by_people.reason}."
    if not shared:
        return (
            f"The {use}, each used once; subjects may still recur, and the intervals assume that they do not. {unknown}"
        )
    return (
        f"The {use}; {number(shared)} of these are in more than one pair, one is in {number(max(uses.values()))}. The "
        f"intervals assume independent comparisons, so they are too narrow. {unknown}"
    )


def _worth(name: str, of: Worth) -> str:
    how = f"design effect {of.design_effect:.2f}" if of.design_effect else "so many share nobody"
    return (
        f"These {number(of.comparisons)} {name} comparisons, of {several(of.people, 'person', 'people')}, are worth "
        f"about {number(of.independent)} independent ones ({how})."
    )


def _groups(metrics: Measurements) -> str:
    if isinstance(metrics.groups, InsufficientData):
        return "The pairs carry no groups: whether errors fall on some people more than on others is not shown."
    kinds = {
        label: ((g.fnmr, g.few_mated_trials), (g.fmr, g.few_non_mated_trials)) for label, g in metrics.groups.items()
    }
    # A rate that there is none of, as FNMR across two groups, is held against nothing.
    few = [label for label, rates in kinds.items() if any(few and isinstance(rate, Rate) for rate, few in rates)]
    if not few:
        return ""
    return (
        f"{number(len(few))} of {several(len(metrics.groups), 'group')}, having fewer than 300 comparisons of a kind, "
        f"should not be held against others: {listed(few[:8])}{' and more' if len(few) > 8 else ''}."
    )
