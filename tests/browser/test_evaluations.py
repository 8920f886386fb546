"""Evaluation runs in the browser: started, followed, their reports fetched, held side by side."""

import re
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from pathlib import Path

from core.storage.objects import ObjectStore
from evaluator.datasets import import_dataset, sample_benchmark
from evaluator.datasets.pairs import Pair, PairList
from tests.support.browsing import PATIENCE_MS, Browsing, Tab, expect


def test_a_run_is_started_and_followed_to_its_report(tab: Tab, browsing: Browsing, samples: Mapping[str, Path]) -> None:
    stack, page = browsing.stack, tab.page
    page.goto("/evaluations")
    expect(page.get_by_text("There is no data set yet.")).to_be_visible()
    objects = ObjectStore(stack.settings_of_servers.objects)
    sample = sample_benchmark(samples["obama.jpg"].parent)
    import_dataset(objects, "sample", sample)
    orders = permutations(sample.pairs.image_ids, 2)  # 42 carry a threshold, the sample's 6 none
    strangers = PairList(tuple(Pair(one, other, False, None, ()) for one, other in orders))
    import_dataset(objects, "strangers", replace(sample, pairs=strangers))
    stack.start("evaluator")
    page.reload()
    runs = page.locator("#runs [data-id]")
    for count in (1, 2):  # the second finds every embedding in place
        page.get_by_label("The face that counts").select_option("most_central")
        page.get_by_role("button", name="Start", exact=True).click()
        expect(runs).to_have_count(count)
        expect(runs.first).to_contain_text("succeeded", timeout=PATIENCE_MS * 6)
        runs.first.get_by_role("checkbox").check()
    besides = page.get_by_role("region", name="The chosen runs, side by side")
    expect(besides.get_by_role("columnheader")).to_have_count(2)
    expect(besides.get_by_role("row", name="Face that counts").get_by_role("cell")).to_have_text(["most central"] * 2)
    assert tab.barriers() == []

    page.get_by_role("link", name="Test whether they differ").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Runs compared on sample")
    expect(page.locator("#comparison")).to_contain_text("B: no verdict, for with so few disagreements")
    plots = page.frame_locator('iframe[title="The comparison as a page, with its plots"]')
    expect(plots.get_by_role("heading", name="Error curves")).to_be_visible()
    assert plots.locator("figure svg").first.evaluate("drawn => getComputedStyle(drawn).display") == "block", (
        "its style"
    )
    assert tab.barriers() == []
    page.get_by_label("At one false match rate").fill("0.4")
    page.get_by_role("button", name="Compare", exact=True).click()
    expect(page.locator("#comparison")).to_contain_text("false non-matches, both with")
    expect(page).to_have_url(re.compile("at_fmr=0.4"))
    page.get_by_role("link", name="All runs").click()
    page.get_by_role("link", name="All runs and how their figures changed").click()
    expect(page.locator("#histories [data-id]")).to_have_count(2)
    expect(page.locator("#histories")).to_contain_text("scores are the same")
    expect(page.frame_locator("iframe").get_by_role("heading", level=1)).to_have_text("Evaluation runs")
    assert tab.barriers() == []
    page.get_by_role("link", name="Start a run, or compare some").click()

    runs.nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("opencv-zoo on sample")
    expect(page.get_by_role("row", name="FMR there", exact=False).first).to_contain_text("0 of 6: 0 % to 45.9 %")
    page.get_by_role("button", name="Open the report").focus()
    page.keyboard.press("Enter")
    report_shown = page.frame_locator('iframe[title="The report"]')
    expect(report_shown.get_by_role("heading", name="Choosing a threshold")).to_be_visible()
    expect(page.locator("iframe")).to_be_focused()
    picked = report_shown.locator("input[type=range]").first
    assert picked.is_enabled(), "its own script runs"
    assert picked.evaluate(
        "() => { try { return sessionStorage.length } catch (refused) { return refused.name } }"
    ) == ("SecurityError"), "it is nobody's: the key is not to be had"
    assert tab.barriers() == []
    page.get_by_role("button", name="Close the report").click()
    expect(page.get_by_role("button", name="Open the report")).to_be_focused()

    page.get_by_role("button", name="Use these thresholds").click()
    dialog = page.get_by_role("dialog", name="Use the thresholds of this run for opencv-zoo?")
    expect(dialog).to_contain_text("gives no threshold")
    expect(dialog.get_by_role("button", name="Use them")).to_have_count(0)
    dialog.get_by_role("button", name="Close").click()
    page.get_by_role("link", name="All runs", exact=True).click()
    page.get_by_label("Data set").select_option("strangers")
    page.get_by_role("button", name="Start", exact=True).click()
    expect(runs).to_have_count(3)
    expect(runs.first).to_contain_text("succeeded", timeout=PATIENCE_MS * 6)
    runs.first.get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("opencv-zoo on strangers")

    page.get_by_role("button", name="Use these thresholds").click()
    expect(dialog).to_contain_text("has no calibrated thresholds yet")
    expect(dialog.get_by_role("button", name="Leave it as it is")).to_be_focused()
    assert tab.barriers("dialog") == []
    dialog.get_by_role("button", name="Use them").click()
    expect(page.locator("#report-said")).to_contain_text("opencv-zoo has the thresholds of this run now")
    page.get_by_role("button", name="Use these thresholds").click()
    expect(dialog).to_contain_text("has the thresholds of this run already")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)

    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the report").click()
    report = Path(saved.value.path()).read_text(encoding="utf-8")
    assert "<title>" in report
    assert "script-src" in report, "its own policy"
    with page.expect_download() as saved:
        page.get_by_role("button", name="scores.csv").click()
    assert len(Path(saved.value.path()).read_text().splitlines()) == 43
    page.get_by_role("button", name="Erase", exact=True).click()
    tab.expected = {409}
    page.get_by_role("button", name="Erase it").click()
    expect(page.get_by_role("dialog")).to_contain_text("the thresholds of opencv-zoo rest on this run")
    page.get_by_role("button", name="Erase it").click()
    expect(page.get_by_text("The run is erased.").first).to_be_visible()
    page.get_by_role("link", name="All runs").click()
    expect(runs).to_have_count(2)


def test_a_run_that_is_not_there_is_a_sentence(tab: Tab) -> None:
    tab.expected = {404}
    tab.page.goto("/evaluations/run_0")
    expect(tab.page.get_by_role("alert")).to_contain_text("run_0")
