"""Batches in the browser: photographs and a list go in, rows and files come out."""

import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.support.browsing import Tab, expect


def test_photographs_and_a_list_become_a_batch_with_its_rows_and_files(
    tab: Tab, samples: Mapping[str, Path], tmp_path: Path
) -> None:
    page = tab.page
    pairs = tmp_path / "pairs.csv"
    pairs.write_text(
        'reference;probe;custom_id\nobama.jpg;obama2.jpg;"visit; 1"\nobama.jpg;biden.jpg;\n'
        "obama.jpg;no_face.png;visit 3\n"
    )
    page.goto("/batches")
    page.get_by_text("Start a batch").click()
    start = page.get_by_role("button", name="Start", exact=True)
    expect(start).to_be_disabled()
    page.locator("#photographs").set_input_files([samples[name] for name in ("obama.jpg", "obama2.jpg", "biden.jpg")])
    page.locator("#pairs").set_input_files(pairs)
    expect(page.locator("#summary")).to_contain_text("names 1 photographs that are not here: no_face.png")
    expect(start).to_be_disabled()
    assert tab.barriers() == []
    page.locator("#photographs").set_input_files(
        [samples[name] for name in ("obama.jpg", "obama2.jpg", "obama3.jpg", "biden.jpg", "no_face.png")]
    )
    expect(page.locator("#summary")).to_contain_text("1 photographs stand in no pair and are not sent: obama3.jpg")
    start.click()
    rows = page.locator("#rows [data-id]")
    expect(rows).to_have_count(3)
    expect(page.locator("#batch")).to_contain_text("3 of 3 pairs, 4 photographs")
    for row, (name, outcome) in zip(
        rows.all(), [("visit; 1", "match"), ("2", "non-match"), ("visit 3", "not acquired")], strict=True
    ):
        expect(row).to_contain_text(name)
        expect(row).to_contain_text(outcome)
    expect(rows.nth(2)).to_contain_text("probe: no face was found")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save as CSV").click()
    lines = Path(saved.value.path()).read_text().splitlines()
    assert (len(lines), lines[1].split(",")[:3]) == (4, ["visit; 1", "obama.jpg", "obama2.jpg"])
    assert tab.barriers() == []


def test_one_photograph_is_compared_with_all_in_a_folder_that_is_dropped(
    tab: Tab, samples: Mapping[str, Path], tmp_path: Path
) -> None:
    for name in ("obama.jpg", "biden.jpg"):  # the reference may be among them, under its own name
        (tmp_path / "visits").mkdir(exist_ok=True)
        shutil.copy(samples[name], tmp_path / "visits" / name)
    page = tab.page
    page.goto("/batches")
    page.get_by_text("Start a batch").click()
    page.get_by_label("one photograph with each of the others").check()
    page.locator("#reference").set_input_files(samples["obama.jpg"])
    tab.drop(page.locator(".drop:has(#photographs)"), tmp_path / "visits")
    expect(page.locator("#summary")).to_contain_text("obama.jpg with 2 photographs.")
    page.get_by_role("button", name="Start", exact=True).click()
    rows = page.locator("#rows [data-id]")
    expect(rows).to_have_count(2)
    expect(rows.nth(0)).to_contain_text("non-match")
    expect(rows.nth(1)).to_contain_text("= match")
