"""Jobs in the browser: found in the list, followed on a page of their own, cancelled, erased."""

import json
from collections.abc import Mapping
from pathlib import Path

from tests.support.browsing import Browsing, Tab, expect
from tests.support.faults import frozen
from tests.support.keyed import nobody


def photographs(samples: Mapping[str, Path], reference: str, probe: str) -> dict[str, tuple[str, bytes]]:
    return {side: (name, samples[name].read_bytes()) for side, name in (("reference", reference), ("probe", probe))}


def test_a_job_is_found_in_the_list_and_its_page_says_what_it_rests_on(
    tab: Tab, browsing: Browsing, samples: Mapping[str, Path]
) -> None:
    job = browsing.submit(photographs(samples, "obama.jpg", "obama2.jpg"), metadata='{"order": "4711"}')
    page = tab.page
    page.goto("/jobs")
    row = page.locator(f'[data-id="{job}"]')
    expect(row).to_contain_text("match")
    row.get_by_role("link", name=job).click()
    expect(page).to_have_url(f"{browsing.stack.url}/jobs/{job}")
    expect(page).to_have_title(f"Match: {job} · Likeness")
    expect(page.get_by_role("heading", name="Match", exact=True)).to_be_visible()
    expect(page.locator("#states")).to_contain_text("succeeded")
    expect(page.locator("#sent")).to_contain_text("4711")
    expect(page.locator("#job")).to_contain_text("The threshold 0.363 is from: OpenCV Zoo's cosine default")
    page.get_by_role("button", name="Get the signed receipt").click()
    expect(page.locator("#receipt")).to_contain_text("this deployment has signed it, and it was not changed")
    page.get_by_text("curl", exact=True).click()
    expect(page.locator("#same-calls")).to_contain_text(
        f"curl -H \"Authorization: Bearer $LIKENESS_API_KEY\" '{browsing.stack.url}/v1/comparisons/{job}?wait=10'"
    )
    assert browsing.token not in page.content()
    assert tab.barriers() == []


def test_the_list_shows_a_new_job_by_itself_and_only_what_a_filter_lets_through(tab: Tab, browsing: Browsing) -> None:
    page = tab.page
    page.clock.install()
    page.goto("/jobs?status=succeeded")
    expect(page.get_by_label("Status")).to_have_value("succeeded")
    expect(page.locator("#list")).not_to_contain_text("Loading")
    job = browsing.submit(nobody())
    page.clock.fast_forward("05")
    expect(page.locator(f'[data-id="{job}"]')).to_contain_text("not acquired")
    page.get_by_label("Status").select_option("failed")
    expect(page.locator(f'[data-id="{job}"]')).to_have_count(0)
    expect(page).to_have_url(f"{browsing.stack.url}/jobs?status=failed")
    page.get_by_role("button", name="Show all").click()
    expect(page.locator(f'[data-id="{job}"]')).to_be_visible()


def test_the_list_is_filtered_by_what_became_of_jobs_what_was_asked_and_when(
    tab: Tab, browsing: Browsing, samples: Mapping[str, Path]
) -> None:
    files = photographs(samples, "obama.jpg", "biden.jpg")
    jobs = [browsing.submit(files, metadata=json.dumps({"order": order})) for order in ("1", "2")]
    page = tab.page
    page.goto("/jobs")
    page.get_by_label("Decision").select_option("non-match")
    page.get_by_text("More filters").click()
    page.get_by_label("Metadata").fill("order=2")
    page.get_by_label("Metadata").press("Enter")
    expect(page.locator("[data-id]")).to_have_count(1)
    expect(page.locator("[data-id]")).to_have_attribute("data-id", jobs[1])
    expect(page).to_have_url(f"{browsing.stack.url}/jobs?decision=non_match&metadata.order=2")
    page.reload()
    expect(page.get_by_label("Metadata")).to_have_value("order=2")
    expect(page.locator("[data-id]")).to_have_count(1)
    expect(page.locator("[data-id]")).to_have_attribute("data-id", jobs[1])
    page.get_by_label("Created from").fill("2199-01-01T00:00")
    expect(page.get_by_text("No job is like that.")).to_be_visible()
    assert tab.barriers() == []


def test_a_long_list_is_turned_by_pages(tab: Tab, browsing: Browsing) -> None:
    first, second = (browsing.submit(nobody()) for _ in range(2))
    page = tab.page
    page.goto("/jobs?limit=1")
    expect(page.locator("[data-id]")).to_have_attribute("data-id", second)
    page.get_by_role("link", name="Older").click()
    expect(page.locator("[data-id]")).to_have_attribute("data-id", first)
    page.get_by_role("link", name="Newest").click()
    expect(page.locator("[data-id]")).to_have_attribute("data-id", second)


def test_a_job_that_waits_is_cancelled(tab: Tab, browsing: Browsing) -> None:
    page = tab.page
    with frozen(browsing.stack.processes["worker"].pid), browsing.http as http:
        job = http.post("/v1/comparisons", files=nobody()).json()["id"]
        page.goto(f"/jobs/{job}")
        expect(page.locator("#states")).to_contain_text("queued")
        page.get_by_role("button", name="Cancel").click()
        expect(page.get_by_role("heading", name="Cancelled")).to_be_visible()
        expect(page.get_by_role("button", name="Cancel")).to_have_count(0)


def test_erasing_asks_first_and_no_is_the_answer_of_enter_and_escape(tab: Tab, browsing: Browsing) -> None:
    job = browsing.submit(nobody())
    page = tab.page
    page.goto(f"/jobs/{job}")
    erase = page.get_by_role("button", name="Erase", exact=True)
    for key in ("Enter", "Escape"):
        erase.click()
        expect(page.get_by_role("dialog", name="Erase this job?")).to_be_visible()
        expect(page.get_by_role("button", name="Keep it")).to_be_focused()
        page.keyboard.press(key)
        expect(page.get_by_role("dialog")).to_have_count(0)
    erase.click()
    assert tab.barriers("dialog") == []
    page.get_by_role("button", name="Erase it").click()
    expect(page.get_by_text("The job is erased.").first).to_be_visible()
    with browsing.http as http:
        assert http.get(f"/v1/comparisons/{job}").status_code == 404


def test_a_job_that_is_not_there_is_said_in_the_words_of_the_api(tab: Tab) -> None:
    tab.expected = {404}
    tab.page.goto("/jobs/cmp_none")
    problem = tab.page.get_by_role("alert")
    expect(problem).to_contain_text("no job has the id 'cmp_none'")
    problem.get_by_role("link", name="job_not_found").click()
    expect(tab.page.get_by_role("heading", name="What to do")).to_be_visible()
    assert tab.barriers() == []
