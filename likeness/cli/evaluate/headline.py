"""The figures that are said first of a run, as lines of text: FNMR at FMR, the pack's threshold, accuracy."""

from typing import Any

Json = dict[str, Any]

REFUSED = "insufficient_data"


def headline(summary: Json) -> list[str]:
    """Lines for a run's summary; runs of 0.1.0 have less in it."""
    if not summary:
        return []
    lines, at_fmr = [], summary.get("fnmr_at_fmr", {})
    if REFUSED in at_fmr:
        lines.append(_line("FNMR", f"insufficient data: {at_fmr[REFUSED]}"))
    elif at_fmr:
        where = f"at observed FMR <= {at_fmr['target']:g} (threshold {at_fmr['threshold']:.4f})"
        lines.append(_line("FNMR", f"{_rate(at_fmr['fnmr'])} {where}"))
        lines.append(_line("  with FTA", f"{_rate(at_fmr['fnmr_with_fta'])}, failures to acquire being errors"))
    point = summary["at_threshold"]
    names = {"fmr": "FMR", "fnmr": "FNMR", "fnmr_with_fta": "  with FTA"}
    for key, name in names.items():
        if key in point:
            found = _rate(point[key])
            lines.append(
                _line(name, f"{found} at threshold {point['threshold']:g}" if "errors" in point[key] else found)
            )
    accuracy = summary["accuracy_10fold"]
    lines.append(
        _line(
            "accuracy",
            (f"{accuracy['mean']:.2%} +- {accuracy['std']:.2%}" if "mean" in accuracy else accuracy[REFUSED])
            + " (10-fold)",
        )
    )
    lines.append(_line("FTA", f"{summary['fta']['images']} images"))
    lines += _people(summary.get("worth", {}))
    return [*lines, *(_line("note", caveat["text"]) for caveat in summary.get("caveats", ()))]


def _line(name: str, text: str) -> str:
    return f"{name:<10} {text}"


def _rate(rate: Json) -> str:
    if "errors" not in rate:
        return str(rate[REFUSED])
    text = f"{rate['errors']}/{rate['trials']} = {rate['value']:.3%}"
    text += f", 95 % interval {rate['low']:.3%} to {rate['high']:.3%}"
    if over := rate.get("over_people"):
        text += f", over people {over['low']:.3%} to {over['high']:.3%}"
    return text


def _people(worth: Json) -> list[str]:
    if REFUSED in worth:
        return [_line("people", f"no intervals over people: {worth[REFUSED]}")]
    kinds = {"mated": "mated", "non_mated": "non-mated"}
    said = [
        f"{worth[kind]['comparisons']} {name} comparisons are worth about {worth[kind]['independent']} independent ones"
        for kind, name in kinds.items()
        if kind in worth and REFUSED not in worth[kind]
    ]
    return [_line("people", f"{worth['people']}; {', '.join(said)}")] if said else []
