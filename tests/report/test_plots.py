import itertools
import re
import subprocess
import sys
from collections.abc import Callable
from xml.etree import ElementTree

import matplotlib
import numpy as np
import pytest

from evaluator.metrics import ErrorCurve, ScoreSet, error_curve
from evaluator.report import ScoreTable, plots
from evaluator.report.sweep import Sweep, sweep
from evaluator.report.threshold_plots import rates_svg

MakeTable = Callable[..., ScoreTable]
SVG = "{http://www.w3.org/2000/svg}"


def curve_of(mated: list[float], non_mated: list[float]) -> ErrorCurve:
    curve = error_curve(mated, non_mated)
    assert isinstance(curve, ErrorCurve)
    return curve


@pytest.fixture(scope="module")
def drawn(lfw_sized: MakeTable) -> dict[str, str]:
    scores = lfw_sized().score_set
    mated, non_mated = scores.mated_scores, scores.non_mated_scores
    curve = error_curve(mated, non_mated)
    assert isinstance(curve, ErrorCurve)
    marks = [plots.Mark("FMR ≤ 1 %", 0.01, 0.002), plots.Mark("threshold <0.4>", 0.0, 0.02, chosen=True)]
    swept = sweep(scores)
    assert isinstance(swept, Sweep)
    lines = [("pack 0.363", 0.363), ("elsewhere", 7.0)]
    return {
        "roc": plots.roc_svg(curve, marks),
        "det": plots.det_svg(curve, marks),
        "histogram": plots.histogram_svg(mated, non_mated, lines),
        "histogram-log": plots.histogram_svg(mated, non_mated, lines, log=True),
        "rates": rates_svg(swept, lines),
        "folds": plots.folds_svg([(fold, 0.99 + fold % 4 / 600) for fold in range(10)], 0.9925, (0.99, 0.994)),
    }


def texts(svg: str) -> list[str]:
    return [element.text or "" for element in ElementTree.fromstring(svg).iter(f"{SVG}text")]


def test_every_plot_is_well_formed_xml_with_a_description(drawn: dict[str, str]) -> None:
    for svg in drawn.values():
        root = ElementTree.fromstring(svg)
        assert root.tag == f"{SVG}svg"
        assert root.get("role") == "img"
        assert root.get("aria-label")


def test_text_is_text_in_the_fonts_of_the_reader(drawn: dict[str, str]) -> None:
    assert {"FMR (log)", "FMR ≤ 1 %", "threshold <0.4>"} <= set(texts(drawn["roc"]))
    assert {"mated", "non-mated", "pack 0.363"} <= set(texts(drawn["histogram"]))
    assert all("system-ui" in svg and "DejaVu" not in svg for svg in drawn.values())


def test_a_threshold_outside_of_the_scores_is_not_drawn(drawn: dict[str, str]) -> None:
    assert "elsewhere" not in texts(drawn["histogram"])


def test_the_plots_of_a_page_share_no_id_and_refer_only_to_their_own(drawn: dict[str, str]) -> None:
    ids = [name for svg in drawn.values() for name in re.findall(r'\bid="([^"]+)"', svg)]
    assert len(ids) == len(set(ids))
    for svg in drawn.values():
        referred = re.findall(r'(?:url\(#|href="#)([^)"]+)', svg)
        assert set(referred) <= set(re.findall(r'\bid="([^"]+)"', svg))


def test_colours_are_variables_of_the_page_with_a_fallback(drawn: dict[str, str]) -> None:
    for svg in drawn.values():
        bare = re.sub(r"var\(--[a-z-]+, #[0-9a-f]{6}\)", "", svg)
        assert re.findall(r"#[0-9a-f]{6}\b(?!\")", re.sub(r"#[a-z-]+-[mp][0-9a-f]+", "", bare)) == []


def test_a_plot_carries_no_date_no_style_and_no_address(drawn: dict[str, str]) -> None:
    for svg in drawn.values():
        assert "<style" not in svg
        assert " style=" not in svg
        assert "metadata" not in svg
        assert set(re.findall(r"https?://[^\"]+", svg)) <= {
            "http://www.w3.org/2000/svg",
            "http://www.w3.org/1999/xlink",
        }


def test_the_same_scores_give_the_same_bytes_and_leave_matplotlib_as_it_was(lfw_sized: MakeTable) -> None:
    scores = lfw_sized().score_set
    before = dict(matplotlib.rcParams)
    first, second = (plots.histogram_svg(scores.mated_scores, scores.non_mated_scores) for _ in range(2))
    assert first == second
    assert dict(matplotlib.rcParams) == before


def test_thinning_drops_only_points_inside_level_and_upright_runs() -> None:
    # rounded, so that some points have ties of both kinds and run diagonally
    random = np.random.default_rng(3)
    mated, non_mated = random.normal(1, 1, 500).round(2), random.normal(0, 1, 500).round(2)
    curve = curve_of(mated.tolist(), non_mated.tolist())
    thin = plots.seen_corners(curve)
    assert thin.thresholds.size < curve.thresholds.size
    places = np.searchsorted(curve.thresholds, thin.thresholds)
    assert (places[0], places[-1]) == (0, curve.thresholds.size - 1)
    for start, end in itertools.pairwise(places):
        run = slice(start, end + 1)
        kinds = len(set(curve.false_matches[run])), len(set(curve.false_non_matches[run]))
        assert end == start + 1 or 1 in kinds


def test_a_strict_threshold_with_many_false_non_matches_is_still_on_the_roc() -> None:
    curve = curve_of([0.9] * 50 + [0.5] * 50, [0.1] * 3000)
    svg = plots.roc_svg(curve, [plots.Mark("strict", 0.0, 0.5, chosen=True)])
    assert {"strict", "0 %"} <= set(texts(svg))


@pytest.mark.parametrize(
    ("mated", "non_mated"),
    [([0.5], [0.5]), ([0.9], [0.1]), ([0.1], [0.9]), ([0.5] * 40, [0.5] * 40), ([0.9] * 3, [0.1] * 2000)],
)
def test_odd_scores_are_drawn_without_a_warning(mated: list[float], non_mated: list[float]) -> None:
    curve = curve_of(mated, non_mated)
    marks = [plots.Mark("here", 1.0, 0.0), plots.Mark("there", 0.0, 1.0)]
    for svg in (plots.roc_svg(curve, marks), plots.det_svg(curve, marks)):
        ElementTree.fromstring(svg)
    for log in (False, True):
        ElementTree.fromstring(plots.histogram_svg(np.array(mated), np.array(non_mated), [("t", 0.5)], log=log))
    ElementTree.fromstring(plots.histogram_svg(np.array(mated), np.array([])))
    swept = sweep(ScoreSet.of(mated, non_mated))
    assert isinstance(swept, Sweep)
    ElementTree.fromstring(rates_svg(swept, [("t", 0.5)]))


def test_folds_that_are_all_alike_are_drawn() -> None:
    ElementTree.fromstring(plots.folds_svg([(fold, 1.0) for fold in range(10)], 1.0, (1.0, 1.0)))


def test_matplotlib_is_loaded_when_something_is_drawn_and_pyplot_never() -> None:
    program = (
        "import sys, evaluator.report, evaluator.report.plots as p; assert 'matplotlib' not in sys.modules;"
        "p.folds_svg([(1, 0.5)], 0.5, (0.4, 0.6)); assert 'matplotlib.pyplot' not in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True)
