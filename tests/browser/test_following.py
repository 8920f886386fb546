"""How a page follows what goes on: by events, and by asking again where there are none to be had."""

import json
from typing import Any

from tests.support.browsing import Browsing, Tab, expect
from tests.support.faults import frozen
from tests.support.keyed import nobody

NO_PLACE = {"status": 503, "code": "no_place_to_wait", "detail": "too many wait", "request_id": "req_1", "errors": []}


def test_a_page_is_told_by_events_and_asks_for_the_job_itself_where_there_is_no_place(
    tab: Tab, browsing: Browsing
) -> None:
    job, page = browsing.submit(nobody()), tab.page
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.partition("/v1/")[2]))
    stands_still(page)
    page.goto(f"/jobs/{job}")
    expect(page.locator("#job")).to_contain_text("no face was found")
    assert f"comparisons/{job}/events" in asked
    assert f"comparisons/{job}" not in asked, "events have said it all"

    def refused(route: Any) -> None:
        route.fulfill(status=503, headers={"Retry-After": "5"}, json=NO_PLACE, content_type="application/problem+json")

    tab.expected = {503}
    page.route("**/events", refused)
    page.reload()
    expect(page.locator("#job")).to_contain_text("no face was found")
    assert asked.count(f"comparisons/{job}") == 1
    expect(page.get_by_role("alert")).to_have_count(0)


def test_where_something_on_the_way_keeps_events_back_the_page_asks_for_them_no_more(
    tab: Tab, browsing: Browsing
) -> None:
    job, page = browsing.submit(nobody()), tab.page
    with browsing.http as http:
        known = http.get(f"/v1/comparisons/{job}")
    begun = json.dumps(known.json() | {"ended_at": None, "status": "running"})
    kept_back: list[str] = []
    page.route("**/events", lambda route: kept_back.append(route.request.url))  # and is never answered
    page.route(f"**/v1/comparisons/{job}", lambda route: route.fulfill(body=begun, content_type="application/json"))
    page.clock.install()
    with page.expect_request("**/events"):
        page.goto(f"/jobs/{job}")
    page.clock.fast_forward("06")
    expect(page.locator("#states")).to_contain_text("running")
    page.unroute(f"**/v1/comparisons/{job}")
    page.clock.fast_forward("03")
    expect(page.locator("#job")).to_contain_text("no face was found")
    assert len(kept_back) == 1


def test_a_page_that_was_told_a_state_goes_on_with_events_after_nobody_has_looked(tab: Tab, browsing: Browsing) -> None:
    page = tab.page
    with frozen(browsing.stack.processes["worker"].pid), browsing.http as http:
        job = http.post("/v1/comparisons", files=nobody()).json()["id"]
        stands_still(page)
        page.goto(f"/jobs/{job}")
        expect(page.locator("#states")).to_contain_text("queued")
        page.get_by_role("button", name="Erase").focus()
        with page.expect_request(lambda request: request.headers.get("last-event-id") == "1"):
            looked_at(page, "hidden")
            looked_at(page, "visible")
            page.clock.resume()
    expect(page.locator("#job")).to_contain_text("no face was found")
    expect(page.get_by_role("button", name="Erase")).to_be_focused()


def stands_still(page: Any) -> None:
    """The page's clock: on a busy machine it would not wait for the first event, and ask for the job instead."""
    page.clock.install(time=0)
    page.clock.pause_at(1000)


def looked_at(page: Any, state: str) -> None:
    """As the tab would be behind others, and before them again."""
    page.evaluate(
        "state => { Object.defineProperty(document, 'visibilityState', { value: state, configurable: true });"
        " document.dispatchEvent(new Event('visibilitychange')); }",
        state,
    )
