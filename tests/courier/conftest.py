"""Where images come from: servers of this machine, within a second."""

import pytest

from core.webhooks.destinations import DestinationRules
from courier.image_source import ImageSource

MAX_BYTES = 20_000
TRIAL = DestinationRules(allow_http=True, allow_private=True)


@pytest.fixture
def source() -> ImageSource:
    return ImageSource(TRIAL, timeout_s=1, max_bytes=MAX_BYTES)
