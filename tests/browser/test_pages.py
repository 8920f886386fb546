"""Every page, as a stranger to it meets it: no barrier, no error, no request to another host."""

import pytest

from api.routes.pages import PAGES
from tests.support.browsing import Tab, expect

#: Those of one job, batch or delivery are looked at where one is.
PLAIN = [path for path in PAGES if "<" not in path]

#: The row of another job is a row as the others are.
LONG = ("/jobs", "/batches", "/deliveries")


@pytest.mark.parametrize("path", [*PLAIN, "/problems"])
def test_a_page_has_no_barrier_at_two_widths_light_and_dark(tab: Tab, path: str) -> None:
    tab.page.goto(f"{path}?limit=3" if path in LONG else path)
    expect(tab.page.get_by_text("Loading ...")).to_have_count(0)
    assert tab.barriers() == []


def test_what_stands_above_the_reference_has_no_barrier(tab: Tab) -> None:
    """Below it is Swagger UI's own, which has some: buttons within buttons, and grey on grey."""
    tab.page.goto("/docs")
    expect(tab.page.get_by_text("/v1/comparisons").first).to_be_visible()
    assert tab.barriers("header") == []


def test_the_keyboard_leads_past_the_navigation_and_to_every_page(tab: Tab) -> None:
    page = tab.page
    page.goto("/jobs")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator("main")).to_be_focused()
    links = page.get_by_role("navigation", name="Pages", exact=True).get_by_role("link")
    assert {link.get_attribute("href") for link in links.all()} >= {path for path in PLAIN if path.count("/") == 1} - {
        "/endpoints"
    }
    expect(links.filter(has_text="Jobs")).to_have_attribute("aria-current", "page")
