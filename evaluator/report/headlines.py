"""What is said first: FNMR at the lowest FMR that the sample carries, without and with failures to acquire.

Accuracy, at a prior of one half that nobody has, stands below it.
"""

from typing import Any

Json = dict[str, Any]

REFUSED = "insufficient_data"
#: What stands in a headline of an interval over people.
ENDS = ("low", "high")


def first_figures(metrics: Json) -> Json:
    """The `headline` of a report, from its `metrics`; each rate is as there, and `over_people` its second interval."""
    points = [point for point in metrics["fnmr_at_fmr"] if REFUSED not in point]
    lowest = min(points, key=lambda point: float(point["target"]), default=None)
    if lowest is None:
        at_fmr = {REFUSED: metrics["fnmr_at_fmr"][0][REFUSED]} if metrics["fnmr_at_fmr"] else {REFUSED: "no target"}
    else:
        by_people = _of_target(metrics["by_people"], lowest["target"])
        at_fmr = {"target": lowest["target"], "threshold": lowest["threshold"]} | {
            name: lowest[key] | _over_people(by_people, key)
            for name, key in (("fnmr", "fnmr"), ("fnmr_with_fta", "frr"))
        }
        at_fmr["fmr"] = lowest["fmr"] | _over_people(by_people, "fmr")
    fixed, of_fixed = metrics["at_threshold"], metrics["by_people"].get("at_threshold", {})
    if REFUSED not in fixed:
        names = (("fmr", "fmr"), ("fnmr", "fnmr"), ("fnmr_with_fta", "frr"))
        fixed = {"threshold": fixed["threshold"]} | {
            name: fixed[key] | _over_people(of_fixed, key) for name, key in names
        }
    return {"fnmr_at_fmr": at_fmr, "at_threshold": fixed, "worth": worth(metrics["by_people"])}


def worth(by_people: Json) -> Json:
    """How many people, and what the comparisons of either kind are worth; or why that is not known."""
    if REFUSED in by_people:
        return by_people
    return {"people": by_people["people"]} | {kind: by_people[kind] for kind in ("mated", "non_mated")}


def _of_target(by_people: Json, target: float) -> Json:
    points: list[Json] = [] if REFUSED in by_people else by_people["fnmr_at_fmr"]
    return next((point for point in points if point["target"] == target), {})


def _over_people(point: Json, rate: str) -> Json:
    """Nothing where there is no such interval."""
    found = point.get(rate, {REFUSED: ""})
    return {} if REFUSED in found else {"over_people": {end: found[end] for end in ENDS}}
