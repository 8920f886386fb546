"""Records on a Redis-protocol server of a test's own."""

from typing import Any

import pytest

from core.storage.connection import connect
from core.storage.records import Records
from tests.support.servers import Servers


@pytest.fixture
def client(redis_server: Servers) -> Any:
    return connect(redis_server.settings.redis)


@pytest.fixture
def records(client: Any) -> Records:
    return Records(client, "probe")
