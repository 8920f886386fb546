"""Our rules in a hurry: every duration in them divided by one number, and nothing else is changed.

Durations are those of `for`, those that a range has (`[15m]`), and the ages that a metric in seconds is held against
(`likeness_erasures_overdue_seconds) > 300`). Shares, counts, labels and sentences stay.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
RANGE = re.compile(r"\[(\d+)([smhd])\]")
AGE = re.compile(r"(_seconds(?:\{[^}]*\})?\)*\s*[<>]=?\s*)(\d+)")


def hurried(rules: Mapping[str, Any], times: float) -> dict[str, Any]:
    """What a file of rules says, with every duration so many times shorter.

    >>> rule = {"alert": "Late", "expr": 'max(jobs_oldest_seconds{kind="x"}) > 60 and rate(n[1h]) > 2', "for": "5m"}
    >>> [of_group] = hurried({"groups": [{"name": "a", "rules": [rule]}]}, 60)["groups"]
    >>> of_group["rules"]
    [{'alert': 'Late', 'expr': 'max(jobs_oldest_seconds{kind="x"}) > 1 and rate(n[60000ms]) > 2', 'for': '5000ms'}]
    """
    groups = [{**group, "rules": [_rule(rule, times) for rule in group["rules"]]} for group in rules["groups"]]
    return {**rules, "groups": groups}


def write(rules: Path, times: float, to: Path) -> Path:
    """The same from file to file."""
    found = hurried(yaml.safe_load(rules.read_text(encoding="utf-8")), times)
    to.write_text(yaml.safe_dump(found, sort_keys=False, width=1000), encoding="utf-8")
    return to


def _rule(rule: Mapping[str, Any], times: float) -> dict[str, Any]:
    expr = RANGE.sub(lambda found: f"[{_shorter(found[1], found[2], times)}]", rule["expr"])
    expr = AGE.sub(lambda found: f"{found[1]}{int(found[2]) / times:g}", expr)
    lasts = {"for": _shorter(rule["for"][:-1], rule["for"][-1], times)} if "for" in rule else {}
    return {**rule, "expr": expr, **lasts}


def _shorter(count: str, unit: str, times: float) -> str:
    return f"{round(int(count) * SECONDS[unit] * 1000 / times)}ms"
