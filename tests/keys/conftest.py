"""A running stack that asks for keys, and keys for it."""

import io
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from keyed import Files, NewKey, with_key
from PIL import Image
from stack import Stack, running

from core.keys.keys import ApiKey, Scope
from core.keys.store import KeyStore


@pytest.fixture(scope="session")
def secured(tmp_path_factory: pytest.TempPathFactory, zoo_directory: Path) -> Iterator[Stack]:
    """Servers, API and worker with keys, shared by all tests that end no process."""
    with running(tmp_path_factory.mktemp("secured"), zoo_directory.parent, LIKENESS_AUTH="on") as stack:
        stack.start("api", "worker")
        stack.wait_until_ready()
        yield stack


@pytest.fixture
def new_key(secured: Stack) -> Iterator[NewKey]:
    """Makes a key and a client that sends it."""
    clients = []

    def make(*scopes: str, stack: Stack = secured, **limits: float) -> tuple[ApiKey, httpx.Client]:
        key, token = KeyStore(stack.settings.redis).create("a test", [Scope(s) for s in scopes], **limits)
        clients.append(with_key(stack, str(token)))
        return key, clients[-1]

    yield make
    for client in clients:
        client.close()


@pytest.fixture(scope="session")
def pair() -> Files:
    """Two images one can compare in no time: nobody is in them."""
    buffer = io.BytesIO()
    Image.new("RGB", (64, 64)).save(buffer, "JPEG")
    return {"reference": ("r.jpg", buffer.getvalue()), "probe": ("p.jpg", buffer.getvalue())}
