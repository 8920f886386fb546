"""A running stack that asks for keys, and keys for it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from core.keys.keys import ApiKey, Scope
from core.keys.store import KeyStore
from tests.support.keyed import Files, NewKey, nobody, with_key
from tests.support.schema import unexplained
from tests.support.servers import Store
from tests.support.shared import SHARED
from tests.support.stack import Stack, running


@pytest.fixture
def secured(tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path, object_store: Store) -> Stack:
    """Servers, API and worker with keys, shared by all tests that end no process."""

    @contextmanager
    def started() -> Iterator[Stack]:
        home = tmp_path_factory.mktemp("secured")
        with running(home, zoo_directory.parent, object_store, LIKENESS_AUTH="on") as stack:
            stack.start("api", "worker")
            stack.wait_until_ready()
            yield stack
            assert unexplained(stack.settings.redis) == []

    return SHARED.lend("secured", started)


@pytest.fixture
def new_key(secured: Stack) -> Iterator[NewKey]:
    """Makes a key and a client that sends it."""
    clients = []

    def make(*scopes: str, stack: Stack = secured, **limits: Any) -> tuple[ApiKey, httpx.Client]:
        key, token = KeyStore(stack.settings.redis).create("a test", [Scope(s) for s in scopes], **limits)
        clients.append(with_key(stack, str(token)))
        return key, clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def pair() -> Files:
    return nobody()
