"""A comparison in words: what a terminal prints, and the sentences of the page."""

from textwrap import wrap
from typing import Any

from evaluator.report.questions import AT_FMR, MATED, OWN, SAME_FMR
from evaluator.report.wording import decimals_for, number, percent, plain_number, several

Json = dict[str, Any]

WIDTH = 100

ERRORS = {True: ("false non-match", "false non-matches"), False: ("false match", "false matches")}


def as_text(comparison: Json) -> str:
    """The comparison in some lines."""
    lines = [f"{several(comparison['pairs'], 'pair')}, {number(comparison['mated_pairs'])} of them mated"]
    lines += [f"  {line}" for run in comparison["runs"] for line in _run(run)]
    for run in comparison["runs"][1:]:
        lines.append(f"{run['label']} against A")
        for test in comparison["tests"]:
            if test["run"] == run["label"]:
                lines += [f"  {question(test)}", f"    {counts(test)}; {difference(test)}", f"    {outcome(test)}"]
    if isinstance(comparison["accuracy_10fold"], list):
        told = ", ".join(f"{one['run']} {percent(one['mean'], 2)}" for one in comparison["accuracy_10fold"])
        lines.append(f"10-fold accuracy, which is not among the tests: {told}")
    ends = [wrapped for said in (*verdicts(comparison), how(comparison)) for wrapped in wrap(said, WIDTH)]
    return "\n".join([*lines, "", *ends]) + "\n"


def in_words(comparison: Json) -> Json:
    """The comparison with its sentences: of each run a verdict, of each test what it asks and what follows."""
    tests = [test | {"question": question(test), "outcome": outcome(test)} for test in comparison["tests"]]
    return comparison | {"tests": tests, "verdicts": verdicts(comparison), "how": how(comparison)}


def question(test: Json) -> str:
    """What a test asks, without a verb."""
    errors, allowed = ERRORS[test["kind"] == MATED][1], several(max(test["false_matches"]), *ERRORS[False])
    where = {
        OWN: "each at its own threshold",
        SAME_FMR: f"both with the {allowed} that A has at its own threshold",
        AT_FMR: f"both with {allowed}",
    }
    return f"{errors}, {where[test['where']]}"


def counts(test: Json) -> str:
    """The run's errors against the baseline's."""
    return f"{test['run']} {_counted(test['errors'][1])}, A {_counted(test['errors'][0])}"


def difference(test: Json) -> str:
    """How far the run's rate lies from the baseline's, and where that might lie."""
    points = f"{signed(100 * test['difference'])} points"
    interval = test["interval"]
    if "low" not in interval:
        return points
    low, high = signed(100 * interval["low"]), signed(100 * interval["high"])
    return f"{points} ({interval['confidence']:.3g} interval {low} to {high})".replace("0.95 ", "95 % ")


def outcome(test: Json) -> str:
    """The exact test, and what follows from it."""
    found = f"A alone is right on {number(test['b'])}, {test['run']} alone on {number(test['c'])}, p = {p(test)}"
    if test["significant"]:
        return f"{found}: {test['run']} makes {'more' if test['worse'] else 'fewer'}"
    return f"{found}: not significant"


def reach(test: Json) -> str:
    """How far the threshold of a test at one FMR is known; nothing for one at fixed thresholds."""
    most, now = test["most_false_matches"], test["false_matches"]
    if most is None:
        return ""
    return (
        f"At one FMR, {test['run']} has {several(now[1], *ERRORS[False])} and A {number(now[0])}. With up to "
        f"{number(most)} its FMR cannot be told from that of A, so {test['run']} counts as missing more only where it "
        f"does so with as many."
    )


def p(test: Json) -> str:
    """The corrected p-value."""
    return f"{test['p_holm']:.2g}" if test["p_holm"] >= 1e-4 else "less than 0.0001"


def verdicts(comparison: Json) -> list[str]:
    """A sentence a run: is it worse, better, both, or is nothing shown?"""
    return [_verdict(comparison, run["label"]) for run in comparison["runs"][1:]]


def how(comparison: Json) -> str:
    """What the p-values and the interval rest on, in one paragraph."""
    made, alpha, resampled = comparison["tests"], comparison["alpha"], comparison["resampled"]
    if resampled["people"] is None:
        over = (
            f"Pairs are taken for independent, for {resampled['why']}: intervals are too narrow, and p too small, "
            f"where people recur."
        )
    else:
        over = f"Intervals are over {number(resampled['people'])} people; what they do not confirm is not significant."
    return (
        f"{several(len(made), 'test')} (McNemar, exact), p corrected for all of them (Holm): where no run differs in "
        f"truth, at most {percent(alpha)} of such comparisons find a difference. {over} A pair that was not acquired "
        f"is a non-match."
    )


def signed(value: float) -> str:
    """A difference of percentages.

    >>> signed(0.1234), signed(-2.0) == "\\u2212" + "2.00", signed(0.0)
    ('+0.12', True, '0.00')
    """
    rounded = f"{abs(value):.2f}"
    return rounded if float(rounded) == 0 else ("+" if value > 0 else "\u2212") + rounded


def _run(run: Json) -> list[str]:
    told = [f"{run['label']}  {run['run']}" + (f", {run['pack']}" if "pack" in run else "")]
    if "false_matches" in run:
        threshold = plain_number(run["threshold"])
        rates = f"FMR {_rate(run['false_matches'])}, FNMR {_rate(run['false_non_matches'])}"
        told.append(f"   at its threshold {threshold}: {rates}")
    if run["pairs_not_acquired"]:
        told.append(f"   {several(run['pairs_not_acquired'], 'pair')} not acquired")
    return told + [f"   differs from A in {difference}" for difference in run.get("differs", ())]


def _rate(rate: Json) -> str:
    if "errors" not in rate:
        return f"unknown ({rate['insufficient_data']})"
    return f"{_counted(rate)} = {percent(rate['value'], decimals_for(rate['trials']))}"


def _counted(rate: Json) -> str:
    return f"{number(rate['errors'])}/{number(rate['trials'])}"


def _verdict(comparison: Json, label: str) -> str:
    mine = [test for test in comparison["tests"] if test["run"] == label]
    worse = [test for test in mine if test["worse"]]
    better = [test for test in mine if test["significant"] and not test["worse"]]
    if worse and better:
        return (
            f"{label} is worse than A in {'; '.join(map(question, worse))}, and better in "
            f"{'; '.join(map(question, better))}"
        )
    if worse or better:
        which = "worse" if worse else "better"
        return f"{label} is {which} than A: {'; '.join(map(question, worse or better))}"
    if all(2 * 0.5 ** (test["b"] + test["c"]) * len(comparison["tests"]) >= comparison["alpha"] for test in mine):
        return f"{label}: no verdict, for with so few disagreements no outcome could be significant"
    return f"{label}: no significant difference from A; that does not show the two to be equal"
