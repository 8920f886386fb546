"""A real Chromium on a stack with keys: API, a worker that takes batches too, and a courier that calls back."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from core.comparisons.receipts import new_key
from core.keys.keys import Scope
from core.keys.store import KeyStore
from core.webhooks.signing import new_secret
from tests.support.browsing import Browsing, NewTab, Tab
from tests.support.chromium import ARGUMENTS, MISSING, NO_PLAYWRIGHT, chromium
from tests.support.schema import unexplained
from tests.support.servers import Store
from tests.support.shared import SHARED
from tests.support.stack import running

SETTINGS = {
    "LIKENESS_AUTH": "on",
    "LIKENESS_RECEIPT_KEY": new_key(),
    "LIKENESS_WEBHOOK_SECRETS": new_secret(),
    "LIKENESS_WEBHOOK_ALLOW_HTTP": "true",
    "LIKENESS_WEBHOOK_ALLOW_PRIVATE": "true",
    "LIKENESS_WEBHOOK_SCHEDULE_S": "0.1",
    "WORKER_QUEUES": "comparisons,comparisons-busy,batches,batches-busy,evaluations",
}


@pytest.fixture(scope="session")
def program() -> str:
    if (found := chromium()) is None:
        pytest.skip(MISSING)
    pytest.importorskip("playwright.sync_api", reason=NO_PLAYWRIGHT)
    pytest.importorskip("axe_playwright_python", reason=NO_PLAYWRIGHT)
    return found


@pytest.fixture
def browsing(
    program: str, tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path, object_store: Store
) -> Browsing:
    """Shared by all tests of the pages."""

    @contextmanager
    def started() -> Iterator[Browsing]:
        from axe_playwright_python.base import AXE_SCRIPT
        from playwright.sync_api import sync_playwright

        home = tmp_path_factory.mktemp("browsing")
        with running(home, zoo_directory.parent, object_store, **SETTINGS) as stack, sync_playwright() as playwright:
            stack.start("api", "worker")
            browser = playwright.chromium.launch(executable_path=program, args=[*ARGUMENTS])
            _, token = KeyStore(stack.settings.redis).create("a reader", [*Scope])
            stack.wait_until_ready()
            stack.start("courier", "beat")  # while the first tests run
            yield Browsing(stack, browser, str(token), AXE_SCRIPT)
            browser.close()
            assert unexplained(stack.settings.redis) == []

    return SHARED.lend("browsing", started)


@pytest.fixture
def new_tab(browsing: Browsing) -> Iterator[NewTab]:
    """Opens a tab, by default one that has the key."""
    with ExitStack() as until_the_end:

        def opened(token: str | None = browsing.token) -> Tab:
            return until_the_end.enter_context(browsing.tab(token))

        yield opened


@pytest.fixture
def tab(new_tab: NewTab) -> Tab:
    return new_tab()
