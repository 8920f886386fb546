"""The first page: two photographs in, a decision out. And what a reader without a good key is told."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.browsing import NewTab, Tab


def compare(tab: Tab, reference: Path, probe: Path) -> Any:
    """Choose both, and have them compared; returns what is shown of it."""
