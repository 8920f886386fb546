"""Where this machine's Chromium is, and what to install where there is none. Nothing is downloaded."""

import os
import shutil

#: By the names it has on Debian, Fedora and others.
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SETTING = "LIKENESS_TEST_CHROMIUM"
MISSING = f"needs Chromium: install it (Debian, Ubuntu: apt install chromium), or name its program in {SETTING}"
NO_PLAYWRIGHT = (
    "needs Playwright, which `make test` installs where there is a Chromium: "
    "pip install --no-deps -r infra/requirements/browser.txt"
)


def chromium() -> str | None:
    """The program."""
    named = os.environ.get(SETTING)
    return shutil.which(named) if named else next(filter(None, map(shutil.which, NAMES)), None)


#: As root there is no sandbox, and a container has little of /dev/shm. The camera shows a test pattern.
ARGUMENTS = (
    *(("--no-sandbox",) if os.geteuid() == 0 else ()),
    *("--disable-dev-shm-usage", "--use-fake-device-for-media-stream"),
)
