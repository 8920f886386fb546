"""What `make alerts` fires are our own rules: hurried, they differ in durations alone, and in every one of them."""

import re
import subprocess
from pathlib import Path
from typing import Any

import yaml

from tests.alerts.drills import DRILLS
from tests.alerts.hurry import SECONDS, hurried, write
from tests.support.prometheus import RULES, installed

FILE = yaml.safe_load(RULES.read_text(encoding="utf-8"))
DURATION = re.compile(r"\b(\d+)(ms|[smhd])\b")


def rules_of(file: dict[str, Any]) -> list[dict[str, Any]]:
    return [rule for group in file["groups"] for rule in group["rules"]]


def durations_s(rule: dict[str, Any]) -> list[float]:
    units = {**SECONDS, "ms": 0.001}
    return [int(n) * units[unit] for n, unit in DURATION.findall(f"{rule['expr']} for {rule.get('for', '')}")]


def test_every_duration_is_divided_and_nothing_else_is_changed() -> None:
    plain, fast = rules_of(FILE), rules_of(hurried(FILE, 30))
    assert [*map(durations_s, fast)] == [[s / 30 for s in durations_s(rule)] for rule in plain]
    assert sum(len(durations_s(rule)) for rule in plain) > 20

    def without_times(rule: dict[str, Any]) -> str:
        ages = re.sub(r"(_seconds[^<>]*> )[\d.]+", r"\1an age", str({**rule, "for": None}))
        return DURATION.sub("a duration", ages)

    assert [*map(without_times, fast)] == [*map(without_times, plain)]


def test_every_age_is_divided() -> None:
    held_against = re.compile(r"_seconds[^<>]*> ([\d.]+)")
    ages = [[float(age) for age in held_against.findall(rule["expr"])] for rule in rules_of(FILE)]
    fast = [[float(age) for age in held_against.findall(rule["expr"])] for rule in rules_of(hurried(FILE, 10))]
    assert fast == [[age / 10 for age in of_rule] for of_rule in ages]
    assert [age for of_rule in ages for age in of_rule] == [60, 3600, 60, 300, 300]


def test_prometheus_takes_what_comes_of_it(tmp_path: Path) -> None:
    fast = write(RULES, 300, tmp_path / "rules.yml")
    ran = subprocess.run([installed("promtool"), "check", "rules", fast], capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_alert_has_a_fault_that_is_made_for_it() -> None:
    assert [drill.alert for drill in DRILLS] == [rule["alert"] for rule in rules_of(FILE) if "alert" in rule]
