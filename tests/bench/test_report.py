import json
import re
from collections.abc import Iterator
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from bench import report
from bench.report import labels, plots
from bench.report.scaling import late_slopes_mb_per_h
from bench.report.wording import GROUPS, PLOTS
from bench.simulation import simulate
from bench.targets import targets

LATENCIES = {"p50_ms": 88.0, "p95_ms": 95.5, "p99_ms": 99.1}
FACTORS = (1, 100, 1e-3, 1e-6, 1 / 60)


def points(best: float, *clients: int) -> list[dict[str, float]]:
    return [{"clients": count, "per_s": best, **LATENCIES} for count in clients]


def memory(count: int) -> list[dict[str, float]]:
    return [{"at_s": 60.0 * at, "worker_mb": 410.0 + at, "api_mb": 160.0, "redis_mb": 12.0} for at in range(count)]


MEASURED: dict[str, Any] = {
    "version": 1,
    "taken_at": "2026-11-24T01:02:03Z",
    "code": "v0.1-7-gabcdef0",
    "full": False,
    "seconds": 480.0,
    "machine": {
        "cpu": "A processor",
        "cores": 2,
        "memory_gib": 24,
        "system": "Linux 6.1",
        "python": "3.11.9",
        "onnxruntime": "1.32.0",
        "provider": "cpu",
    },
    "settings": {"pack": "opencv-zoo", "worker_threads": 4, "redis_fsync": "always"},
    "photographs": {"pairs": 4, "mean_pair_bytes": 663_000, "what": "sample photographs"},
    "ratios": {"api_to_engine": 0.71, "api_to_sync": 2.1, "one_thing_to_another": 3.25} | {"batch_to_engine": 0.71},
    "targets": [
        {"name": "throughput against the engine", "target": ">= 0.90", "found": "0.79", "met": False},
        {"name": "accepting", "target": "<= 50 ms", "found": "38 ms", "met": True},
    ],
    "comparisons": {
        "engine": points(20.3, 1, 2),
        "api": points(16.1, 1, 2, 4, 8),
        "sync": points(7.7, 1, 2, 4, 8),
        "deepface": points(3.2, 1),
    },
    "offered": {
        way: [
            {"offered_per_s": rate, "achieved_per_s": min(rate, best), **LATENCIES} for rate in (5.0, 10.0, 15.0, 20.0)
        ]
        for way, best in (("api", 16.2), ("sync", 7.9))
    },
    "idle": {"engine_ms": 45.3, "api_ms": 62.8, "difference_ms": 17.5},
    "accept": {"clients": 8, "photograph_bytes": 200_000, "per_s": 182.4, **LATENCIES},
    "budget": {
        "cpu_ms_per_job": {
            "engine": 58.2,
            "worker beside the engine": 3.4,
            "api": 5.5,
            "object store": 9.8,
            "redis": 1.3,
            "load generator": 0.71,
            "rest": 0.43,
        },
        "wall_ms": {"upload and accept": 12.1, "store": 5.2, "queue": 2.2, "fetch": 4.1, "decode": 21.3, "detect": 24.6}
        | {"align": 0.9, "embed": 16.2, "score": 0.1, "end and answer": 5.4},
        "s3_calls_per_job": {"PUT": 1, "GET": 1},
        "engine_steps_ms": {"decode": 12.5, "detect": 10.2, "embed": 25.6},
        "redis_commands_per_job": {"EVALSHA": 5.1, "GET": 4},
    },
    "profile": {"api": {"HTTP": 2.1, "Celery": 0.9}, "worker": {"engine": 3.3, "Celery": 1.2}},
    "batches": {
        "pairs": 100,
        "mean_per_s": {"engine": 41.2, "distinct": 33.7, "one_reference": 62.4},
        "mean_cpu_ms_per_pair": {
            "engine": {"engine": 47.7, "all": 47.7},
            "distinct": {"api": 2.9, "redis": 0.9, "object store": 8.3, "embedder": 51.9, "surplus": 0.0, "all": 64.0},
            "one_reference": {"api": 1.6, "redis": 1.1, "object store": 5.3, "embedder": 26.4, "all": 34.4},
        },
    },
    "variants": {
        "found": {
            name: {
                "provider": "cpu",
                "ratios": {"api_to_engine": ratio, "api_to_sync": 2 * ratio},
                "mean_per_s": {"api": 25.1, "engine": 40.3},
                "cpu_ms_per_job": {
                    "engine": 47.7,
                    "around": around,
                    "object store": 9.1,
                    "api": 5.2,
                    "worker": 3.3,
                    "redis": 1.2,
                },
            }
            for name, ratio, around in (("usual", 0.66, 22.3), ("rclone", 0.77, 15.4))
        },
        "missing": {},
    },
    "evaluation": {
        "dataset": "lfw",
        "images": 7701,
        "pairs": 6000,
        "engine_s": 61.4,
        "run_s": 64.2,
        "score_file_identical": True,
        "workers": [1, 2],
        "accuracy": 0.9947,
        "accuracy_std": 0.0037,
    },
    "mixed": {"idle_p95_ms": 120.0, "busy_p95_ms": 187.0, "comparisons_per_s": 6.3, "evaluation_slowdown": 1.45},
    "workers": [{"workers": 1, "per_s": 16.2}, {"workers": 2, "per_s": 16.6}],
    "queue": {
        "jobs": 10_000,
        "engine": "sleeping",
        "submit_per_s": 142.0,
        "drain_per_s": 61.5,
        "redis_bytes_per_job_queued": 2900,
        "redis_bytes_per_job_ended": 1700,
        "memory": memory(8),
    },
    "soak": {"minutes": 30, "jobs": 27_012, "rss": memory(31), "slope_mb_per_h": {"worker": 0.4, "redis": -0.2}},
}


@pytest.fixture(scope="module")
def bench() -> dict[str, Any]:
    """As after a full run; written and read once, as the report finds it."""
    stored: dict[str, Any] = json.loads(json.dumps(MEASURED | {"simulation": simulate(MEASURED, jobs=200)}))
    return stored


def leaves(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield name
            yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield value


def figures(text: str) -> set[str]:
    """Numbers, but not those in code, in links, in times, and in names such as p95 or M/M/1."""
    text = re.sub(r"```.*?```|`[^`]*`|\]\([^)]*\)", " ", text, flags=re.DOTALL)
    return set(re.findall(r"(?<![\w/.-])\d[\d,]*(?:\.\d+)?", text))


def invented(page: str, bench: dict[str, Any]) -> set[str]:
    """Figures of the page that no rounding of a measured one gives. Sums, and the budget's shares, are ours."""
    cpu = bench.get("budget", {}).get("cpu_ms_per_job", {})
    ours = [sum(held.values()) for held in (cpu, *bench.get("profile", {}).values())]
    ours += [ms / sum(cpu.values()) for ms in cpu.values()]
    if "soak" in bench and "queue" in bench:
        ours += [abs(slope) for slope in late_slopes_mb_per_h(bench["soak"]).values()]
        ours += [bench["soak"]["jobs"] * 60 / bench["soak"]["minutes"] * bench["queue"]["redis_bytes_per_job_ended"]]
    values = [abs(leaf) for leaf in leaves(bench) if isinstance(leaf, int | float)] + ours
    written = figures(" ".join(leaf for leaf in leaves(bench) if isinstance(leaf, str)))

    def rounds_to(shown: str) -> bool:
        digits = len(shown.partition(".")[2])
        number = float(shown.replace(",", ""))
        return any(abs(value * factor - number) <= 0.5001 * 10**-digits for value in values for factor in FACTORS)

    return {shown for shown in figures(page) if shown not in written and not rounds_to(shown)}


def test_every_figure_in_the_page_is_in_the_measurements(bench: dict[str, Any]) -> None:
    assert invented(report.build_page(bench), bench) == set()


def test_a_figure_that_nobody_measured_would_be_noticed(bench: dict[str, Any]) -> None:
    assert invented(report.build_page(bench) + "\nIt could do 51,234 comparisons/s.", bench) == {"51,234"}


@pytest.mark.parametrize("group", list(GROUPS))
def test_a_missing_group_is_named_and_left_out(bench: dict[str, Any], group: str) -> None:
    short = {name: value for name, value in bench.items() if name != group}
    page = report.build_page(short)
    missing = next(line for line in page.split("\n\n") if line.startswith("Not measured in this run"))
    assert GROUPS[group] in " ".join(missing.split())
    assert invented(page, short) == set()
    assert {*re.findall(r"\(performance/(.*?)\.svg\)", page)} == {*report.drawings(short)}


def test_a_peer_that_was_not_installed_is_named(bench: dict[str, Any]) -> None:
    short = deepcopy(bench)
    del short["comparisons"]["deepface"]
    assert "throughput under more and more clients of DeepFace" in " ".join(report.build_page(short).split())


def test_a_run_with_nothing_missing_says_nothing_of_it(bench: dict[str, Any]) -> None:
    assert "Not measured" not in report.build_page(bench)


def test_a_run_of_nothing_still_makes_a_page(tmp_path: Path) -> None:
    report.write({"version": 1}, tmp_path)
    page = (tmp_path / "performance.md").read_text()
    assert all(words in " ".join(page.split()) for words in GROUPS.values())
    assert list((tmp_path / "performance").iterdir()) == []


def test_a_target_that_is_not_met_is_said_plainly(bench: dict[str, Any]) -> None:
    page = report.build_page(bench)
    assert "| throughput against the engine | >= 0.90 | 0.79 | **not met** |" in page
    assert "**Not met:** throughput against the engine (0.79, asked >= 0.90)." in page
    assert "| accepting | <= 50 ms | 38 ms | met |" in page


def test_met_targets_are_not_celebrated(bench: dict[str, Any]) -> None:
    page = report.build_page(bench | {"targets": bench["targets"][1:]})
    assert "No target was missed." in page
    assert "ot met" not in page


def test_a_missed_target_is_explained_by_the_budget_of_the_same_run(bench: dict[str, Any]) -> None:
    page = report.build_page(bench | {"targets": targets(bench)})
    reasons = page.partition("## What was missed, and why")[2].partition("\n## ")[0]
    said = " ".join(reasons.split())
    assert "58.2 ms of CPU in the engine and 21.1 around it" in said
    assert "the target allows 17.4 around it" in said  # 0.77 : 0.23
    assert "47.7 ms of CPU in the engine alone, 51.9 in the process that works on the batch and 12.1 beside it" in said
    assert "What was missed" not in report.build_page(bench | {"targets": bench["targets"][1:]})


def test_a_target_is_held_against_what_was_measured_and_nothing_else(bench: dict[str, Any]) -> None:
    assert targets({"ratios": {}}) == []
    held = {target["key"]: (target["found"], target["met"]) for target in targets(bench)}
    assert held["api_to_engine"] == ("0.71", False)
    assert held["api_to_sync"] == ("2.1", True)
    assert held["accept"] == ("95.5 ms", False)
    assert "accept_paced" not in held


def test_a_score_file_that_differs_is_said_plainly(bench: dict[str, Any]) -> None:
    page = report.build_page(bench | {"evaluation": bench["evaluation"] | {"score_file_identical": False}})
    assert "`scores.csv` **is not identical**" in page


def test_settings_that_could_not_be_tried_are_named_with_the_reason(bench: dict[str, Any]) -> None:
    variants = bench["variants"] | {"missing": {"openvino": "openvino is not installed"}}
    page = report.build_page(bench | {"variants": variants})
    assert "Not measured: `LIKENESS_PROVIDER=openvino`, for openvino is not installed." in page


def test_a_stand_in_is_not_passed_off_as_lfw(bench: dict[str, Any]) -> None:
    evaluation = bench["evaluation"] | {"dataset": "stand-in", "accuracy": None, "accuracy_std": None}
    page = report.build_page(bench | {"evaluation": evaluation, "missing": {"lfw": "its archive was not given"}})
    assert "Not LFW: its archive was not given." in page
    assert "Accuracy" not in page


def test_why_a_peer_could_not_be_installed_is_not_published(bench: dict[str, Any]) -> None:
    page = report.build_page(bench | {"missing": {"deepface": "pip: /somewhere/on/this/machine"}})
    assert "/somewhere" not in page


def test_counts_of_commands_may_be_one_number(bench: dict[str, Any]) -> None:
    page = report.build_page(bench | {"budget": bench["budget"] | {"redis_commands_per_job": 21}})
    assert "Commands it runs for a job, those within scripts too: 21." in page


def test_commands_are_named_where_they_were_counted_by_name(bench: dict[str, Any]) -> None:
    named = deepcopy(bench)
    named["budget"] |= {"redis_commands_per_job": 35, "redis_commands": {"ZADD": 6.03, "HSET": 4}}
    assert "Commands it runs for a job, those within scripts too: 35 (6.0 ZADD and 4 HSET)." in report.build_page(named)


def test_a_part_that_costs_less_than_nothing_is_not_drawn(bench: dict[str, Any]) -> None:
    cpu = bench["budget"]["cpu_ms_per_job"] | {"worker beside the engine": -0.4}
    svg = plots.budget_svg({"cpu_ms_per_job": cpu})
    assert "worker beside the engine" not in svg


def test_a_process_that_does_nothing_for_a_batch_has_no_line(bench: dict[str, Any]) -> None:
    page = report.build_page(bench)
    assert "| CPU ms a pair: embedder |  | 51.9 | 26.4 |" in page
    assert "surplus" not in page


def test_an_unknown_ratio_is_called_by_its_key(bench: dict[str, Any]) -> None:
    assert "| one thing to another | 3.25 |" in report.build_page(bench)


def test_the_answer_comes_before_everything_else(bench: dict[str, Any]) -> None:
    first = report.build_page(bench).split("\n## ")[0]
    assert "**0.71**" in first
    assert "| target | asked | found |  |" in first


def test_no_line_of_prose_is_longer_than_the_other_documents(bench: dict[str, Any]) -> None:
    prose = [line for line in report.build_page(bench).splitlines() if not line.startswith("|")]
    assert [line for line in prose if len(line) > 120] == []


def test_all_plots_are_written_and_those_of_an_earlier_run_removed(bench: dict[str, Any], tmp_path: Path) -> None:
    report.write(bench, tmp_path)
    assert {path.stem for path in (tmp_path / "performance").iterdir()} == set(PLOTS)
    report.write({name: value for name, value in bench.items() if name != "offered"}, tmp_path)
    assert {path.stem for path in (tmp_path / "performance").iterdir()} == set(PLOTS) - {"latency"}


def test_the_same_measurements_give_the_same_bytes(bench: dict[str, Any], tmp_path: Path) -> None:
    for folder in (tmp_path / "once", tmp_path / "twice"):
        report.write(bench, folder)
    for path in (tmp_path / "once").rglob("*.*"):
        assert path.read_bytes() == (tmp_path / "twice" / path.relative_to(tmp_path / "once")).read_bytes()


def test_a_plot_is_a_whole_file_on_white_with_a_description(bench: dict[str, Any], tmp_path: Path) -> None:
    report.write(bench, tmp_path)
    for path in (tmp_path / "performance").iterdir():
        text = path.read_text()
        root = ElementTree.fromstring(text)
        assert root.get("aria-label")
        assert plots.PAPER in text
        assert "DejaVu" not in text
        assert "Created with" not in text


def test_names_at_the_ends_of_lines_do_not_lie_on_each_other() -> None:
    centres = labels.apart([0.50, 0.51, 0.52, 0.98], [0.1, 0.1, 0.1, 0.1], 1.0)
    assert all(right - left >= 0.1 - 1e-9 for left, right in pairwise(centres))
    assert centres[-1] <= 0.95
