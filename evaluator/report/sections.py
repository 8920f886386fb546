"""The measured sections of the page, made from the report; a figure that was refused gives its reason instead."""

from evaluator.metrics import InsufficientData, error_curve
from evaluator.report import plots
from evaluator.report.cells import NONE, REFUSED, Json, digits, figure, rate_cells, rate_heads, refusal
from evaluator.report.markup import BREAK, Html, cell, definitions, element, head, html, join, paragraph, row, table
from evaluator.report.scores import ScoreTable
from evaluator.report.wording import decimals_for, number, percent, plain_number, spread


def headline(report: Json) -> Html:
    """The five figures that are asked for first, and what each rests on."""
    metrics, pack = report["metrics"], report["pack"]
    accuracy, eer, point = metrics["accuracy_10fold"], metrics["eer"], metrics["at_threshold"]
    at = f"{pack['threshold']['value']:g}"
    shown = [
        ("Accuracy, 10-fold", _accuracy(accuracy, metrics["accuracy_10fold_with_fta"])),
        ("FTA, images", _headline_rate(metrics["fta"]["image_rate"], "images")),
        ("EER" if REFUSED in eer else f"EER (at {eer['threshold']:.3f})", _eer(eer)),
        (f"FMR at {at}", _headline_rate(point["fmr"], "non-mated")),
        (f"FNMR at {at}", _headline_rate(point["fnmr"], "mated")),
    ]
    origin = f"{at} is the threshold this pack decides by here: {pack['threshold']['origin']}."
    deviation = "± is the standard deviation of the ten folds. " if REFUSED not in accuracy else ""
    note = f"{deviation}Ranges are exact (Clopper-Pearson) 95 % intervals. {origin}"
    return join([definitions(shown, class_="headline"), paragraph(note, class_="note")])


def curves(report: Json, scores: ScoreTable) -> Html:
    """ROC and DET, with the operating points."""
    rows = scores.score_set
    curve = error_curve(rows.mated_scores, rows.non_mated_scores)
    if isinstance(curve, InsufficientData):
        return refusal(curve.reason)
    metrics = report["metrics"]
    targeted = [point for point in metrics["fnmr_at_fmr"] if REFUSED not in point]
    marks = [plots.Mark(f"FMR ≤ {percent(p['target'])}", p["fmr"]["value"], p["fnmr"]["value"]) for p in targeted]
    decided = metrics["at_threshold"]
    name = f"threshold {decided['threshold']:g}"
    marks.append(plots.Mark(name, decided["fmr"]["value"], decided["fnmr"]["value"], chosen=True))
    note = (
        "Band: at each threshold by itself, the 95 % intervals of both rates. Shaded margin: rates that so few pairs "
        "could not show even without an error. Diamond: the pack's own threshold."
    )
    both = [
        figure(plots.roc_svg(curve, marks), "ROC: mated pairs matched against non-mated pairs matched."),
        figure(plots.det_svg(curve, marks), "DET: both error rates; on the diagonal they are equal."),
    ]
    return join([element("div", *both, class_="pair"), paragraph(note, class_="note"), _separation(metrics)])


def histograms(report: Json, scores: ScoreTable) -> Html:
    """Mated and non-mated scores, linear and logarithmic, with the thresholds."""
    rows = scores.score_set
    if not rows.acquired.any():
        return refusal("no pair was compared")
    pack, worst = report["pack"]["threshold"]["value"], report["worst"]
    lines = [(f"pack {pack:g}", pack)]
    if REFUSED not in report["metrics"]["accuracy_10fold"]:
        lines.append((f"10-fold mean {worst['threshold']:.3f}", worst["threshold"]))
    drawn = [
        plots.histogram_svg(rows.mated_scores, rows.non_mated_scores, lines),
        plots.histogram_svg(rows.mated_scores, rows.non_mated_scores, lines, log=True),
    ]
    sizes = f"{number(rows.non_mated_scores.size)} non-mated and {number(rows.mated_scores.size)} mated pairs"
    captions = (f"The scores of {sizes}.", "The same with logarithmic counts, where the tails can be seen.")
    figures = [figure(svg, caption) for svg, caption in zip(drawn, captions, strict=True)]
    return element("div", *figures, class_="pair")


def operating_points(report: Json) -> Html:
    """What each threshold costs."""
    metrics = report["metrics"]
    decided = metrics["at_threshold"]
    rows = [_point(decided, "the pack's", "fmr")]
    for name, points in (("FMR", metrics["fnmr_at_fmr"]), ("FNMR", metrics["fmr_at_fnmr"])):
        of = name.lower()
        rows += [
            _point(p, f"observed {name} ≤ {percent(p['target'])}", of, starts=i == 0) for i, p in enumerate(points)
        ]
    above, below = rate_heads([("false matches", "FMR"), ("false non-matches", "FNMR")])
    heads = [
        [head(""), head(""), *above, head(""), head("")],
        [
            *(head("target"), head("threshold", class_="n"), *below),
            *(head("limit", class_="n group"), head("well supported", class_="group")),
        ],
    ]
    note = (
        "Observed FMR ≤ x is at most x on these pairs, never the nearest; of all such thresholds, the one with the "
        "fewest false non-matches. It promises nothing: read the limit, which the true rate in the row's name (the "
        "FMR in the first) keeps with 95 % confidence, one-sided. A target is refused where the limit of no error at "
        "all is above it; calibrate takes the threshold whose limit is at most the target. "
        "Well supported: both rates rest on 30 errors or more. The pack's threshold was fixed beforehand; the others "
        "are judged on the pairs they were chosen on."
    )
    return join([paragraph(note, class_="note"), table(heads, rows), _transactions(metrics)])


def folds(report: Json) -> Html:
    """Each fold, judged at the threshold that the other nine chose."""
    accuracy, optimistic = report["metrics"]["accuracy_10fold"], report["metrics"]["optimistic_accuracy"]
    if REFUSED in accuracy:
        return refusal(accuracy[REFUSED])
    decimals = decimals_for(max(fold["trials"] for fold in accuracy["folds"]))
    rows = [
        row(
            digits(str(fold["fold"])),
            digits(plain_number(fold["threshold"])),
            digits(percent(fold["accuracy"], decimals)),
            digits(number(fold["mated_errors"])),
            digits(number(fold["non_mated_errors"])),
            digits(number(fold["trials"])),
        )
        for fold in accuracy["folds"]
    ]
    totals = [sum(fold[key] for fold in accuracy["folds"]) for key in ("mated_errors", "non_mated_errors", "trials")]
    mean_threshold = sum(fold["threshold"] for fold in accuracy["folds"]) / len(accuracy["folds"])
    mean = [digits("mean, total"), digits(plain_number(mean_threshold)), digits(percent(accuracy["mean"], decimals))]
    rows.append(row(*mean, *(digits(number(total)) for total in totals), class_="total"))
    names = ("fold", "threshold", "accuracy", "mated errors", "non\u2011mated errors", "pairs")
    error = accuracy["error"]
    dots = plots.folds_svg(
        [(fold["fold"], fold["accuracy"]) for fold in accuracy["folds"]],
        accuracy["mean"],
        (1 - error["high"], 1 - error["low"]),
    )
    text = (
        f"Mean {percent(accuracy['mean'], 2)}, standard deviation {100 * accuracy['std']:.2f}, standard error of the "
        f"mean {100 * accuracy['standard_error']:.2f} points. Each fold is judged at the threshold with the highest "
        f"accuracy on the other nine."
    )
    if REFUSED not in optimistic:
        text += (
            f" For comparison only: one threshold chosen on all these pairs, {plain_number(optimistic['threshold'])}, "
            f"reaches {percent(optimistic['value'], 2)}. That is optimistic."
        )
    left = join([figure(dots, ""), paragraph(text, class_="note")])
    listed = table([[head(name, class_="n") for name in names]], rows)
    return element("div", element("div", left), listed, class_="pair")


def groups(report: Json) -> Html:
    """Both rates of each group at the pack's threshold; nothing when the pairs have no groups."""
    rates = report["metrics"]["groups"]
    if REFUSED in rates:
        return NONE
    rows = [
        row(
            cell(label, class_="id"),
            *rate_cells(group["fmr"], " few" if group["few_non_mated_trials"] else ""),
            *rate_cells(group["fnmr"], " few" if group["few_mated_trials"] else ""),
            *rate_cells(group["fta"]),
        )
        for label, group in rates.items()
    ]
    above, below = rate_heads([("false matches", "FMR"), ("false non-matches", "FNMR"), ("not acquired", "FTA, pairs")])
    note = (
        f"All at the pack's threshold, {report['pack']['threshold']['value']:g}. Few: fewer than 300 comparisons of "
        f"that kind; do not hold such a group against another."
    )
    heads = [[head(""), *above], [head("group"), *below]]
    return join([paragraph(note, class_="note"), table(heads, rows)])


def _accuracy(accuracy: Json, with_fta: Json) -> Html:
    if REFUSED in accuracy:
        return _no_figure(accuracy[REFUSED])
    error = accuracy["error"]
    interval = spread(1 - error["high"], 1 - error["low"], 2)
    rests = [f"{number(error['errors'])} of {number(error['trials'])} wrong", f"{interval} %"]
    if REFUSED not in with_fta and with_fta["error"]["trials"] != error["trials"]:
        rests.append(f"{percent(with_fta['mean'], 2)} with failures to acquire as non-matches")
    deviation = element("small", f" ± {100 * accuracy['std']:.2f}")
    return _big(join([percent(accuracy["mean"], 2), deviation]), rests)


def _eer(eer: Json) -> Html:
    if REFUSED in eer:
        return _no_figure(eer[REFUSED])
    fmr, fnmr = eer["fmr"], eer["fnmr"]
    decimals = decimals_for(min(fmr["trials"], fnmr["trials"]))
    counted = [(fmr, "non-mated"), (fnmr, "mated")]
    rests = [f"{number(rate['errors'])} of {number(rate['trials'])} {kind}" for rate, kind in counted]
    return _big(percent(eer["value"], decimals), rests)


def _headline_rate(rate: Json, of: str) -> Html:
    if REFUSED in rate:
        return _no_figure(rate[REFUSED])
    decimals = decimals_for(rate["trials"])
    counted = f"{number(rate['errors'])} of {number(rate['trials'])} {of}"
    return _big(percent(rate["value"], decimals), [counted, f"{spread(rate['low'], rate['high'], decimals)} %"])


def _big(value: str, rests: list[str]) -> Html:
    lines = BREAK.join(html(line) for line in rests)
    return join([element("span", value, class_="figure"), element("span", Html(lines), class_="rests")])


def _no_figure(reason: str) -> Html:
    return element("span", f"insufficient data: {reason}", class_="figure refused")


def _separation(metrics: Json) -> Html:
    values = [("AUC", metrics["auc"], 5), ("d\u2032", metrics["d_prime"], 2)]
    figures = [f"{name} {value:.{places}f}" for name, value, places in values if isinstance(value, float)]
    refused = [f"{name}: {value[REFUSED]}" for name, value, _ in values if isinstance(value, dict)]
    return paragraph(f"Over the whole curve: {'; '.join([*figures, *refused])}.", class_="note")


def _point(point: Json, target: str, of: str, *, starts: bool = False) -> Html:
    """A row; `of` is the rate whose limit stands in it."""
    if REFUSED in point:
        reason = cell(f"insufficient data: {point[REFUSED]}", class_="why", span=9)
        return row(cell(target, class_="target"), reason, class_="starts" if starts else None)
    return row(
        cell(target, class_="target"),
        digits(plain_number(point["threshold"])),
        *rate_cells(point["fmr"]),
        *rate_cells(point["fnmr"]),
        digits(_limit(point[of]), "n group"),
        cell("yes" if point["well_supported"] else "no", class_="group"),
        class_="starts" if starts else None,
    )


def _limit(rate: Json) -> str:
    return "" if REFUSED in rate else percent(rate["upper"])


def _transactions(metrics: Json) -> Html:
    """FAR and FRR, where they differ from FMR and FNMR."""
    point, pairs = metrics["at_threshold"], metrics["fta"]["pair_rate"]
    if REFUSED in pairs or not pairs["errors"]:
        return paragraph("Every pair was acquired, so FAR is FMR and FRR is FNMR.", class_="note")
    rows = [
        row(name, *rate_cells(point[key]))
        for name, key in (("FAR, of all non-mated pairs", "far"), ("FRR, of all mated pairs", "frr"))
    ]
    heads = [head("with failures to acquire as non-matches"), head("errors", class_="n group")]
    heads += [head("rate", class_="n"), head("95 % interval", class_="n")]
    title = element("h3", f"The service's view, at the pack's threshold {point['threshold']:g}")
    return join([title, table([heads], rows)])
