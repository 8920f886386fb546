"""Evaluation runs in the browser: started, followed, their reports fetched, held side by side."""

from collections.abc import Mapping
from pathlib import Path

from core.storage.objects import ObjectStore
from evaluator.datasets import import_dataset, sample_benchmark
from tests.support.browsing import PATIENCE_MS, Browsing, Tab, expect


def test_a_run_is_started_and_followed_to_its_report(tab: Tab, browsing: Browsing, samples: Mapping[str, Path]) -> None:
    stack, page = browsing.stack, tab.page
    page.goto("/evaluations")
    expect(page.get_by_text("There is no data set yet.")).to_be_visible()
    objects = ObjectStore(stack.settings_of_servers.objects)
    import_dataset(objects, "sample", sample_benchmark(samples["obama.jpg"].parent))
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
    expect(page.locator("#besides")).to_contain_text("likeness evaluate compare run_")
    assert tab.barriers() == []

    runs.nth(1).get_by_role("link").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("opencv-zoo on sample")
    expect(page.get_by_role("row", name="FMR there", exact=False).first).to_contain_text("0 of 6: 0 % to 45.9 %")
    assert tab.barriers() == []
    with page.expect_download() as saved:
        page.get_by_role("button", name="Download the report").click()
    report = Path(saved.value.path()).read_text(encoding="utf-8")
    assert "<title>" in report
    assert "script-src" in report, "its own policy"
    with page.expect_download() as saved:
        page.get_by_role("button", name="scores.csv").click()
    assert len(Path(saved.value.path()).read_text().splitlines()) == 22
    page.get_by_role("button", name="Erase", exact=True).click()
    page.get_by_role("button", name="Erase it").click()
    expect(page.get_by_text("The run is erased.").first).to_be_visible()
    page.get_by_role("link", name="All runs").click()
    expect(runs).to_have_count(1)


def test_a_run_that_is_not_there_is_a_sentence(tab: Tab) -> None:
    tab.expected = {404}
    tab.page.goto("/evaluations/run_0")
    expect(tab.page.get_by_role("alert")).to_contain_text("run_0")
