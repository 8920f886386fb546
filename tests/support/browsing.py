"""A tab of a real Chromium on a running stack, and what it may not do: ask other hosts, or log an error."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.support.stack import Stack

__all__ = ["Browsing", "NewTab", "Tab", "expect"]

#: A test on a busy machine waits so long for what a reader would see at once.
PATIENCE_MS = 30_000

try:
    from playwright.sync_api import expect
except ImportError:  # the fixtures skip
    expect = None
else:
    expect.set_options(timeout=PATIENCE_MS)

WIDE, NARROW = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
#: Chromium says it of every answer of 400 and more; which ones a test expects, it says itself.
_ANSWERED = "Failed to load resource: the server responded with a status of "


@dataclass
class Browsing:
    """A stack that asks for keys, a key that may do everything, and a browser."""

    stack: Stack
    browser: Any
    token: str
    axe: str = field(repr=False)

    @property
    def http(self) -> httpx.Client:
        return httpx.Client(base_url=self.stack.url, timeout=60, headers={"Authorization": f"Bearer {self.token}"})

    def submit(self, files: Mapping[str, tuple[str, bytes]], **form: str) -> str:
        """A job that has ended; its id."""
        with self.http as http:
            answer = http.post("/v1/comparisons", files=files, data=form, headers={"Prefer": "wait=30"})
        assert answer.status_code == 200, answer.text
        return str(answer.json()["id"])

    @contextmanager
    def tab(self, token: str | None, **options: Any) -> Iterator["Tab"]:
        """A tab in which the key was typed already; at the end nothing is amiss."""
        context = self.browser.new_context(base_url=self.stack.url, viewport=WIDE, **options)
        try:
            context.set_default_timeout(PATIENCE_MS)
            if token is not None:  # not for the frame of a report, which has no storage
                context.add_init_script(f"if (self === top) sessionStorage.setItem('likeness.key', {token!r})")
            tab = Tab(context.new_page(), urlsplit(self.stack.url).netloc, self.axe)
            yield tab
            assert not tab.amiss, "\n".join(tab.amiss)
        finally:
            context.close()


@dataclass
class Tab:
    """A page, and what went wrong in it."""

    page: Any
    host: str
    axe: str = field(repr=False)
    amiss: list[str] = field(default_factory=list)
    #: Statuses of 400 and more that a test asks for.
    expected: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.on("console", self._logged)
        self.page.on("pageerror", lambda error: self.amiss.append(f"uncaught: {error}"))
        self.page.on("request", self._asked)

    def _logged(self, message: Any) -> None:
        text = str(message.text)
        if message.type not in ("error", "warning"):
            return
        if text.startswith(_ANSWERED) and int(text.removeprefix(_ANSWERED)[:3]) in self.expected:
            return
        self.amiss.append(f"{message.type}: {text} at {message.location}")

    def _asked(self, request: Any) -> None:
        parts = urlsplit(request.url)
        if parts.scheme in ("http", "https") and parts.netloc != self.host:
            self.amiss.append(f"another host was asked: {request.url}")

    def drop(self, place: Any, *files: Path) -> None:
        """As a hand would from a file manager: Chromium itself makes the events."""
        box = place.bounding_box()
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        data = {"items": [], "files": [str(file) for file in files], "dragOperationsMask": 1}
        devtools = self.page.context.new_cdp_session(self.page)
        for kind in ("dragEnter", "dragOver", "drop"):
            devtools.send("Input.dispatchDragEvent", {"type": kind, "data": data, **at})

    def barriers(self, within: str = "html") -> list[str]:
        """What axe finds serious or critical, at both widths, light and dark; and what is wider than the window."""
        found = []
        self.page.evaluate(self.axe)
        for scheme in ("light", "dark"):
            self.page.emulate_media(color_scheme=scheme)
            for size in (WIDE, NARROW):
                self.page.set_viewport_size(size)
                where = f"{self.page.url} at {size['width']}, {scheme}"
                found += [f"{where}: {one}" for one in self._violations(within, colours_only=scheme == "dark")]
                beyond = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
                found += [f"{where}: {beyond} pixels wider than the window"] if beyond > 0 else []
        return found

    def _violations(self, within: str, *, colours_only: bool) -> list[str]:
        options = {
            "resultTypes": ["violations"],
            "preload": False,  # axe would fetch style sheets, which the page's policy refuses
            **({"runOnly": ["color-contrast"]} if colours_only else {}),
        }
        ran = self.page.evaluate("([within, options]) => axe.run(within, options)", [within, options])
        return [
            f"{one['id']}: {one['help']}: {[node['html'][:120] for node in one['nodes'][:3]]}"
            for one in ran["violations"]
            if one["impact"] in ("serious", "critical")
        ]


NewTab = Callable[..., Tab]
