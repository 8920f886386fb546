"""Packs and the system in the browser: to its operator everything, to a key what it may know."""

from core.keys.keys import Scope
from core.keys.store import KeyStore
from tests.support.browsing import Browsing, NewTab, Tab, expect


def test_a_pack_says_its_licence_its_digest_and_who_holds_it(tab: Tab) -> None:
    tab.page.goto("/packs")
    pack = tab.page.locator('[data-pack="opencv-zoo"]')
    expect(pack).to_contain_text("MIT (YuNet) and Apache-2.0 (SFace)")
    expect(pack).to_contain_text("Commercial use is allowed.")
    expect(pack).to_contain_text("engine@")
    expect(pack).to_contain_text("(1 on cpu)")
    expect(pack).to_contain_text("No run has calibrated it here")
    expect(tab.page.get_by_text("No pack judges liveness here")).to_be_visible()


def test_the_system_shows_what_runs_what_waits_and_what_to_do(tab: Tab) -> None:
    page = tab.page
    page.goto("/system")
    expect(page.locator("#ready")).to_have_text("Ready: comparisons are served now.")
    expect(page.get_by_role("table", name="Workers").locator("[data-id^='engine@']")).to_contain_text(
        "opencv-zoo on cpu"
    )
    expect(page.get_by_role("table", name="Queues").locator('[data-id="comparisons"]')).to_contain_text("engine@")
    finding = page.get_by_role("table", name="Findings").locator('[data-id="queue reports"]')
    expect(finding).to_contain_text("start the process evaluator")
    page.get_by_label("Look again every five seconds").uncheck()


def test_a_key_without_admin_sees_its_own_and_not_the_deployment(browsing: Browsing, new_tab: NewTab) -> None:
    key, token = KeyStore(browsing.stack.settings.redis).create("a clerk", [Scope.READ])
    page = new_tab(str(token)).page
    page.goto("/system")
    expect(page.get_by_text("Workers, queues and findings are shown to a key with the scope admin.")).to_be_visible()
    expect(page.get_by_role("table", name="Queues")).to_have_count(0)
    expect(page.locator("#system")).to_contain_text(f"{key.id} a clerk")
