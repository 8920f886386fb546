"""What was announced, in the browser: attempts, a replay, and endpoints with secrets that are shown once."""

from tests.support.browsing import Browsing, Tab, expect
from tests.support.keyed import nobody
from tests.support.receivers import receiving


def test_a_dead_delivery_shows_its_attempts_and_is_delivered_by_a_replay(tab: Tab, browsing: Browsing) -> None:
    with receiving(lambda number: 500 if number <= 2 else 204) as receiver:
        job = browsing.submit(nobody(), callback_url=receiver.url)
        page = tab.page
        page.goto("/deliveries?status=dead")
        row = page.locator("[data-id]").filter(has_text=receiver.url)
        expect(row).to_contain_text("dead")
        row.get_by_role("link").click()
        attempts = page.get_by_role("table", name="Attempts, the oldest first").locator("tbody tr")
        expect(attempts).to_have_count(2)
        expect(attempts.nth(1)).to_contain_text("HTTP 500")
        expect(page.get_by_role("link", name=job)).to_be_visible()
        page.get_by_role("button", name="Replay").click()
        expect(attempts).to_have_count(3)
        expect(page.locator(".decision")).to_contain_text("delivered")
        assert len(receiver.ids) == 1
        assert tab.barriers() == []


def test_an_endpoint_shows_its_secret_once_and_is_tested_and_removed(tab: Tab, browsing: Browsing) -> None:
    with receiving() as receiver:
        page = tab.page
        page.goto("/endpoints")
        page.get_by_label("URL").fill(receiver.url)
        page.get_by_label("Description").fill("production")
        page.get_by_role("button", name="Register").click()
        secret = page.locator("#secret")
        expect(secret).to_contain_text("whsec_")
        first = secret.locator("pre").inner_text()
        assert tab.barriers() == []
        page.get_by_role("button", name=f"New secret: {receiver.url}").click()
        page.get_by_role("button", name="Make one").click()
        expect(secret).to_contain_text("A new secret")
        assert secret.locator("pre").inner_text() != first
        page.reload()
        expect(page.locator("[data-id]")).to_contain_text("production")
        assert "whsec_" not in page.content()
        page.get_by_role("button", name=f"Test: {receiver.url}").click()
        page.locator("#secret").get_by_role("link").click()
        expect(page.locator(".decision")).to_contain_text("delivered")
        assert [request.event["type"] for request in receiver.requests] == ["webhook.test"]
        page.goto("/endpoints")
        page.get_by_role("button", name=f"Remove: {receiver.url}").click()
        page.get_by_role("button", name="Remove it").click()
        expect(page.get_by_text("There is no endpoint yet.")).to_be_visible()
